#include "support/batches.h"
#include "support/check.h"

#include <limits.h>
#include <stdlib.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(batch, .init = watchdog_on);

Test(batch, create_makes_three_float_tensors_with_a_mask_of_ones) {
  Batch *batch = batch_create(3, 5, 100);
  cr_assert_not_null(batch);
  cr_assert_eq(batch->batch_size, 3);
  cr_assert_eq(batch->sequence_length, 5);
  cr_assert_eq(batch->vocab_size, 100);
  cr_assert_eq(batch->total_memory, 3 * 5 * 3 * sizeof(float));
  cr_assert_eq(batch->batch_id, 0);
  cr_assert_eq(batch->epoch_id, 0);
  cr_assert_eq(batch->status, BATCH_OK);
  cr_assert_not(batch->is_pooled);
  cr_assert_not(batch->is_processed);
  cr_assert_eq(batch->processing_time, 0.0);
  cr_assert_eq(batch->documents.ndim, 0);
  cr_assert_eq(batch->positions.ndim, 0);
  assert_count(batch, 1);
  const Tensor *tensors[] = {&batch->input, &batch->target, &batch->mask};
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(tensors[i]->dtype, TENSOR_FLOAT32);
    cr_assert_eq(tensors[i]->ndim, 2);
    cr_assert(tensors[i]->owns_data);
    cr_assert_eq(tensors[i]->shape[0], 3);
    cr_assert_eq(tensors[i]->shape[1], 5);
    cr_assert_eq(tensors[i]->total_size, 15);
    cr_assert_eq((uintptr_t)tensors[i]->raw % 64, 0);
    for (size_t k = 0; k < 15; k++) cr_assert_eq(tensors[i]->data[k], i == 2 ? 1.0f : 0.0f);
  }
  batch_free(batch);
}

Test(batch, create_makes_the_smallest_batch) {
  Batch *batch = batch_create(1, 1, 0);
  cr_assert_not_null(batch);
  cr_assert_eq(batch->input.total_size, 1);
  batch_free(batch);
}

Test(batch, create_starts_with_clean_metadata_in_a_header_used_before) {
  Batch *batch = counting_batch(2, 3);
  batch->status = BATCH_ERROR_IO;
  batch_free(batch);
  batch = batch_create(3, 2, 7);
  cr_assert_eq(batch->batch_id, 0);
  cr_assert_eq(batch->epoch_id, 0);
  cr_assert_not(batch->is_processed);
  cr_assert_eq(batch->processing_time, 0.0);
  cr_assert_eq(batch->status, BATCH_OK);
  assert_count(batch, 1);
  batch_free(batch);
}

Test(batch, create_refuses_sizes_of_zero) {
  assert_refused(!batch_create(0, 8, 100), BATCH_ERROR_INVALID_ARGUMENT, "batch_create", "batch_size", "0");
  assert_refused(!batch_create(8, 0, 100), BATCH_ERROR_INVALID_ARGUMENT, "batch_create", "sequence_length",
                 "0");
}

Test(batch, create_refuses_sizes_that_overflow) {
  assert_refused(!batch_create(UINT32_MAX, UINT32_MAX, 1), BATCH_ERROR_OVERFLOW, "batch_create",
                 "4294967295");
  assert_refused(!batch_create(1u << 31, 1u << 31, 1), BATCH_ERROR_OVERFLOW, "batch_create");
  assert_refused(!batch_create(1u << 31, 3u << 29, 1), BATCH_ERROR_OVERFLOW, "batch_create");
}

Test(batch, create_answers_out_of_memory_when_there_is_not_enough) {
  if (SIZE_MAX == UINT32_MAX) cr_skip("all that can be addressed may be there");
  assert_refused(!batch_create(1u << 30, 1u << 20, 1), BATCH_ERROR_OUT_OF_MEMORY, "batch_create");
}

Test(batch, create_shaped_makes_other_types_and_the_optional_tensors) {
  Batch *batch = batch_create_with(&mixed_shape);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  cr_assert_eq(batch->input.dtype, TENSOR_INT32);
  cr_assert_eq(batch->target.dtype, TENSOR_INT32);
  cr_assert_eq(batch->mask.dtype, TENSOR_UINT8);
  cr_assert_eq(batch->documents.dtype, TENSOR_INT32);
  cr_assert_eq(batch->positions.dtype, TENSOR_INT32);
  cr_assert_eq(batch->positions.ndim, 2);
  cr_assert_eq(batch->positions.shape[0], 6);
  cr_assert_eq(batch->documents.shape[1], 5);
  cr_assert_eq(batch->total_memory, 30u * (4 + 4 + 1 + 4 + 4));
  for (size_t i = 0; i < 30; i++) {
    cr_assert_eq(batch->input.i32[i], 0);
    cr_assert_eq(batch->target.i32[i], 0);
    cr_assert_eq(batch->mask.u8[i], 1);
    batch->documents.i32[i] = batch->positions.i32[i] = -1; /* theirs alone: the mask keeps its ones */
  }
  cr_assert_eq(batch->mask.u8[29], 1);
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch_free(batch);
}

