/* Loss masks in a loader's batches: examples that can be read, what transforms and the ignored id make of them, and
   companions that become shorter. */
#include <headrace/headrace.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/failing_calls.h"
#include "support/loader.h"

TestSuite(loader_masks, .init = files_begin, .fini = files_end);

/* Ten tokens in documents of 4 and 6, of which 1, 2, 6 and 9 are not to be learnt. */
static const uint32_t lengths[] = {4, 6};
static const uint8_t learnt[] = {1, 0, 0, 1, 1, 1, 0, 1, 1, 0};

static BatchDataset *make_example(void) {
  write_data("e.ds.loss", learnt, sizeof learnt);
  return make_documents("e.ds", lengths, 2);
}

static batch_loader_options options_of(uint32_t rows, uint32_t columns) {
  batch_loader_options o = small_options();
  o.batch_size = rows;
  o.sequence_length = columns;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.mask_type = TENSOR_UINT8;
  return o;
}

static void assert_mask(const BatchDataset *of, const batch_loader_options *o, const char *expected) {
  BatchLoader *loader = start_loader(of, o);
  Batch *batch = next_batch(loader);
  char mask[64] = "";
  for (size_t i = 0; i < batch->mask.total_size; i++) mask[i] = (char)('0' + batch->mask.u8[i]);
  cr_assert_str_eq(mask, expected);
  batch_release(batch);
  batch_loader_free(loader);
}

Test(loader_masks, a_position_counts_if_its_target_is_to_be_learnt) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 5);
  assert_mask(of, &o, "0011101100"); /* targets 1 to 9, and one of padding */
  o.packing = BATCH_PACK_DOCUMENTS;
  assert_mask(of, &o, "0010010110"); /* 1 2 3, 5 6 7 8 9 */
  o.packing = BATCH_PACK_BEST_FIT;
  o.sequence_length = 8;
  o.batch_size = 1;
  assert_mask(of, &o, "10110001");
  batch_dataset_free(of);
}

Test(loader_masks, no_loss_across_leaves_out_the_first_token_of_another_document) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 5);
  o.no_loss_across = true;
  assert_mask(of, &o, "0010101100"); /* target 4 */
  o.sequence_length = 4;             /* at the end of a row */
  assert_mask(of, &o, "00101011");
  o.packing = BATCH_PACK_DOCUMENTS; /* none there */
  o.sequence_length = 5;
  assert_mask(of, &o, "0010010110");
  batch_dataset_free(of);
  of = make_documents("plain.ds", (const uint32_t[]){3, 0, 0, 1, 2}, 5);
  o = options_of(1, 6);
  o.no_loss_across = true;
  assert_mask(of, &o, "110010"); /* 3 and 4 begin documents; one of padding */
  batch_dataset_free(of);
}

Test(loader_masks, no_loss_across_needs_boundaries_of_documents) {
  BatchDataset *of = make_tokens("bare.bin", 100);
  batch_loader_options o = options_of(2, 5);
  o.no_loss_across = true;
  assert_refused(!batch_loader_create(of, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: ", "bare.bin",
                 "no document boundaries are known, which no_loss_across needs");
  batch_dataset_free(of);
}

Test(loader_masks, masked_targets_are_ignored_where_asked_after_the_transforms) {
  static const batch_id_type types[] = {BATCH_IDS_INT32, BATCH_IDS_INT64, BATCH_IDS_FLOAT32};
  batch_dropout_options everything = BATCH_DROPOUT_OPTIONS_INIT;
  everything.probability = 1;
  everything.drop_id = 999;
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 5);
  o.ignore_masked = true;
  o.transforms = &(batch_transform){NULL, NULL};
  *(batch_transform *)(uintptr_t)o.transforms = batch_transform_dropout(&everything);
  o.num_transforms = 1;
  for (int i = 0; i < 6; i++) {
    o.id_type = types[i / 2];
    o.mask_type = i % 2 ? TENSOR_UINT8 : TENSOR_FLOAT32;
    BatchLoader *loader = start_loader(of, &o);
    Batch *batch = next_batch(loader);
    for (uint32_t k = 0; k < 10; k++) {
      uint32_t at[2] = {k / 5, k % 5};
      bool counts = k < 9 && learnt[k + 1];
      cr_assert_eq((int32_t)tensor_get(&batch->mask, at), counts);
      cr_assert_eq((int32_t)tensor_get(&batch->target, at), counts ? token_at(k + 1) : BATCH_IGNORE_ID);
      cr_assert_eq((int32_t)tensor_get(&batch->input, at), counts ? 999 : k < 9 ? token_at(k) : 0);
    }
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
    batch_release(batch);
    batch_loader_free(loader);
  }
  o.id_type = BATCH_IDS_UINT16;
  assert_refused(!batch_loader_create(of, &o), BATCH_ERROR_INVALID_ARGUMENT, "ignore_masked", "uint16",
                 "-100");
  batch_dataset_free(of);
}

static bool mask_first(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)random;
  batch->mask.u8[row * batch->sequence_length] = 0;
  return true;
}

