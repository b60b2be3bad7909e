/* NumPy files: bytes in, a dataset or a refusal out.

   input: options, then the file. */
#include "support/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = fuzz_take_below(&in, 2) ? BATCH_FORMAT_NPY : BATCH_FORMAT_AUTO;
  const char *path = fuzz_write("x.npy", fuzz_take_part(&in));
  fuzz_contents mapped = fuzz_open(&path, 1, &options, path);
  options.io = BATCH_IO_READ;
  fuzz_contents read = fuzz_open(&path, 1, &options, path);
  fuzz_check_same(&mapped, &read, "mapped and read");
  fuzz_check_memory(&mapped);
  fuzz_contents_free(&mapped);
  fuzz_contents_free(&read);
  return fuzz_end();
}
