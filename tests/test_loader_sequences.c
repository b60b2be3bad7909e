/* cu_seqlens, num_sequences and max_seqlen of a loader's batches: examples that can be read, and what faults make of
   them. */
#include <headrace/headrace.h>

#include <string.h>
#include <unistd.h>

#include "support/loader.h"

TestSuite(loader_sequences, .init = loader_begin, .fini = loader_end);

static batch_loader_options options_of(uint32_t rows, uint32_t columns) {
  batch_loader_options o = small_options();
  o.batch_size = rows;
  o.sequence_length = columns;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.with_cu_seqlens = true;
  return o;
}

/* The batch has these starts, the end behind them, and the longest of them. */
static void assert_sequences(const Batch *batch, const int32_t *starts, uint32_t n, uint32_t longest) {
  const Tensor *t = &batch->cu_seqlens;
  cr_assert(t->ndim == 1 && t->dtype == TENSOR_INT32);
  cr_assert_eq(batch->num_sequences, n, "%u sequences, expected %u", batch->num_sequences, n);
  cr_assert_eq(batch->max_seqlen, longest, "the longest is %u", batch->max_seqlen);
  for (size_t i = 0; i < t->total_size; i++)
    cr_assert_eq(t->i32[i], starts[i < n ? i : n], "start %zu is %d", i, t->i32[i]);
}

#define STARTS(...) ((const int32_t[]){__VA_ARGS__})

/* Documents of 3, 0, 6, 2 and 5 tokens: |0 1 2|3 4 5 6 7 8|9 10|11 12 13 14 15| */
static BatchDataset *make_example(void) {
  return make_documents("e.ds", (const uint32_t[]){3, 0, 6, 2, 5}, 5);
}

Test(loader_sequences, windows_begin_one_with_each_row_and_each_document) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 6);
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader); /* 0 1 2|3 4 5 and 6 7 8|9 10|11 */
  cr_assert_eq(batch->cu_seqlens.total_size, 13);
  cr_assert_null(batch->documents.raw);
  assert_sequences(batch, STARTS(0, 3, 6, 9, 11, 12), 5, 3);
  batch_release(batch);
  batch = next_batch(loader); /* 12 13 14, padding; a row that the epoch does not have */
  assert_sequences(batch, STARTS(0, 3, 6, 12), 3, 6);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_sequences, a_row_is_one_where_no_document_is_known) {
  batch_loader_options o = options_of(3, 2000);
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *batch = next_batch(loader);
  assert_sequences(batch, STARTS(0, 2000, 4000, 5002, 6000), 4, 2000);
  batch_release(batch);
  batch_loader_free(loader);
}

Test(loader_sequences, documents_and_best_fit_have_one_for_each_document_and_the_padding) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(4, 6);
  o.packing = BATCH_PACK_DOCUMENTS; /* 2, 5, 1 and 4 pairs */
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader);
  assert_sequences(batch, STARTS(0, 2, 6, 11, 12, 13, 18, 22, 24), 8, 5);
  batch_release(batch);
  batch_loader_free(loader);
  o.packing = BATCH_PACK_BEST_FIT; /* 5 and 1; 4 and 2 */
  o.batch_size = 2;
  loader = start_loader(of, &o);
  batch = next_batch(loader);
  assert_sequences(batch, STARTS(0, 5, 6, 10, 12), 4, 5);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_sequences, too_many_are_a_fault_by_every_policy) {
  BatchDataset *of = make_example();
  static const char said[] = "step 0 of epoch 0 has 5 sequences, expected at most max_sequences, which is 4";
  batch_loader_options o = options_of(2, 6); /* 2 and 3, see above */
  o.max_sequences = 4;
  BatchLoader *loader = start_loader(of, &o);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_OVERFLOW, "batch_loader_next: ", said);
  batch_loader_free(loader);

  o.faults = BATCH_FAULT_HAND_ON;
  loader = start_loader(of, &o);
  check_forget_error();
  Batch *batch = batch_loader_next(loader);
  assert_error(BATCH_ERROR_OVERFLOW, said);
  cr_assert_eq(batch->status, BATCH_ERROR_OVERFLOW);
  assert_sequences(batch, STARTS(0, 3, 6, 9, 12), 4, 3); /* 9 10|11 is one */
  cr_assert_eq(batch->mask.data[11], 1);
  batch_release(batch);
  batch_loader_free(loader);

  o.faults = BATCH_FAULT_SKIP;
  loader = start_loader(of, &o);
  check_forget_error();
  batch = batch_loader_next(loader);
  assert_error(BATCH_ERROR_OVERFLOW, said);
  cr_assert_eq(batch->status, BATCH_OK);
  assert_sequences(batch, STARTS(0, 3, 6, 12), 3, 6); /* the second row is padding */
  for (uint32_t i = 0; i < 12; i++) cr_assert_eq(batch->mask.data[i], i < 6);
  batch_release(batch);
  cr_assert_not_null(batch = batch_loader_next(loader));
  assert_sequences(batch, STARTS(0, 3, 6, 12), 3, 6);
  batch_release(batch);
  batch_loader_stats stats = stats_of(loader);
  cr_assert(stats.errors == 1 && stats.skipped == 1 && stats.tokens == 6 + 3 && stats.padding == 6 + 9);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_sequences, as_many_as_rows_always_fit) {
  batch_loader_options o = options_of(4, 16);
  o.max_sequences = 4;
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch))
    cr_assert_eq(batch->num_sequences, 4);
  cr_assert_eq(stats_of(loader).errors, 1, "the last row has tokens and padding");
  batch_loader_free(loader);
}

