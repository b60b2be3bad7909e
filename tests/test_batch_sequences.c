/* cu_seqlens of batches: made, copied, joined, left out of views, refused where they make no sense. */
#include "support/batches.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#include "support/watchdog.h"

TestSuite(batch_sequences, .init = watchdog_on);

enum { ROWS = 4, COLUMNS = 6, ROOM = 8 };

static const batch_shape shape = {.batch_size = ROWS,
                                  .sequence_length = COLUMNS,
                                  .vocab_size = 100,
                                  .input_type = TENSOR_INT32,
                                  .mask_type = TENSOR_UINT8,
                                  .max_sequences = ROOM};

/* A batch with sequences of these lengths, `n` of them. */
static Batch *batch_of(const int32_t *lengths, uint32_t n) {
  Batch *batch = batch_create_with(&shape);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  int32_t *starts = batch->cu_seqlens.i32, end = 0;
  for (uint32_t i = 0; i < n; i++) {
    end += lengths[i];
    starts[i + 1] = end;
    if ((uint32_t)lengths[i] > batch->max_seqlen) batch->max_seqlen = (uint32_t)lengths[i];
  }
  for (uint32_t i = n; i < ROOM; i++) starts[i + 1] = end;
  batch->num_sequences = n;
  return batch;
}

static void assert_sequences(const Batch *batch, uint32_t n, uint32_t room, const int32_t *starts,
                             uint32_t longest) {
  cr_assert_eq(batch->cu_seqlens.ndim, 1);
  cr_assert_eq(batch->cu_seqlens.shape[0], room + 1);
  cr_assert_eq(batch->cu_seqlens.total_size, room + 1);
  cr_assert_eq(batch->cu_seqlens.dtype, TENSOR_INT32);
  cr_assert_eq(batch->num_sequences, n);
  cr_assert_eq(batch->max_seqlen, longest);
  for (uint32_t i = 0; i <= room; i++)
    cr_assert_eq(batch->cu_seqlens.i32[i], starts[i < n ? i : n], "entry %u is %d", i,
                 batch->cu_seqlens.i32[i]);
}

static void assert_none(const Batch *batch) {
  cr_assert_eq(batch->cu_seqlens.ndim, 0);
  cr_assert_null(batch->cu_seqlens.raw);
  cr_assert_eq(batch->num_sequences, 0);
  cr_assert_eq(batch->max_seqlen, 0);
}

Test(batch_sequences, a_batch_has_them_only_where_it_is_made_with_room_for_some) {
  Batch *with = batch_create_with(&shape), *without = batch_create(2, 3, 0);
  assert_sequences(with, 0, ROOM, (int32_t[]){0}, 0);
  cr_assert_null(with->documents.raw);
  cr_assert_eq(with->total_memory, ROWS * COLUMNS * (4 + 4 + 1) + (ROOM + 1) * 4);
  cr_assert(batch_validate_strict(with), "%s", batch_last_error()->message);
  assert_none(without);
  free_all((Batch *[]){with, without}, 2);
}

static const int32_t lengths[] = {4, 2, 6, 1, 11}, starts_of[] = {0, 4, 6, 12, 13, 24};

Test(batch_sequences, a_copy_has_the_same_in_memory_of_its_own) {
  Batch *batch = batch_of(lengths, 5), *copy = batch_copy(batch);
  cr_assert_neq(copy->cu_seqlens.raw, batch->cu_seqlens.raw);
  memset(batch->cu_seqlens.raw, 1, (ROOM + 1) * sizeof(int32_t));
  batch_free(batch);
  assert_sequences(copy, 5, ROOM, starts_of, 11);
  batch_free(copy);
}

Test(batch_sequences, views_have_none_and_neither_has_what_they_are_merged_to) {
  Batch *batch = batch_of(lengths, 5), *views[2];
  cr_assert(batch_split(batch, 2, views));
  Batch *again = batch_merge(views, 2), *swapped = batch_merge((Batch *[]){views[1], views[0]}, 2);
  cr_assert_eq(again->input.raw, batch->input.raw);
  assert_none(views[0]);
  assert_none(views[1]);
  assert_none(again);
  assert_none(swapped);
  cr_assert_eq(views[0]->total_memory, 2 * COLUMNS * (4 + 4 + 1));
  assert_sequences(batch, 5, ROOM, starts_of, 11);
  free_all((Batch *[]){batch, views[0], views[1], again, swapped}, 5);
}

Test(batch_sequences, merging_puts_each_batch_s_behind_those_before_it) {
  Batch *batches[3] = {batch_of(lengths, 5), batch_of((int32_t[]){24}, 1), batch_of((int32_t[]){12, 12}, 2)};
  Batch *merged = batch_merge(batches, 3), *one = batch_merge(batches, 1);
  assert_sequences(merged, 8, 3 * ROOM, (int32_t[]){0, 4, 6, 12, 13, 24, 48, 60, 72}, 24);
  assert_sequences(one, 5, ROOM, starts_of, 11);
  cr_assert_eq(merged->batch_size, 3 * ROWS);
  free_all((Batch *[]){batches[0], batches[1], batches[2], merged, one}, 5);
}

