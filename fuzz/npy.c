/* NumPy files.

   input: options, then the file. */
#include "support/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  batch_dataset_options options = fuzz_take_dataset_options(&in);
  fuzz_check_path(fuzz_write("x.npy", fuzz_take_part(&in)), &options);
  return fuzz_end();
}
