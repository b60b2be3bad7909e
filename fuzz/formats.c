/* Files of tokens that say themselves what they are, or nothing does, with .metadata and .loss beside them.

   input: the name, what is beside, options; then the file, .metadata, .loss. */
#include <stdio.h>

#include "support/contents.h"

static const char *const names[] = {"x.bin", "x.ds", "x.u16", "x.u32.bin", "x.i64.bin", "x.u8", "x.txt", "x"};

static void put_beside(const char *name, const char *suffix, bool there, fuzz_part bytes) {
  char companion[32];
  snprintf(companion, sizeof companion, "%s.%s", name, suffix);
  if (there)
    fuzz_write(companion, bytes);
  else
    fuzz_remove(companion);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  const char *name = names[fuzz_take_below(&in, sizeof names / sizeof *names)];
  unsigned beside = fuzz_take_u8(&in);
  batch_dataset_options options = fuzz_take_dataset_options(&in);
  const char *path = fuzz_write(name, fuzz_take_part(&in));
  put_beside(name, "metadata", beside & 1, fuzz_take_part(&in));
  put_beside(name, "loss", beside & 2, fuzz_take_part(&in));
  fuzz_check_path(path, &options);
  return fuzz_end();
}