Test(loader_sequences, a_row_that_is_skipped_for_an_id_is_one) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 6);
  o.vocab_size = token_at(8); /* token 8 is in the second row alone */
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader);
  assert_sequences(batch, STARTS(0, 3, 6, 12), 3, 6);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

/* Sees the sequences of all rows, and refuses the row that context names. */
static bool refuse_row(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)random;
  cr_assert(row > 0 || batch->num_sequences == 5);
  return row != *(const uint32_t *)context;
}

Test(loader_sequences, a_row_that_a_transform_has_skipped_is_one) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 6);
  uint32_t row;
  o.transforms = &(batch_transform){refuse_row, &row};
  o.num_transforms = 1;
  o.faults = BATCH_FAULT_SKIP;
  o.steps = 1;
  for (row = 0; row < 3; row++) { /* 2: none */
    BatchLoader *loader = start_loader(of, &o);
    Batch *batch = next_batch(loader);
    if (row == 0) assert_sequences(batch, STARTS(0, 6, 9, 11, 12), 4, 6);
    if (row == 1) assert_sequences(batch, STARTS(0, 3, 6, 12), 3, 6);
    if (row == 2) assert_sequences(batch, STARTS(0, 3, 6, 9, 11, 12), 5, 3);
    batch_release(batch);
    batch_loader_free(loader);
  }
  batch_dataset_free(of);
}

Test(loader_sequences, a_batch_that_could_not_be_read_has_a_run_of_padding_a_row) {
  BatchDataset *of = make_documents("gone.ds", (const uint32_t[]){5, 5000}, 2);
  cr_assert_eq(truncate(path_of("gone.ds"), 2), 0);
  batch_loader_options o = options_of(3, 8);
  o.faults = BATCH_FAULT_HAND_ON;
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = batch_loader_next(loader);
  cr_assert_eq(batch->status, BATCH_ERROR_IO);
  assert_sequences(batch, STARTS(0, 8, 16, 24), 3, 8);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

/* What is delivered, made again, copied: the same; a view has none. */
Test(loader_sequences, a_step_that_is_made_again_has_the_same) {
  BatchDataset *of = make_example();
  batch_loader_options o = options_of(2, 6);
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader), *again = batch_loader_replay(loader, 0, 0), *copy = batch_copy(batch);
  memset(batch->cu_seqlens.raw, 7, batch->cu_seqlens.total_size * sizeof(int32_t)); /* as trainers may */
  batch_release(batch);
  assert_sequences(again, STARTS(0, 3, 6, 9, 11, 12), 5, 3);
  assert_sequences(copy, STARTS(0, 3, 6, 9, 11, 12), 5, 3);
  cr_assert(batch_split(again, 1, &batch));
  cr_assert(!batch->cu_seqlens.raw && batch->num_sequences == 0);
  batch_release(batch), batch_release(again), batch_release(copy);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

Test(loader_sequences, a_pool_of_the_caller_s_has_room_for_as_many_as_the_options_say) {
  batch_pool_options pool = BATCH_POOL_OPTIONS_INIT;
  pool.pool_size = 2;
  pool.shape = (batch_shape){.batch_size = BATCH,
                             .sequence_length = LENGTH,
                             .vocab_size = 1000,
                             .input_type = TENSOR_INT32,
                             .max_sequences = 9};
  batch_loader_options good = options_of(BATCH, LENGTH);
  good.pool = batch_pool_create_with(&pool);
  assert_loader_refused(good, with_cu_seqlens, false, "max_sequences 9, expected the options' 0");
  assert_loader_refused(good, max_sequences, 10, "max_sequences 9, expected the options' 10");
  assert_loader_refused(good, max_sequences, 0, "max_sequences 9, expected the options' 64");
  good.max_sequences = 9;
  BatchLoader *loader = start_loader(dataset, &good);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
    cr_assert_eq(batch->cu_seqlens.total_size, 10);
  }
  batch_loader_free(loader);
  batch_pool_free(good.pool);
  good.pool = NULL;
  batch_pool_options mine = BATCH_POOL_OPTIONS_INIT;
  mine.shape.max_sequences = 9;
  assert_loader_refused(good, pool_options, &mine, "pool_options->shape is not all 0");
}

Test(loader_sequences, options_that_cannot_be_meant_are_refused) {
  batch_loader_options good = options_of(4, 16);
  assert_loader_refused(good, max_sequences, 3, "max_sequences is 3, expected batch_size, which is 4");
  assert_loader_refused(good, max_sequences, INT32_MAX, "max_sequences is 2147483647");
  assert_loader_refused(good, sequence_length, INT32_MAX / 4 + 1,
                        "batch_size is 4 and sequence_length 536870912 with with_cu_seqlens", "2^31 - 1");
  good.with_cu_seqlens = false;
  good.max_sequences = 3; /* of with_cu_seqlens */
  BatchLoader *loader = start_loader(dataset, &good);
  Batch *batch = next_batch(loader);
  cr_assert(!batch->cu_seqlens.raw && batch->num_sequences == 0 && batch->max_seqlen == 0);
  batch_release(batch);
  batch_loader_free(loader);
}
