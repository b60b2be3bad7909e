#include "support/feed.h"

/* In the order of the files, each id and the one that follows it, where that is to be learnt; then padding. */
static void check_rows(const fuzz_contents *c, const Batch *b, size_t *at) {
  for (size_t i = 0; i < b->input.total_size; i++, ++*at) {
    bool there = *at + 1 < c->count;
    if (there && (b->input.i32[i] != c->ids[*at] || b->target.i32[i] != c->ids[*at + 1]))
      fuzz_fail("pair %zu of a loader is another one", *at);
    if (b->mask.u8[i] != (there && (!c->has_loss || c->loss[*at + 1])))
      fuzz_fail("mask %zu is another one", *at);
  }
}

void fuzz_check_feed(const fuzz_contents *c, const BatchDataset *dataset, unsigned how) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  size_t at = 0;
  if (c->count < 2 || c->count < c->tokens || !c->readable) return;
  o.batch_size = 1 + how % 3;
  o.sequence_length = 1 + how / 3 % 17;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.mask_type = TENSOR_UINT8;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!loader) fuzz_fail("no loader");
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b)) check_rows(c, b, &at);
  if (batch_last_error()->code != BATCH_END || at + 1 < c->count)
    fuzz_fail("the loader ends behind %zu ids of %zu", at, c->count);
  batch_loader_free(loader);
}
