/* Parts of rows for the ranks of a context: examples that can be read; what transforms, states and pools make of them. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"

TestSuite(loader_context, .init = loader_begin, .fini = loader_end);

/* Rows of `columns`, in order, for rank `rank` of 2. */
static batch_loader_options options_of(uint32_t rows, uint32_t columns, uint32_t rank) {
  batch_loader_options o = small_options();
  o.batch_size = rows;
  o.sequence_length = columns;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.context_rank = rank;
  o.context_world = 2;
  return o;
}

static void assert_elements(const Tensor *t, const int32_t *expected, size_t n) {
  cr_assert_eq(t->total_size, n);
  for (size_t i = 0; i < n; i++) cr_assert_eq(t->i32[i], expected[i], "element %zu is %d", i, t->i32[i]);
}

#define INTS(...) (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)

/* token_at: 0 7 14 21 28 35 42 49 and so on */
Test(loader_context, a_rank_has_a_chunk_from_the_left_and_one_from_the_right_of_each_row) {
  static const int32_t inputs[2][8] = {{0, 7, 42, 49, 56, 63, 98, 105}, {14, 21, 28, 35, 70, 77, 84, 91}};
  for (uint32_t rank = 0; rank < 2; rank++) {
    batch_loader_options o = options_of(2, 8, rank);
    BatchLoader *loader = start_loader(dataset, &o);
    Batch *batch = next_batch(loader);
    cr_assert(batch->batch_size == 2 && batch->sequence_length == 4 && batch->input.shape[1] == 4);
    assert_elements(&batch->input, inputs[rank], 8);
    for (int i = 0; i < 8; i++) cr_assert_eq(batch->target.i32[i], inputs[rank][i] + 7);
    batch_release(batch);
    batch_loader_free(loader);
  }
}