Test(batch, create_shaped_refuses_bad_shapes) {
  batch_shape shape = mixed_shape;
  assert_refused(!batch_create_with(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with", "shape",
                 CHECK_NULL);
  shape.input_type = (tensor_type)77;
  assert_refused(!batch_create_with(&shape), BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with", "input_type",
                 "77");
  shape.input_type = TENSOR_INT32;
  shape.mask_type = (tensor_type)78;
  assert_refused(!batch_create_with(&shape), BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with", "mask_type",
                 "78");
  shape.mask_type = TENSOR_UINT8;
  shape.batch_size = 0;
  assert_refused(!batch_create_with(&shape), BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with", "batch_size",
                 "0");
}

Test(batch, free_and_release_take_null) {
  batch_free(NULL);
  batch_release(NULL);
}

Test(batch, retain_of_null_is_an_error_and_no_crash) {
  assert_refused((batch_retain(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_retain", CHECK_NULL);
}

Test(batch, retain_and_release_count) {
  Batch *batch = batch_create(2, 2, 2);
  batch_retain(batch);
  batch_retain(batch);
  assert_count(batch, 3);
  batch_release(batch);
  batch_free(batch);
  assert_count(batch, 1);
  batch->input.data[3] = 1;
  batch_release(batch);
}

static void retain_and_release(test_thread *self) {
  for (int i = 0; i < 20000; i++) {
    batch_retain(self->context);
    batch_release(self->context);
  }
}

Test(batch, counts_of_many_threads_add_up) {
  Batch *batch = batch_create(1, 1, 0);
  test_thread threads[4];
  threads_start(threads, 4, "counter", retain_and_release, batch);
  threads_join(threads, 4);
  assert_count(batch, 1);
  batch_free(batch);
}

static void release_twice(void *batch) {
  batch_release(batch);
  batch_release(batch);
}

static void free_twice(void *batch) {
  batch_free(batch);
  batch_free(batch);
}

static void retain_after_free(void *batch) {
  batch_free(batch);
  batch_retain(batch);
}

static void retain_once_too_often(void *batch) {
  atomic_store(&((Batch *)batch)->ref_count, INT_MAX);
  batch_retain(batch);
}

static void release_once(void *batch) {
  batch_release(batch);
}

Test(batch, release_of_a_free_batch_aborts) {
  Batch *batch = batch_create(1, 1, 0);
  assert_aborts(release_twice, batch, "batch_release");
  assert_aborts(free_twice, batch, "batch_");
  check_ending control = check_end_of(release_once, batch);
  cr_assert(control.signal == 0 && control.status == 0 && *control.message == '\0', "%s", control.message);
  batch_free(batch);
}

Test(batch, release_of_a_free_batch_aborts_the_process, .signal = SIGABRT) {
  release_twice(batch_create(1, 1, 0));
}

Test(batch, retain_of_a_free_batch_aborts) {
  Batch *batch = batch_create(1, 1, 0);
  assert_aborts(retain_after_free, batch, "batch_retain");
  batch_free(batch);
}

Test(batch, retain_aborts_before_the_count_overflows) {
  Batch *batch = batch_create(1, 1, 0);
  assert_aborts(retain_once_too_often, batch, "batch_retain");
  batch_free(batch);
}

static void free_view_twice(void *context) {
  Batch *parts[2];
  batch_split(context, 2, parts);
  batch_free(parts[1]);
  batch_free(parts[1]);
}

Test(batch, release_of_a_free_view_aborts) {
  Batch *batch = batch_create(2, 1, 0);
  assert_aborts(free_view_twice, batch, "batch_");
  batch_free(batch);
}

#ifdef CHECK_UNDER_ASAN
static void read_header(void *batch) {
  if (((volatile Batch *)batch)->batch_size == 12345) _exit(1);
}

static void read_header_after_free(void *batch) {
  batch_free(batch);
  read_header(batch);
}

static void read_elements_after_free(void *batch) {
  volatile float *element = ((Batch *)batch)->input.data;
  batch_free(batch);
  if (*element == 12345.0f) _exit(1);
}

Test(batch, use_after_free_is_reported_by_address_sanitizer) {
  Batch *batch = batch_create(2, 2, 2);
  cr_assert_str_eq(check_end_of(read_header, batch).message, "");
  assert_says(check_end_of(read_header_after_free, batch).message, "AddressSanitizer", "read_header");
  assert_says(check_end_of(read_elements_after_free, batch).message, "AddressSanitizer",
              "read_elements_after_free");
  batch_free(batch);
}
#endif

static void print_batch(void *batch) {
  batch_print(batch);
}

Test(batch, print_shows_metadata_and_first_elements) {
  Batch *batch = counting_batch(3, 17);
  batch->input.data[0] = 321;
  batch->target.data[0] = 654;
  char *text = check_output_of(1, print_batch, batch);
  assert_says(text, "4711", "3", "17", "1000000", "input", "target", "mask", "321", "654");
  free(text);
  batch_free(batch);
  free(check_output_of(1, print_batch, NULL));
}