Test(loader_masks, what_a_transform_masks_is_ignored_too) {
  BatchDataset *of = make_tokens("bare.bin", 100);
  batch_loader_options o = options_of(2, 5);
  o.transforms = &(batch_transform){mask_first, NULL};
  o.num_transforms = 1;
  o.ignore_masked = true;
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader);
  for (uint32_t i = 0; i < 10; i++)
    cr_assert_eq(batch->target.i32[i], i % 5 ? token_at(i + 1) : BATCH_IGNORE_ID);
  batch_release(batch);
  cr_assert_eq(stats_of(loader).masked, 0, "before the transforms");
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_masks, masked_positions_are_counted_and_hold_tokens) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 5);
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader);
  batch_loader_stats stats = stats_of(loader);
  cr_assert(stats.tokens == 9 && stats.masked == 4 && stats.padding == 1 && stats.cropped == 0);
  cr_assert_eq(stats.bytes, (6 + 5) * 2 + 5 + 4, "a byte of the mask for each target");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

/* The tokens are never 0, so that they are never in doubt. Masks: of ones, of zeros, of some of both. */
enum { COUNT = 40 * BATCH * LENGTH * 8 + 1 };

static int32_t never_zero(uint64_t i) {
  return 257 + token_at(i) % 200;
}

static BatchDataset *make_long(bool bits, const char *pattern) {
  bytes b = {0};
  write_ids("long.bin", COUNT, never_zero);
  for (uint64_t i = 0; i < (bits ? (COUNT + 7) / 8 : COUNT); i++)
    put_u8(&b, (uint8_t)pattern[i % strlen(pattern)] - '0');
  write_bytes("long.bin.loss", &b);
  return open_dataset(path_of("long.bin"), NULL);
}

static BatchLoader *start_long(const BatchDataset *of) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.faults = BATCH_FAULT_HAND_ON;
  return start_loader(of, &o);
}

/* Cut before the loader begins: a batch is lost exactly if the mask ends before it, whatever is in it. */
static void check_cut(bool bits, const char *pattern, uint64_t cut) {
  BatchDataset *of = make_long(bits, pattern);
  cr_assert_eq(truncate(path_of("long.bin.loss"), (off_t)cut), 0);
  BatchLoader *loader = start_long(of);
  uint64_t lost = 0;
  for (Batch *batch; check_forget_error(), (batch = batch_loader_next(loader)); batch_release(batch)) {
    uint64_t last = (batch->batch_id + 1) * BATCH * LENGTH, end = bits ? last / 8 + 1 : last + 1;
    bool whole = end <= cut;
    cr_assert_eq(batch->status, whole ? BATCH_OK : BATCH_ERROR_IO,
                 "bits %d of %s, cut at %llu: step %llu, which ends at %llu, has status %d", bits, pattern,
                 (unsigned long long)cut, (unsigned long long)batch->batch_id, (unsigned long long)end,
                 (int)batch->status);
    if (whole) continue;
    lost++;
    assert_error(BATCH_ERROR_IO, "long.bin.loss: at byte ", "the file ends");
    for (uint32_t i = 0; i < BATCH * LENGTH; i++)
      cr_assert(batch->mask.data[i] == 0 && batch->input.i32[i] == 0);
  }
  cr_assert_gt(lost, 0);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_masks, a_batch_is_lost_exactly_if_its_mask_ends_before_it) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  static const char *const patterns[] = {"1", "0", "0010"};
  for (int i = 0; i < 3; i++)
    for (int bits = 0; bits < 2; bits++) {
      uint64_t step = BATCH * LENGTH / (bits ? 8 : 1);
      for (uint64_t n = 3; n * step < COUNT / (bits ? 8 : 1) && n <= page / step; n += page / step - 3)
        for (uint64_t cut = n * step - 2; cut <= n * step + 3; cut++) check_cut(bits, patterns[i], cut);
    }
}

static unsigned sizes_asked_for(const char *pattern) {
  BatchDataset *of = make_long(false, pattern);
  calls_fail_at("fstat", UINT_MAX, 0);
  BatchLoader *loader = start_long(of);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch))
    cr_assert_eq(batch->status, BATCH_OK);
  batch_loader_free(loader);
  unsigned calls = calls_made();
  calls_end();
  batch_dataset_free(of);
  return calls;
}

/* Zeros at the end of a batch are as usual as ones: what follows them tells. */
Test(loader_masks, the_size_of_a_mask_is_asked_for_only_where_a_page_ends_with_zeros) {
  cr_assert_eq(sizes_asked_for("1"), 0);
  unsigned calls = sizes_asked_for("0000000000000000000000000000000000000000000000001");
  cr_assert_leq(calls, COUNT / (unsigned)sysconf(_SC_PAGESIZE) + 1, "%u calls", calls);
  cr_assert_eq(sizes_asked_for("0"), 40 * 8, "once a batch");
}

/* Loss masks of the caller's memory end where they end. */
Test(loader_masks, a_mask_in_memory_is_not_read_behind_its_end) {
  uint16_t *ids = malloc(10 * sizeof *ids);
  uint8_t *mask = malloc(10);
  uint64_t ends[] = {4, 10};
  for (uint16_t i = 0; i < 10; i++) ids[i] = i;
  memcpy(mask, learnt, 10);
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = ids, memory.count = 10, memory.token_type = BATCH_TOKEN_U16;
  memory.document_ends = ends, memory.documents = 2, memory.loss = mask;
  BatchDataset *of = batch_dataset_from_memory(&memory, NULL);
  cr_assert_not_null(of, "%s", batch_last_error()->message);
  batch_loader_options o = options_of(2, 5);
  assert_mask(of, &o, "0011101100");
  batch_dataset_free(of);
  free(ids), free(mask);
}