/* Documents of 6 and 2 tokens, which have 5 and 1 pairs, so 8 and 4 columns of 16 and 8 and 12 of padding. */
Test(loader_context, each_document_is_padded_and_cut_by_itself_where_asked) {
  BatchDataset *of = make_documents("d.ds", (const uint32_t[]){6, 2}, 2);
  batch_loader_options o = options_of(2, 16, 0);
  o.packing = BATCH_PACK_DOCUMENTS;
  o.context_documents = o.with_documents = o.with_cu_seqlens = true;
  o.pad_id = 5;
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(
      loader); /* columns 0 1 and 6 7 of the document, 0 1 and 6 7 of its padding; 0 3, 0 1 2 9 10 11 */
  cr_assert_eq(batch->sequence_length, 8);
  assert_elements(&batch->input, INTS(0, 7, 5, 5, 5, 5, 5, 5, 42, 5, 5, 5, 5, 5, 5, 5));
  assert_elements(&batch->target, INTS(7, 14, 5, 5, 5, 5, 5, 5, 49, 5, 5, 5, 5, 5, 5, 5));
  assert_elements(&batch->documents, INTS(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1));
  assert_elements(&batch->positions, INTS(0, 1, 6, 7, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0));
  for (int i = 0; i < 16; i++) cr_assert_eq(batch->mask.data[i], i == 0 || i == 1 || i == 8);
  cr_assert(batch->num_sequences == 4 && batch->max_seqlen == 12);
  cr_assert_eq(memcmp(batch->cu_seqlens.i32, (const int32_t[]){0, 8, 16, 20, 32, 32}, 24), 0);
  batch_loader_stats stats = stats_of(loader);
  cr_assert(stats.tokens == 3 && stats.padding == 13 && stats.masked == 0);
  batch_release(batch);
  batch_loader_free(loader);

  o.context_rank = 1;
  loader = start_loader(of, &o);
  batch = next_batch(loader);
  assert_elements(&batch->input, INTS(14, 21, 28, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5));
  assert_elements(&batch->positions, INTS(2, 3, 4, 5, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0));
  cr_assert_eq(stats_of(loader).tokens, 3);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

/* Documents of 6, 2 and 4 tokens: of 5, 1 and 3 pairs, in 8, 4 and 4 columns. */
Test(loader_context, documents_that_share_a_row_are_each_cut) {
  BatchDataset *of = make_documents("d.ds", (const uint32_t[]){6, 2, 4}, 3);
  for (batch_packing packing = BATCH_PACK_BEST_FIT; packing <= BATCH_PACK_BOS_ALIGNED; packing++)
    for (uint32_t rank = 0; rank < 2; rank++) {
      batch_loader_options o = options_of(1, 16, rank);
      o.packing = packing;
      o.context_documents = o.with_documents = o.with_cu_seqlens = true;
      o.pad_id = 5;
      BatchLoader *loader = start_loader(of, &o);
      Batch *batch = next_batch(loader);
      if (rank == 0) {
        assert_elements(&batch->input, INTS(0, 7, 5, 5, 42, 5, 56, 5));
        assert_elements(&batch->documents, INTS(0, 0, 0, 0, 1, 1, 2, 2));
        assert_elements(&batch->positions, INTS(0, 1, 6, 7, 0, 3, 0, 3));
      } else {
        assert_elements(&batch->input, INTS(14, 21, 28, 5, 5, 5, 63, 70));
        assert_elements(&batch->positions, INTS(2, 3, 4, 5, 1, 2, 1, 2));
      }
      assert_elements(&batch->cu_seqlens,
                      INTS(0, 8, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16));
      cr_assert(batch->num_sequences == 3 && batch->max_seqlen == 8);
      batch_release(batch);
      cr_assert_null(next_batch(loader));
      batch_loader_free(loader);
    }
  batch_dataset_free(of);
}

/* With one rank nothing is cut; the row's document has an even number of columns all the same. */
Test(loader_context, a_context_of_one_rounds_documents_and_cuts_nothing) {
  BatchDataset *of = make_documents("d.ds", (const uint32_t[]){4, 3}, 2);
  batch_loader_options o = options_of(2, 6, 0);
  o.packing = BATCH_PACK_DOCUMENTS;
  o.context_world = 0;
  o.context_documents = o.with_documents = true;
  BatchLoader *loader = start_loader(of, &o);
  Batch *batch = next_batch(loader);
  assert_elements(&batch->input, INTS(0, 7, 14, 0, 0, 0, 28, 35, 0, 0, 0, 0));
  assert_elements(&batch->documents, INTS(0, 0, 0, 0, -1, -1, 0, 0, -1, -1, -1, -1));
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(of);
}

static void assert_is_part(const Batch *part, const Batch *whole, uint32_t rank, uint32_t world) {
  uint32_t columns = whole->sequence_length, chunk = columns / (2 * world);
  cr_assert_eq(part->sequence_length, columns / world);
  for (uint32_t row = 0; row < whole->batch_size; row++)
    for (uint32_t i = 0; i < part->sequence_length; i++) {
      uint32_t column = i < chunk ? rank * chunk + i : (2 * world - 1 - rank) * chunk + i - chunk;
      size_t from = (size_t)row * columns + column, to = (size_t)row * part->sequence_length + i;
      cr_assert(part->input.i32[to] == whole->input.i32[from] &&
                    part->target.i32[to] == whole->target.i32[from] &&
                    part->mask.data[to] == whole->mask.data[from],
                "row %u, column %u of rank %u", row, i, rank);
    }
}

/* So each rank has what every other one knows, also where a transform draws for each position. */
Test(loader_context, transforms_run_on_whole_rows) {
  batch_mask_options masking = BATCH_MASK_OPTIONS_INIT;
  masking.probability = 0.3f;
  masking.mask_id = 999;
  masking.vocab_size = 1000;
  batch_transform transform = batch_transform_mask(&masking);
  batch_loader_options o = small_options();
  o.sequence_length = 24;
  o.transforms = &transform;
  o.num_transforms = 1;
  o.workers = 2;
  BatchLoader *whole = start_loader(dataset, &o), *ranks[3];
  o.context_world = 3;
  for (o.context_rank = 0; o.context_rank < 3; o.context_rank++)
    ranks[o.context_rank] = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(whole)); batch_release(batch))
    for (uint32_t rank = 0; rank < 3; rank++) {
      Batch *part = next_batch(ranks[rank]), *again = batch_loader_replay(ranks[rank], 0, batch->batch_id);
      assert_is_part(part, batch, rank, 3);
      assert_is_part(again, batch, rank, 3);
      cr_assert(part->batch_id == batch->batch_id && part->epoch_id == batch->epoch_id);
      batch_release(part);
      batch_release(again);
    }
  batch_loader_free(whole);
  for (uint32_t rank = 0; rank < 3; rank++) batch_loader_free(ranks[rank]);
}

