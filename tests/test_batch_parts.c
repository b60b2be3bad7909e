/* Copies, views and merged batches. */
#include "support/batches.h"
#include "support/check.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "support/watchdog.h"

TestSuite(batch_parts, .init = watchdog_on);

Test(batch_parts, copy_is_deep_and_takes_the_metadata_along) {
  Batch *batch = counting_batch(3, 4);
  batch->status = BATCH_ERROR_IO;
  batch_retain(batch);
  Batch *copy = batch_copy(batch);
  cr_assert_not_null(copy);
  assert_metadata_of_counting_batch(copy);
  cr_assert_eq(copy->status, BATCH_ERROR_IO);
  assert_count(copy, 1);
  tensor_fill(&batch->input, 9);
  tensor_fill(&batch->mask, 0);
  batch_free(batch);
  batch_free(batch);
  assert_rows(copy, 0, 3, 4);
  batch_free(copy);
}

Test(batch_parts, copy_keeps_types_and_optional_tensors) {
  Batch *batch = batch_create_with(&mixed_shape);
  batch->input.i32[29] = 5;
  batch->documents.i32[29] = 6;
  batch->positions.i32[29] = 7;
  batch->mask.u8[29] = 0;
  Batch *copy = batch_copy(batch);
  batch_free(batch);
  cr_assert_eq(copy->input.i32[29], 5);
  cr_assert_eq(copy->documents.i32[29], 6);
  cr_assert_eq(copy->positions.i32[29], 7);
  cr_assert_eq(copy->mask.u8[29], 0);
  cr_assert_eq(copy->mask.u8[28], 1);
  cr_assert_eq(copy->positions.dtype, TENSOR_INT32);
  batch_free(copy);
}

Test(batch_parts, copy_of_a_view_holds_its_rows) {
  Batch *batch = counting_batch(5, 3), *parts[2];
  cr_assert(batch_split(batch, 2, parts));
  Batch *copy = batch_copy(parts[1]);
  batch_free(batch);
  free_all(parts, 2);
  assert_rows(copy, 3, 2, 3);
  batch_free(copy);
}

Test(batch_parts, copy_of_a_pooled_batch_belongs_to_no_pool) {
  BatchPool *pool = batch_pool_create(1, 2, 2, 10);
  Batch *batch = batch_pool_allocate(pool), *copy = batch_copy(batch);
  cr_assert(batch->is_pooled);
  cr_assert_not(copy->is_pooled);
  batch_free(batch);
  batch_pool_free(pool);
  tensor_fill(&copy->input, 1);
  batch_free(copy);
}

