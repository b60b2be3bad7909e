/* What scripts/fuzz must find before it is believed: a read behind the end, where a word of five letters stands. */
#include <string.h>

#include "support/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 5 || memcmp(data, "wheel", 5) != 0) return 0;
  volatile uint8_t behind = data[size + 3];
  (void)behind;
  return 0;
}
