/* Batches whose public fields a caller has changed: the right result, or an error that says what is wrong. */
#include "support/batches.h"
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "support/watchdog.h"

TestSuite(batch_fields, .init = watchdog_on);

static void print_batch(void *batch) {
  batch_print(batch);
}

/* Every call that reads the elements of a batch refuses this one and names `word`; nothing is handed out. */
static void assert_all_refuse(Batch *batch, const char *word) {
  Batch *parts[2] = {NULL, NULL};
  uint32_t assigned = 7;
  assert_refused(!batch_copy(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_copy: ", word);
  assert_refused(!batch_split(batch, 2, parts), BATCH_ERROR_INVALID_ARGUMENT, "batch_split: ", word);
  assert_refused(!batch_merge(&batch, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge: ", word);
  assert_refused(!batch_validate(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate: ", word);
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_validate_strict: ", word);
  assert_refused(!batch_distribute_to_spheres(batch, 2, parts), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_distribute_to_spheres: ", word);
  assert_refused(!batch_balance_distribution(&batch, 1, 2, &assigned), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_balance_distribution: ", word);
  check_forget_error();
  char *text = check_output_of(1, print_batch, batch);
  cr_assert_str_eq(text, "");
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_print: ", word);
  free(text);
  cr_assert(!parts[0] && !parts[1] && assigned == 7);
  assert_count(batch, 1);
}

Test(batch_fields, contradictions_are_refused_by_every_call) {
  for (int view = 0; view < 2; view++) {
    Batch *batch = counting_batch(6, 4), *whole = batch;
    if (view) {
      cr_assert(batch_split(batch, 1, &batch));
      batch_free(whole);
    }
    Tensor input = batch->input, target = batch->target;
    uint32_t sizes[2] = {5, 4};
    batch->batch_size = 5;
    assert_all_refuse(batch, "5 rows of 4");
    batch->batch_size = 0;
    assert_all_refuse(batch, "0 rows of 4");
    batch->batch_size = 6;
    batch->sequence_length = 1u << 31;
    assert_all_refuse(batch, "2147483648");
    batch->sequence_length = 4;
    batch->batch_size = 6 + (1u << 30); /* 2^32 elements more */
    assert_all_refuse(batch, "1073741830 rows of 4");
    batch->batch_size = 6;
    batch->target.raw = NULL;
    assert_all_refuse(batch, "target");
    batch->target = target;
    batch->target.shape = sizes;
    assert_all_refuse(batch, "target");
    batch->target = target;
    batch->target.ndim = 100;
    assert_all_refuse(batch, "target");
    batch->target = target;
    batch->input.dtype = TENSOR_INT64;
    assert_all_refuse(batch, "input");
    batch->input.dtype = (tensor_type)99;
    assert_all_refuse(batch, "input");
    batch->input = input;
    batch->mask.dtype = TENSOR_FLOAT64;
    assert_all_refuse(batch, "mask");
    batch->mask.dtype = TENSOR_FLOAT32;
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    batch_free(batch);
  }
}

/* The elements of a narrow tensor and those behind it are in one block of a pool: no wider type reads on. */
Test(batch_fields, a_wider_type_is_refused_in_a_pool_and_gone_at_the_next_allocation) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 1;
  options.shape = (batch_shape){4, 3, 100, TENSOR_UINT16, TENSOR_UINT8, true, 0};
  BatchPool *pool = batch_pool_create_with(&options);
  Batch *batch = batch_pool_allocate(pool);
  batch->mask.dtype = TENSOR_FLOAT32;
  assert_all_refuse(batch, "mask");
  batch_release(batch);
  batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->mask.dtype, TENSOR_UINT8);
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(batch_fields, reshaped_tensors_are_copied_cut_and_joined_by_their_elements) {
  Batch *batch = counting_batch(6, 4), *parts[3];
  cr_assert(tensor_reshape(&batch->input, (uint32_t[]){24}, 1));
  cr_assert(tensor_reshape(&batch->target, (uint32_t[]){6, 2, 2}, 3));
  cr_assert(tensor_reshape(&batch->mask, (uint32_t[]){4, 6}, 2));
  char *text = check_output_of(1, print_batch, batch);
  assert_says(text, "[24]", "[6, 2, 2]", "[4, 6]");
  free(text);
  Batch *copy = batch_copy(batch);
  assert_rows(copy, 0, 6, 4);
  cr_assert(batch_distribute_to_spheres(batch, 3, parts));
  for (uint32_t i = 0; i < 3; i++) assert_rows(parts[i], 2 * i, 2, 4);
  cr_assert(tensor_reshape(&parts[1]->input, (uint32_t[]){8}, 1));
  Batch *joined = batch_merge(parts, 3), *mixed[2] = {copy, batch}, *both = batch_merge(mixed, 2);
  assert_rows(joined, 0, 6, 4);
  cr_assert_eq(joined->input.data, batch->input.data);
  cr_assert_eq(both->input.data[47], 23.0f);
  cr_assert_eq(both->batch_size, 12);
  free_all((Batch *[]){batch, copy, joined, both, parts[0], parts[1], parts[2]}, 7);
}

Test(batch_fields, a_reshaped_pooled_batch_comes_back_in_its_own_shape) {
  BatchPool *pool = batch_pool_create(1, 4, 3, 100);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert(tensor_reshape(&batch->input, (uint32_t[]){2, 1, 1, 1, 1, 1, 2, 3}, 8));
  cr_assert(batch_validate(batch));
  batch_release(batch);
  batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->input.ndim, 2);
  cr_assert_eq(batch->input.shape[0], 4);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(batch_fields, struct_copies_of_tensors_are_good_while_the_batch_lives) {
  BatchPool *pool = batch_pool_create(1, 2, 4, 0);
  Batch *sources[4] = {counting_batch(4, 4), NULL, NULL, batch_pool_allocate(pool)};
  cr_assert(batch_split(sources[0], 2, &sources[1]));
  for (int i = 0; i < 4; i++) {
    Tensor tensor = sources[i]->input;
    cr_assert_eq(tensor.shape[1], 4);
    uint32_t rows = tensor.shape[0], elements = rows * 4;
    cr_assert_eq(tensor_get(&tensor, (uint32_t[]){rows - 1, 3}), tensor.data[elements - 1]);
    cr_assert(tensor_reshape(&tensor, &elements, 1));
    cr_assert_eq(sources[i]->input.ndim, 2);
    cr_assert_eq(sources[i]->input.shape[1], 4);
    if (tensor.shape != tensor.dims) free(tensor.shape);
  }
  free_all(sources, 4);
  batch_pool_free(pool);
}

Test(batch_fields, each_tensor_is_copied_and_joined_with_the_type_it_has) {
  Batch *batch = batch_create_with(&(batch_shape){4, 3, 0, TENSOR_FLOAT32, TENSOR_FLOAT32, true, 0});
  batch->target.dtype = TENSOR_INT32;
  batch->mask.dtype = TENSOR_UINT8;
  batch->documents.dtype = TENSOR_FLOAT32;
  for (int i = 0; i < 12; i++) {
    batch->input.data[i] = 0.5f * (float)i;
    batch->target.i32[i] = 1000 + i;
    batch->mask.u8[i] = i % 2;
    batch->documents.data[i] = 0.25f;
  }
  Batch *parts[2], *pair[2] = {batch, NULL}, *copy = batch_copy(batch);
  cr_assert(batch_split(batch, 2, parts));
  pair[1] = parts[1];
  Batch *joined = batch_merge(pair, 2), *all[] = {copy, joined};
  for (int k = 0; k < 2; k++) {
    cr_assert_not_null(all[k], "%s", batch_last_error()->message);
    cr_assert_eq(all[k]->target.dtype, TENSOR_INT32);
    cr_assert_eq(all[k]->mask.dtype, TENSOR_UINT8);
    cr_assert_eq(all[k]->documents.dtype, TENSOR_FLOAT32);
    cr_assert_eq(all[k]->target.i32[11], 1011);
    cr_assert_eq(all[k]->mask.u8[11], 1);
    cr_assert_eq(all[k]->input.data[11], 5.5f);
    cr_assert_eq(all[k]->documents.data[11], 0.25f);
  }
  cr_assert_eq(joined->target.i32[17], 1011);
  cr_assert_eq(joined->mask.u8[12], 0);
  cr_assert_eq(copy->total_memory, 12u * (4 + 4 + 1 + 4 + 4));
  cr_assert_eq(parts[1]->target.i32[0], 1006);
  free_all((Batch *[]){batch, copy, joined, parts[0], parts[1]}, 5);
}

Test(batch_fields, merge_refuses_types_that_differ_in_any_tensor) {
  for (int i = 0; i < 3; i++) {
    Batch *pair[2] = {counting_batch(2, 2), counting_batch(2, 2)};
    static const char *const names[] = {"input", "target", "mask"};
    Tensor *tensors[] = {&pair[1]->input, &pair[1]->target, &pair[1]->mask};
    tensors[i]->dtype = TENSOR_INT32;
    assert_refused(!batch_merge(pair, 2), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge: ", names[i],
                   "batches[1]", "int32", "float32");
    free_all(pair, 2);
  }
}

Test(batch_fields, a_batch_frees_elements_that_took_the_place_of_its_own) {
  Batch *batch = batch_create(2, 3, 0);
  free(batch->input.data);
  batch->input.data = calloc(6, sizeof(float));
  Tensor *made = tensor_create((uint32_t[]){2, 3}, 2);
  free(batch->target.data);
  free(batch->target.shape);
  batch->target = *made;
  free(made);
  cr_assert(tensor_reshape(&batch->target, (uint32_t[]){1, 6, 1}, 3));
  Batch *parts[2];
  cr_assert(batch_split(batch, 2, parts));
  batch_free(batch);
  parts[1]->input.data[2] = parts[1]->target.data[2] = 1;
  free_all(parts, 2);
}

Test(batch_fields, elements_may_be_taken_out_of_a_batch) {
  Batch *batch = counting_batch(2, 3);
  float *mine = batch->input.data;
  batch->input.owns_data = false;
  batch_free(batch);
  cr_assert_eq(mine[5], 5.0f);
  free(mine);
}

Test(batch_fields, elements_of_the_callers_are_used_and_left) {
  float mine[6] = {1, 2, 3, 4, 5, 6};
  BatchPool *pool = batch_pool_create(1, 2, 3, 0);
  Batch *batch = batch_pool_allocate(pool), *parts[2];
  float *own = batch->input.data;
  batch->input.data = mine;
  cr_assert(batch_split(batch, 2, parts));
  cr_assert_eq(parts[1]->input.data, mine + 3);
  Batch *copy = batch_copy(batch);
  cr_assert_eq(copy->input.data[5], 6.0f);
  free_all((Batch *[]){parts[0], parts[1], copy, batch}, 4);
  batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->input.data, own);
  batch_free(batch);
  batch_pool_free(pool);
}

Test(batch_fields, tensors_put_into_a_pooled_batch_are_freed_and_gone_at_the_next_allocation) {
  BatchPool *pool = batch_pool_create(1, 2, 3, 0);
  for (int round = 0; round < 2; round++) {
    Batch *batch = batch_pool_allocate(pool);
    cr_assert_not(batch->input.owns_data);
    cr_assert_null(batch->documents.raw);
    Tensor *made[3];
    for (int i = 0; i < 3; i++) made[i] = tensor_create((uint32_t[]){2, 3}, 2);
    batch->input = *made[0];
    batch->documents = *made[1];
    batch->positions = *made[2];
    for (int i = 0; i < 3; i++) free(made[i]);
    cr_assert(batch_validate(batch));
    batch_free(batch);
  }
  batch_pool_free(pool);
}

static void split_it(void *batch) {
  Batch *parts[2];
  batch_split(batch, 2, parts);
}

static void distribute_it(void *batch) {
  Batch *parts[2];
  batch_distribute_to_spheres(batch, 2, parts);
}

static void merge_it(void *context) {
  Batch *batch = context;
  batch_merge(&batch, 1);
}

Test(batch_fields, a_batch_made_by_hand_can_be_read_and_copied_but_not_shared) {
  Tensor *tensors[3];
  for (int i = 0; i < 3; i++) tensors[i] = tensor_create((uint32_t[]){2, 3}, 2);
  Batch *mine = calloc(1, sizeof *mine);
  uint32_t assigned;
  mine->batch_size = 2;
  mine->sequence_length = 3;
  mine->input = *tensors[0];
  mine->target = *tensors[1];
  mine->mask = *tensors[2];
  mine->input.data[5] = 9;
  cr_assert(batch_validate(mine), "%s", batch_last_error()->message);
  cr_assert(batch_balance_distribution(&mine, 1, 1, &assigned));
  free(check_output_of(1, print_batch, mine));
  Batch *copy = batch_copy(mine);
  cr_assert_eq(copy->input.data[5], 9.0f);
  assert_aborts(split_it, mine, "batch_split: ", "not made by");
  assert_aborts(distribute_it, mine, "batch_distribute_to_spheres: ", "not made by");
  assert_aborts(merge_it, mine, "batch_merge: ", "not made by");
  batch_free(copy);
  for (int i = 0; i < 3; i++) tensor_free(tensors[i]);
  free(mine);
}

Test(batch_fields, a_batch_made_by_hand_of_more_bytes_than_there_can_be_is_not_copied) {
  uint32_t shape[2] = {1u << 31, SIZE_MAX == UINT32_MAX ? 1 : 1u << 31};
  float element = 0;
  Tensor all = {.raw = &element,
                .shape = shape,
                .ndim = 2,
                .total_size = (size_t)shape[0] * shape[1],
                .dtype = TENSOR_FLOAT32};
  Batch mine = {
      .batch_size = shape[0], .sequence_length = shape[1], .input = all, .target = all, .mask = all};
  assert_refused(!batch_copy(&mine), BATCH_ERROR_OVERFLOW, "batch_copy: 2147483648 rows of",
                 "more bytes than memory can address");
}

static void copy_free(void *batch) {
  batch_free(batch);
  batch_copy(batch);
}

static void validate_free(void *batch) {
  batch_free(batch);
  if (batch_validate(batch)) exit(1);
}

static void split_free(void *batch) {
  Batch *parts[2];
  batch_free(batch);
  if (batch_split(batch, 2, parts)) exit(1);
}

static void distribute_free(void *batch) {
  Batch *parts[2];
  batch_free(batch);
  if (batch_distribute_to_spheres(batch, 2, parts)) exit(1);
}

Test(batch_fields, reading_a_free_batch_aborts_and_names_the_call) {
  Batch *batch = counting_batch(4, 4);
  assert_aborts(copy_free, batch, "batch_copy: ");
  assert_aborts(validate_free, batch, "batch_validate: ");
  assert_aborts(split_free, batch, "batch_split: ");
  assert_aborts(distribute_free, batch, "batch_distribute_to_spheres: ");
  batch_free(batch);
}

Test(batch_fields, balance_takes_additive_masks_and_infinite_ones_as_equal_costs) {
  static const float values[] = {-1e9f, -INFINITY, INFINITY, NAN, 0, -1};
  Batch *batches[6];
  uint32_t assigned[6];
  for (int i = 0; i < 6; i++) {
    batches[i] = batch_create(2, 2, 0);
    tensor_fill(&batches[i]->mask, values[i]);
  }
  cr_assert(batch_balance_distribution(batches, 6, 4, assigned));
  for (uint32_t i = 0; i < 6; i++) cr_assert_eq(assigned[i], i % 4);
  free_all(batches, 6);
}