Test(loader_context, a_run_goes_on_with_another_context) {
  batch_loader_options o = small_options(), whole = o;
  o.context_world = 4;
  o.context_rank = 3;
  BatchLoader *loader = start_loader(dataset, &o), *reference = start_loader(dataset, &whole);
  pass_batches(loader, 5);
  pass_batches(reference, 5);
  batch_loader_state state = state_of(loader);
  batch_loader_free(loader);
  o.resume = &state;
  o.context_world = 2;
  o.context_rank = 0;
  loader = start_loader(dataset, &o);
  for (Batch *batch, *rows; (batch = next_batch(loader)); batch_release(batch), batch_release(rows)) {
    cr_assert_not_null(rows = next_batch(reference));
    assert_is_part(batch, rows, 0, 2);
  }
  batch_loader_free(loader);
  batch_loader_free(reference);
}

/* Which documents share a row depends on their columns; a document by itself has its row in any case. */
Test(loader_context, documents_cut_otherwise_are_another_run_only_where_they_share_rows) {
  BatchDataset *of = make_documents("d.ds", (const uint32_t[]){6, 2, 4, 9, 9}, 5);
  for (batch_packing packing = BATCH_PACK_DOCUMENTS; packing <= BATCH_PACK_BOS_ALIGNED; packing++) {
    batch_loader_options o = options_of(1, 24, 0);
    o.packing = packing;
    o.context_documents = true;
    BatchLoader *loader = start_loader(of, &o);
    pass_batches(loader, 1);
    batch_loader_state state = state_of(loader);
    batch_loader_free(loader);
    o.resume = &state;
    o.context_rank = 1; /* the same rows */
    batch_loader_free(start_loader(of, &o));
    o.context_world = 3;
    if (packing == BATCH_PACK_DOCUMENTS)
      batch_loader_free(start_loader(of, &o));
    else
      assert_refused(!batch_loader_create(of, &o), BATCH_ERROR_INVALID_ARGUMENT,
                     "pack_window or context_documents or context_world");
  }
  batch_dataset_free(of);
}

Test(loader_context, a_pool_of_the_caller_s_has_batches_of_parts) {
  batch_pool_options pool = BATCH_POOL_OPTIONS_INIT;
  pool.pool_size = 2;
  pool.shape = (batch_shape){
      .batch_size = BATCH, .sequence_length = LENGTH / 2, .vocab_size = 1000, .input_type = TENSOR_INT32};
  batch_loader_options good = options_of(BATCH, LENGTH, 1);
  good.pool = batch_pool_create_with(&pool);
  assert_loader_refused(good, context_world, 4, "sequence_length 8, expected the options' 4");
  size_t alive = batch_count_live();
  BatchLoader *loader = start_loader(dataset, &good);
  cr_assert_eq(batch_count_live(), alive + 1, "one of whole rows, for the worker");
  pass_batches(loader, 3);
  batch_loader_free(loader);
  cr_assert_eq(batch_count_live(), alive);
  batch_pool_free(good.pool);
}

/* Both halves of a row with a fault are padding, on both ranks. */
Test(loader_context, a_row_with_a_fault_is_padding_on_every_rank) {
  for (uint32_t rank = 0; rank < 2; rank++) {
    batch_loader_options o = options_of(2, 8, rank);
    o.vocab_size = 104; /* token 15, the last target but one of the second row, is 105 */
    o.faults = BATCH_FAULT_SKIP;
    BatchLoader *loader = start_loader(dataset, &o);
    Batch *batch = next_batch(loader);
    for (int i = 0; i < 8; i++) cr_assert_eq(batch->mask.data[i], i < 4);
    cr_assert_eq(batch->status, BATCH_OK);
    batch_release(batch);
    batch_loader_free(loader);
  }
}

Test(loader_context, options_that_cannot_be_meant_are_refused) {
  batch_loader_options good = options_of(4, 16, 0);
  assert_loader_refused(good, context_rank, 2, "context_rank is 2, expected below context_world, which is 2");
  assert_loader_refused(good, sequence_length, 18, "sequence_length is 18, expected a multiple of 4");
  assert_loader_refused(good, context_world, 3, "sequence_length is 16, expected a multiple of 6");
  assert_loader_refused(good, context_world, UINT32_MAX, "expected a multiple of 8589934590");
  assert_loader_refused(good, context_documents, true, "context_documents with BATCH_PACK_WINDOWS");
  good.context_world = 0;
  assert_loader_refused(good, context_rank, 1, "context_world, which is 1 where it is not given");
  good.packing = BATCH_PACK_DOCUMENTS;
  good.context_documents = true;
  assert_loader_refused(good, sequence_length, 15, "sequence_length is 15, expected a multiple of 2");
  good.context_world = 2;
  assert_loader_refused(good, sequence_length, INT32_MAX / 4 + 1,
                        "batch_size is 4 and sequence_length 536870912 with context_documents");
}