Test(batch_sequences, merging_refuses_what_has_none_beside_what_has_some) {
  batch_shape bare = shape;
  bare.max_sequences = 0;
  Batch *with = batch_of(lengths, 5), *without = batch_create_with(&bare);
  assert_refused(!batch_merge((Batch *[]){with, without}, 2), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge",
                 "batches[1]", "no cu_seqlens");
  assert_refused(!batch_merge((Batch *[]){without, with}, 2), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge",
                 "batches[1]", "the cu_seqlens");
  free_all((Batch *[]){with, without}, 2);
}

Test(batch_sequences, merging_refuses_more_positions_than_int32_counts) {
  Batch *batches[2] = {batch_of((int32_t[]){INT32_MAX}, 1), batch_of((int32_t[]){1}, 1)};
  assert_refused(!batch_merge(batches, 2), BATCH_ERROR_OVERFLOW, "batch_merge", "2147483648", "2^31 - 1");
  batches[1]->cu_seqlens.i32[1] = -1;
  assert_refused(!batch_merge(batches, 2), BATCH_ERROR_OUT_OF_RANGE, "batch_merge", "batches[1]", "-1");
  free_all(batches, 2);
}

Test(batch_sequences, the_shape_says_how_many_at_most) {
  batch_shape many = shape;
  many.max_sequences = INT32_MAX;
  assert_refused(!batch_create_with(&many), BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with",
                 "max_sequences", "2147483647", "2^31 - 2");
}

Test(batch_sequences, validate_names_a_start_that_falls) {
  Batch *batch = batch_of(lengths, 5);
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch->cu_seqlens.i32[3] = 5;
  assert_refused(!batch_validate(batch), BATCH_ERROR_OUT_OF_RANGE, "batch_validate: cu_seqlens[3] is 5", "6");
  batch->cu_seqlens.i32[3] = 12;
  batch->cu_seqlens.i32[0] = 1;
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_validate_strict: cu_seqlens[0] is 1", "expected 0");
  batch_free(batch);
}

Test(batch_sequences, every_call_refuses_another_type_and_more_than_there_is_room_for) {
  Batch *batch = batch_of(lengths, 5), *parts[2];
  batch->cu_seqlens.dtype = TENSOR_FLOAT32;
  assert_refused(!batch_copy(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_copy: cu_seqlens", "float32");
  batch->cu_seqlens.dtype = TENSOR_INT32;
  batch->num_sequences = ROOM + 1;
  assert_refused(!batch_split(batch, 2, parts), BATCH_ERROR_INVALID_ARGUMENT, "batch_split: cu_seqlens", "9");
  assert_refused(!batch_merge(&batch, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge: cu_seqlens", "9");
  batch->num_sequences = ROOM;
  batch->cu_seqlens.total_size = 5;
  assert_refused(!batch_validate(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate: cu_seqlens", "5");
  batch->cu_seqlens.total_size = ROOM + 1;
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch_free(batch);
}

static void print_batch(void *batch) {
  batch_print(batch);
}

Test(batch_sequences, are_printed) {
  Batch *batch = batch_of(lengths, 5);
  char *text = check_output_of(1, print_batch, batch);
  assert_says(text, "5 sequences, the longest of 11", "cu_seqlens int32 [9]: 0 4 6 12 13 24 24 24");
  free(text);
  batch_free(batch);
}

/* What a trainer has done to them is gone when the batch comes again. */
Test(batch_sequences, a_pool_gives_them_back_as_they_were_made_and_without_sequences) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 1;
  options.shape = shape;
  BatchPool *pool = batch_pool_create_with(&options);
  Batch *batch = batch_pool_allocate(pool);
  assert_sequences(batch, 0, ROOM, (int32_t[]){0}, 0);
  const int32_t *elements = batch->cu_seqlens.i32;
  cr_assert_eq((uintptr_t)elements % 64, 0);
  cr_assert_eq(batch->mask.u8[ROWS * COLUMNS - 1], 1);
  batch->num_sequences = 3;
  batch->max_seqlen = 7;
  cr_assert(tensor_reshape(&batch->cu_seqlens, (uint32_t[]){3, 3}, 2));
  batch_release(batch);
  batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->cu_seqlens.i32, elements);
  assert_sequences(batch, 0, ROOM, (int32_t[]){0}, 0);
  batch_release(batch);
  batch_pool_free(pool);
}

/* A tensor of the caller's in a batch that was made without: the batch frees it, a pool's too. */
Test(batch_sequences, a_tensor_that_was_put_in_is_freed_with_the_batch) {
  uint32_t size = ROOM + 1;
  BatchPool *pool = batch_pool_create(1, 2, 3, 0);
  Batch *batches[2] = {batch_pool_allocate(pool), batch_create(2, 3, 0)}, *copy;
  for (int i = 0; i < 2; i++) {
    Tensor *made = tensor_create_typed(&size, 1, TENSOR_INT32);
    batches[i]->cu_seqlens = *made;
    free(made);
    cr_assert_not_null(copy = batch_copy(batches[i]), "%s", batch_last_error()->message);
    assert_sequences(copy, 0, ROOM, (int32_t[]){0}, 0);
    batch_release(copy);
    batch_release(batches[i]);
  }
  Batch *again = batch_pool_allocate(pool);
  assert_none(again);
  batch_release(again);
  batch_pool_free(pool);
}
