#include "support/mutate.h"

#include <stdlib.h>
#include <string.h>

#include "support/random.h"

/* libFuzzer's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

size_t mutate_text(uint8_t *data, size_t size, size_t most, unsigned seed, size_t head,
                   bytes (*make)(uint64_t *state, size_t count, bool malformed)) {
  uint64_t state = seed * UINT64_C(2654435761) + 1;
  if (size <= head || random_below(&state, 3) == 0) return LLVMFuzzerMutate(data, size, most);
  bytes text = make(&state, 1 + random_below(&state, random_below(&state, 8) ? 12 : 200),
                    random_below(&state, 4) == 0);
  size_t at = head + random_below(&state, (uint32_t)(size - head + 1));
  size_t over = random_below(&state, 2) ? random_below(&state, (uint32_t)text.used + 1)
                                        : 0; /* bytes that it replaces */
  if (over > size - at) over = size - at;
  if (text.used > most - (size - over)) text.used = most - (size - over);
  memmove(data + at + text.used, data + at + over, size - at - over);
  memcpy(data + at, text.data, text.used);
  size += text.used - over;
  free(text.data);
  return size;
}