Test(batch_parts, copy_refuses_null) {
  assert_refused(!batch_copy(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_copy", "batch", CHECK_NULL);
}

Test(batch_parts, split_sizes_differ_by_at_most_one_larger_first) {
  for (uint32_t rows = 1; rows <= 13; rows++)
    for (uint32_t n = 1; n <= rows; n++) {
      Batch *batch = counting_batch(rows, 3), *parts[13];
      cr_assert(batch_split(batch, n, parts), "%s", batch_last_error()->message);
      for (uint32_t i = 0, first = 0; i < n; first += parts[i]->batch_size, i++) {
        assert_rows(parts[i], first, rows / n + (i < rows % n), 3);
        assert_metadata_of_counting_batch(parts[i]);
        assert_count(parts[i], 1);
      }
      free_all(parts, n);
      assert_count(batch, 1);
      batch_free(batch);
    }
}

Test(batch_parts, split_copies_nothing) {
  Batch *batch = counting_batch(4, 6), *parts[2];
  cr_assert(batch_split(batch, 2, parts));
  cr_assert_eq(parts[0]->input.data, batch->input.data);
  cr_assert_eq(parts[1]->input.data, batch->input.data + 12);
  cr_assert_eq(parts[1]->target.data, batch->target.data + 12);
  cr_assert_eq(parts[1]->mask.data, batch->mask.data + 12);
  cr_assert_not(parts[1]->input.owns_data);
  parts[1]->input.data[0] = -1;
  cr_assert_eq(batch->input.data[12], -1.0f);
  free_all(parts, 2);
  batch_free(batch);
}

Test(batch_parts, views_outlive_their_parent) {
  Batch *batch = counting_batch(7, 5), *parts[3];
  cr_assert(batch_split(batch, 3, parts));
  batch_free(batch);
  assert_rows(parts[1], 3, 2, 5);
  batch_free(parts[0]);
  batch_free(parts[1]);
  assert_rows(parts[2], 5, 2, 5);
  parts[2]->input.data[9] = 1;
  batch_free(parts[2]);
}

Test(batch_parts, views_can_be_split_again) {
  Batch *batch = counting_batch(8, 2), *halves[2], *quarters[2];
  cr_assert(batch_split(batch, 2, halves));
  batch_free(batch);
  cr_assert(batch_split(halves[1], 2, quarters));
  free_all(halves, 2);
  assert_rows(quarters[0], 4, 2, 2);
  assert_rows(quarters[1], 6, 2, 2);
  free_all(quarters, 2);
}

/* A view of two of the four rows of the pool's batch, with an input of its own, all 7. */
static Batch *view_with_its_own_input(BatchPool *pool, Batch **rest) {
  Batch *batch = batch_pool_allocate(pool), *parts[2];
  cr_assert(batch_split(batch, 2, parts));
  batch_free(batch);
  Tensor *own = tensor_create(parts[0]->input.shape, 2);
  tensor_fill(own, 7);
  parts[0]->input = *own;
  free(own);
  *rest = parts[1];
  return parts[0];
}

Test(batch_parts, parts_of_a_view_keep_what_a_caller_has_put_into_it) {
  BatchPool *pool = batch_pool_create(1, 4, 2, 0);
  Batch *rest, *view = view_with_its_own_input(pool, &rest), *parts[2];
  size_t before = batch_count_live();
  cr_assert(batch_split(view, 2, parts));
  batch_free(view);
  cr_assert_eq(parts[1]->input.data[1], 7.0f);
  batch_pool_release(pool, parts[0]);
  Batch *merged = batch_merge(&parts[1], 1);
  batch_free(parts[1]);
  cr_assert_eq(merged->input.data[0], 7.0f);
  cr_assert_eq(merged->mask.data[0], 1.0f);
  batch_free(rest);
  cr_assert_eq(batch_pool_outstanding(pool), 1);
  batch_pool_release(pool, merged);
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  cr_assert_eq(batch_count_live(), before - 2);
  batch_pool_free(pool);
}

/* A view of a view of ... that keeps each of them, since a caller has put a mask into it. */
static Batch *view_of_many(unsigned n) {
  Batch *last = counting_batch(1, 1);
  for (unsigned i = 0; i < n; i++) {
    Batch *view;
    Tensor *mask = tensor_copy(&last->mask);
    cr_assert(batch_split(last, 1, &view));
    batch_free(last);
    view->mask = *mask;
    free(mask);
    last = view;
  }
  return last;
}

static void *free_in_thread(void *batch) {
  batch_free(batch);
  return NULL;
}

Test(batch_parts, the_last_of_many_views_gives_them_up_on_a_small_stack) {
  size_t before = batch_count_live();
  Batch *last = view_of_many(10000);
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 128 << 10);
  cr_assert_eq(pthread_create(&thread, &small, free_in_thread, last), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&small);
  cr_assert_eq(batch_count_live(), before);
}

Test(batch_parts, merge_of_a_view_keeps_what_a_caller_has_put_into_it) {
  BatchPool *pool = batch_pool_create(1, 4, 2, 0);
  Batch *rest, *view = view_with_its_own_input(pool, &rest), *merged = batch_merge(&view, 1);
  batch_free(view);
  batch_free(rest);
  cr_assert_eq(merged->input.data[3], 7.0f);
  batch_free(merged);
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  batch_pool_free(pool);
}

Test(batch_parts, split_shows_optional_tensors_and_other_types_too) {
  Batch *batch = batch_create_with(&mixed_shape), *parts[4];
  for (int32_t i = 0; i < 30; i++) batch->positions.i32[i] = i;
  cr_assert(batch_split(batch, 4, parts));
  cr_assert_eq(parts[2]->batch_size, 1);
  cr_assert_eq(parts[2]->positions.i32, batch->positions.i32 + 20);
  cr_assert_eq(parts[2]->documents.i32, batch->documents.i32 + 20);
  cr_assert_eq(parts[2]->mask.u8, batch->mask.u8 + 20);
  cr_assert_eq(parts[3]->positions.shape[0], 1);
  cr_assert_eq(parts[3]->total_memory, 5u * 17);
  batch_free(batch);
  cr_assert_eq(parts[3]->positions.i32[4], 29);
  free_all(parts, 4);
}

Test(batch_parts, views_of_a_pooled_batch_keep_it_out_of_the_pool) {
  BatchPool *pool = batch_pool_create(1, 4, 2, 10);
  Batch *batch = batch_pool_allocate(pool), *parts[2];
  cr_assert(batch_split(batch, 2, parts));
  batch_release(batch);
  batch_release(parts[0]);
  cr_assert_null(batch_pool_try_allocate(pool));
  parts[1]->input.data[3] = 1;
  batch_release(parts[1]);
  batch = batch_pool_try_allocate(pool);
  cr_assert_not_null(batch);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(batch_parts, split_refuses_bad_arguments_and_leaves_everything) {
  Batch *batch = counting_batch(3, 2), *mark = (Batch *)(uintptr_t)64, *out[4] = {mark, mark, mark, mark};
  assert_refused(!batch_split(batch, 4, out), BATCH_ERROR_INVALID_ARGUMENT, "batch_split", "n", "4", "3");
  assert_refused(!batch_split(batch, 0, out), BATCH_ERROR_INVALID_ARGUMENT, "batch_split", "n", "0");
  assert_refused(!batch_split(batch, UINT32_MAX, out), BATCH_ERROR_INVALID_ARGUMENT, "batch_split",
                 "4294967295");
  assert_refused(!batch_split(NULL, 1, out), BATCH_ERROR_INVALID_ARGUMENT, "batch_split", "batch",
                 CHECK_NULL);
  assert_refused(!batch_split(batch, 1, NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_split", "out",
                 CHECK_NULL);
  for (int i = 0; i < 4; i++) cr_assert_eq(out[i], mark);
  assert_count(batch, 1);
  batch_free(batch);
}

Test(batch_parts, merge_of_adjacent_views_copies_nothing) {
  Batch *batch = counting_batch(8, 3), *parts[4];
  cr_assert(batch_split(batch, 4, parts));
  Batch *all = batch_merge(parts, 4), *middle = batch_merge(parts + 1, 2);
  cr_assert_eq(all->input.data, batch->input.data);
  cr_assert_eq(middle->input.data, batch->input.data + 6);
  cr_assert_eq(middle->target.data, batch->target.data + 6);
  cr_assert_eq(middle->mask.data, batch->mask.data + 6);
  batch_free(batch);
  free_all(parts, 4);
  assert_rows(all, 0, 8, 3);
  batch_free(all);
  assert_rows(middle, 2, 4, 3);
  assert_count(middle, 1);
  batch_free(middle);
}

Test(batch_parts, merge_of_anything_else_copies) {
  Batch *batch = counting_batch(6, 2), *parts[3];
  cr_assert(batch_split(batch, 3, parts));
  Batch *orders[][2] = {{parts[1], parts[0]}, {parts[0], parts[2]}, {parts[1], parts[1]}, {parts[2], batch}};
  for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
    Batch *first = orders[k][0], *second = orders[k][1], *merged = batch_merge(orders[k], 2);
    uint32_t rows = first->batch_size;
    cr_assert_not_null(merged);
    cr_assert_eq(merged->batch_size, rows + second->batch_size);
    cr_assert(merged->input.data + 2 * merged->batch_size <= batch->input.data ||
              merged->input.data >= batch->input.data + 12);
    cr_assert_arr_eq(merged->input.data, first->input.data, rows * 8);
    cr_assert_arr_eq(merged->input.data + rows * 2, second->input.data, second->batch_size * 8);
    cr_assert_arr_eq(merged->target.data + rows * 2, second->target.data, second->batch_size * 8);
    batch_free(merged);
  }
  free_all(parts, 3);
  batch_free(batch);
}

Test(batch_parts, merge_of_separate_batches_joins_rows_and_keeps_the_sources) {
  Batch *sources[3] = {counting_batch(2, 3), counting_batch(1, 3), counting_batch(4, 3)};
  sources[0]->batch_id = 10;
  tensor_fill(&sources[1]->mask, 0);
  Batch *merged = batch_merge(sources, 3);
  cr_assert_not_null(merged);
  cr_assert_eq(merged->batch_id, 10);
  cr_assert_eq(merged->epoch_id, 3);
  cr_assert_eq(merged->batch_size, 7);
  cr_assert_eq(merged->total_memory, 7u * 3 * 12);
  cr_assert_not(merged->is_pooled);
  assert_count(merged, 1);
  for (int i = 0; i < 3; i++) assert_count(sources[i], 1);
  free_all(sources, 3);
  for (uint32_t i = 0; i < 21; i++) {
    uint32_t row = i / 3, from = row < 2 ? i : row < 3 ? i - 6 : i - 9;
    cr_assert_eq(merged->input.data[i], (float)from);
    cr_assert_eq(merged->target.data[i], (float)(from + 1));
    cr_assert_eq(merged->mask.data[i], row == 2 ? 0.0f : 1.0f);
  }
  batch_free(merged);
}

Test(batch_parts, merge_of_more_rows_than_can_be_counted_is_refused) {
  enum { TIMES = 1 << 12 };
  static Batch *same[TIMES];
  Batch *batch = batch_create(1 << 20, 1, 0);
  for (int i = 0; i < TIMES; i++) same[i] = batch;
  assert_refused(!batch_merge(same, TIMES), BATCH_ERROR_OVERFLOW, "batch_merge", "4096 batches",
                 "2^32 - 1 rows");
  batch_free(batch);
}

Test(batch_parts, merge_of_one) {
  Batch *batch = counting_batch(3, 3), *merged = batch_merge(&batch, 1);
  cr_assert_not_null(merged);
  batch_free(batch);
  assert_rows(merged, 0, 3, 3);
  assert_metadata_of_counting_batch(merged);
  batch_free(merged);
}

Test(batch_parts, merge_undoes_split_after_the_parent_is_gone) {
  Batch *batch = counting_batch(9, 4), *parts[4];
  cr_assert(batch_split(batch, 4, parts));
  batch_free(batch);
  float *data = parts[0]->input.data;
  Batch *merged = batch_merge(parts, 4);
  free_all(parts, 4);
  cr_assert_eq(merged->input.data, data);
  assert_rows(merged, 0, 9, 4);
  batch_free(merged);
}

Test(batch_parts, merge_joins_optional_tensors_and_other_types) {
  Batch *sources[2] = {batch_create_with(&mixed_shape), batch_create_with(&mixed_shape)};
  sources[1]->documents.i32[29] = 3;
  sources[1]->positions.i32[0] = 4;
  sources[1]->mask.u8[29] = 0;
  Batch *merged = batch_merge(sources, 2);
  cr_assert_not_null(merged);
  free_all(sources, 2);
  cr_assert_eq(merged->documents.i32[59], 3);
  cr_assert_eq(merged->positions.i32[30], 4);
  cr_assert_eq(merged->mask.u8[59], 0);
  cr_assert_eq(merged->mask.u8[58], 1);
  batch_free(merged);
}

Test(batch_parts, merge_refuses_what_does_not_fit_together) {
  batch_shape shape = {.batch_size = 2, .sequence_length = 5, .vocab_size = 10};
  Batch *first = batch_create_with(&shape), *other[4];
  shape.sequence_length = 6;
  other[0] = batch_create_with(&shape);
  shape.sequence_length = 5;
  shape.vocab_size = 11;
  other[1] = batch_create_with(&shape);
  shape.vocab_size = 10;
  shape.input_type = TENSOR_INT32;
  other[2] = batch_create_with(&shape);
  shape.input_type = TENSOR_FLOAT32;
  shape.with_documents = true;
  other[3] = batch_create_with(&shape);
  static const char *const words[][3] = {
      {"length", "6", "5"}, {"vocab", "11", "10"}, {"int32", "float32", ""}, {"documents", "", ""}};
  for (int i = 0; i < 4; i++) {
    Batch *pair[2] = {first, other[i]};
    assert_refused(!batch_merge(pair, 2), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge", words[i][0],
                   words[i][1], words[i][2]);
    assert_count(first, 1);
    assert_count(other[i], 1);
  }
  free_all(other, 4);
  batch_free(first);
}

/* AddressSanitizer reports it in its own words. */
#ifndef CHECK_UNDER_ASAN
static void split_free_batch(void *context) {
  Batch *parts[2];
  batch_free(context);
  batch_split(context, 2, parts);
}

/* The parent lives on, but this view of it does not. */
static void split_free_view(void *context) {
  Batch *views[2], *parts[1];
  batch_split(context, 2, views);
  batch_free(views[0]);
  batch_split(views[0], 1, parts);
}

static void merge_free_batch(void *context) {
  Batch *batches[2] = {counting_batch(2, 3), context};
  batch_free(context);
  batch_merge(batches, 2);
}

Test(batch_parts, parts_of_a_free_batch_abort_in_the_name_of_the_call) {
  Batch *batch = counting_batch(4, 3);
  assert_aborts(split_free_batch, batch, "batch_split", "free");
  assert_aborts(split_free_view, batch, "batch_split", "free");
  assert_aborts(merge_free_batch, batch, "batch_merge", "free");
  batch_free(batch);
}
#endif

static void split_at_the_bound(void *context) {
  Batch *batch = context, *parts[2];
  atomic_store(&batch->ref_count, INT_MAX / 2);
  batch_split(batch, 2, parts);
}

Test(batch_parts, split_aborts_before_the_count_overflows) {
  Batch *batch = counting_batch(4, 3);
  assert_aborts(split_at_the_bound, batch, "batch_split", "overflow");
  batch_free(batch);
}

Test(batch_parts, merge_refuses_bad_arguments) {
  Batch *batches[3] = {counting_batch(1, 1), counting_batch(1, 1), NULL};
  assert_refused(!batch_merge(batches, 0), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge", "n", "0");
  assert_refused(!batch_merge(NULL, 2), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge", "batches", CHECK_NULL);
  assert_refused(!batch_merge(batches, 3), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge", "batches", "2",
                 CHECK_NULL);
  free_all(batches, 2);
}
