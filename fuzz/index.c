/* Tokens with an index beside them: datatrove's .ds.index, Megatron's .idx, and .metadata.

   input: which pair, by which name, what is beside; options; then the tokens, the index, .metadata. */
#include "support/contents.h"

typedef struct pair {
  const char *tokens, *index, *metadata;
} pair;

static const pair pairs[] = {{"x.ds", "x.ds.index", "x.ds.metadata"}, {"x.bin", "x.idx", "x.bin.metadata"}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  unsigned which = fuzz_take_u8(&in);
  const pair *p = &pairs[which & 1];
  batch_dataset_options options = fuzz_take_dataset_options(&in);
  const char *path = fuzz_write(p->tokens, fuzz_take_part(&in));
  const char *index = fuzz_write(p->index, fuzz_take_part(&in));
  if (which & 2)
    fuzz_write(p->metadata, fuzz_take_part(&in));
  else
    fuzz_remove(p->metadata);
  bool by_index = which & 4 && p == &pairs[1];
  fuzz_check_path(by_index ? index : path, &options);
  return fuzz_end();
}
