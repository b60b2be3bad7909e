/* A path opened in every way that must give the same. */
#include <inttypes.h>

#include "support/contents.h"

batch_dataset_options fuzz_take_dataset_options(fuzz_input *in) {
  batch_dataset_options o = BATCH_DATASET_OPTIONS_INIT;
  unsigned said = fuzz_take_u8(in), found = fuzz_take_u8(in), part = fuzz_take_u8(in);
  o.end_of_text = fuzz_take_u8(in);
  const unsigned which = said & 0x3F;
  o.format = said & 0x80 ? (batch_format)(which % (BATCH_FORMAT_JSONL + 1)) : BATCH_FORMAT_AUTO;
  o.token_type = said & 0x40 ? (batch_token_type)(which % (BATCH_TOKEN_I64 + 1)) : BATCH_TOKEN_DEFAULT;
  o.separator = (batch_separator)(found % 4 % 3);
  o.loss = found & 0x10 ? BATCH_LOSS_NONE : BATCH_LOSS_AUTO;
  o.on_bad_line = found & 0x20 ? BATCH_BAD_LINE_SKIP : BATCH_BAD_LINE_STOP;
  o.subset = part & 0x80 ? (part & 1 ? BATCH_SUBSET_TRAIN : BATCH_SUBSET_VALIDATION) : BATCH_SUBSET_ALL;
  o.validation_fraction = (1 + part % 64) / 65.0;
  o.subset_seed = part;
  o.temporary_directory = fuzz_folder();
  o.workers = 1;
  return o;
}

/* The two parts are all of it, where neither is empty. */
static void check_parts(const char *path, const batch_dataset_options *options, const fuzz_contents *all) {
  batch_dataset_options o = *options;
  o.subset = options->subset == BATCH_SUBSET_TRAIN ? BATCH_SUBSET_VALIDATION : BATCH_SUBSET_TRAIN;
  fuzz_contents other = fuzz_open(&path, 1, &o, fuzz_folder());
  o.subset = options->subset;
  fuzz_contents part = fuzz_open(&path, 1, &o, fuzz_folder());
  uint64_t tokens = part.tokens + other.tokens;
  if (!all->opened && (part.opened || other.opened))
    fuzz_fail("a part was opened, but not all: %s", all->message);
  if (all->opened && tokens != all->tokens)
    fuzz_fail("parts of %" PRIu64 " and %" PRIu64 " tokens of %" PRIu64 " in all: %s%s", part.tokens,
              other.tokens, all->tokens, part.message, other.message);
  fuzz_check_memory(all, &o, &part);
  fuzz_contents_free(&part);
  fuzz_contents_free(&other);
}

/* Documents that a separator parts are the same in memory. */
static void check_separated(const char *path, const batch_dataset_options *options,
                            const fuzz_contents *separated) {
  batch_dataset_options o = *options;
  o.separator = BATCH_SEPARATOR_NONE;
  fuzz_contents plain = fuzz_open(&path, 1, &o, fuzz_folder());
  if (plain.documents == 0) fuzz_check_memory(&plain, options, separated);
  fuzz_contents_free(&plain);
}

bool fuzz_check_path(const char *path, const batch_dataset_options *options) {
  batch_dataset_options o = *options;
  o.subset = BATCH_SUBSET_ALL;
  fuzz_contents mapped = fuzz_open(&path, 1, &o, fuzz_folder());
  o.io = BATCH_IO_READ;
  fuzz_contents read = fuzz_open(&path, 1, &o, fuzz_folder());
  bool opened = mapped.opened;
  fuzz_check_same(&mapped, &read, "mapped and read");
  if (options->subset)
    check_parts(path, options, &mapped);
  else
    fuzz_check_memory(&mapped, NULL, &mapped);
  if (options->separator) check_separated(path, &o, &mapped);
  fuzz_contents_free(&mapped);
  fuzz_contents_free(&read);
  return opened;
}
