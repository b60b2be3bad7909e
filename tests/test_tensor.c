#include "support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const tensor_type every_type[] = {TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_INT32, TENSOR_INT64,
                                         TENSOR_UINT8,   TENSOR_UINT16,  TENSOR_UINT32};
static const size_t every_size[] = {4, 8, 4, 8, 1, 2, 4};
static const char *const every_name[] = {"float32", "float64", "int32", "int64", "uint8", "uint16", "uint32"};
enum { TYPES = sizeof every_type / sizeof *every_type };
static const tensor_type NO_TYPE = (tensor_type)99;

static Tensor *matrix(uint32_t rows, uint32_t columns, tensor_type dtype) {
  Tensor *tensor = tensor_create_typed((uint32_t[]){rows, columns}, 2, dtype);
  cr_assert_not_null(tensor, "%s", batch_last_error()->message);
  return tensor;
}

/* 0, 1, 2, ... in row-major order */
static Tensor *counting_matrix(uint32_t rows, uint32_t columns, tensor_type dtype) {
  Tensor *tensor = matrix(rows, columns, dtype);
  for (uint32_t i = 0; i < rows * columns; i++)
    tensor_set(tensor, (uint32_t[]){i / columns, i % columns}, (float)i);
  return tensor;
}

static float at(const Tensor *tensor, uint32_t row, uint32_t column) {
  return tensor_get(tensor, (uint32_t[]){row, column});
}

Test(tensor, create_makes_zeroed_aligned_float32) {
  uint32_t shape[] = {3, 5, 7};
  Tensor *tensor = tensor_create(shape, 3);
  cr_assert_not_null(tensor);
  cr_assert_eq(tensor->dtype, TENSOR_FLOAT32);
  cr_assert_eq(tensor->ndim, 3);
  cr_assert_eq(tensor->total_size, 105);
  cr_assert(tensor->owns_data);
  cr_assert_neq(tensor->shape, tensor->dims);
  cr_assert_arr_eq(tensor->shape, shape, sizeof shape);
  cr_assert_eq((uintptr_t)tensor->raw % 64, 0);
  for (size_t i = 0; i < 105; i++) cr_assert_eq(tensor->data[i], 0.0f);
  tensor_free(tensor);
}

Test(tensor, create_keeps_no_pointer_to_the_callers_shape) {
  uint32_t shape[] = {2, 3};
  Tensor *tensor = tensor_create(shape, 2);
  shape[0] = 99;
  cr_assert_eq(tensor->shape[0], 2);
  tensor_free(tensor);
}

Test(tensor, create_takes_one_to_eight_dimensions) {
  uint32_t shape[TENSOR_MAX_NDIM] = {1, 2, 1, 3, 1, 1, 2, 1};
  size_t size = 1;
  for (uint32_t ndim = 1; ndim <= TENSOR_MAX_NDIM; ndim++) {
    size *= shape[ndim - 1];
    Tensor *tensor = tensor_create(shape, ndim);
    cr_assert_not_null(tensor);
    cr_assert_eq(tensor->total_size, size);
    tensor_free(tensor);
  }
}

Test(tensor, create_typed_makes_zeroed_tensors_of_every_type) {
  for (int i = 0; i < TYPES; i++) {
    Tensor *tensor = matrix(3, 5, every_type[i]);
    static const uint8_t zeros[15 * 8];
    cr_assert_eq(tensor->dtype, every_type[i]);
    cr_assert_eq((uintptr_t)tensor->raw % 64, 0);
    cr_assert_arr_eq(tensor->raw, zeros, 15 * every_size[i]);
    tensor_free(tensor);
  }
}

Test(tensor, create_refuses_bad_shapes) {
  uint32_t good[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, zero[] = {7, 0, 3};
  assert_refused(!tensor_create(NULL, 2), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create", "shape", CHECK_NULL);
  assert_refused(!tensor_create(good, 0), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create", "ndim", "0");
  assert_refused(!tensor_create(good, 9), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create", "ndim", "9");
  assert_refused(!tensor_create(good, UINT32_MAX), BATCH_ERROR_INVALID_ARGUMENT, "ndim", "4294967295");
  assert_refused(!tensor_create(zero, 3), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create", "shape", "0");
}

Test(tensor, create_typed_refuses_what_is_no_type) {
  uint32_t shape[] = {1};
  assert_refused(!tensor_create_typed(shape, 1, NO_TYPE), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create_typed",
                 "dtype", "99");
}

Test(tensor, create_refuses_sizes_that_overflow) {
  uint32_t huge[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
  uint32_t wraps_to_zero[] = {65536, 65536, 65536, 65536};
  uint32_t wraps_to_4[] = {3340214413, 276131137, 20};
  uint32_t overflows_in_bytes[] = {1u << 31, 1u << 31};
  assert_refused(!tensor_create(huge, 3), BATCH_ERROR_OVERFLOW, "tensor_create", "shape");
  assert_refused(!tensor_create(wraps_to_zero, 4), BATCH_ERROR_OVERFLOW, "tensor_create");
  assert_refused(!tensor_create(wraps_to_4, 3), BATCH_ERROR_OVERFLOW, "tensor_create");
  assert_refused(!tensor_create(overflows_in_bytes, 2), BATCH_ERROR_OVERFLOW, "tensor_create");
  assert_refused(!tensor_create_typed(huge, 2, TENSOR_UINT16), BATCH_ERROR_OVERFLOW, "tensor_create_typed");
}

Test(tensor, create_answers_out_of_memory_when_there_is_not_enough) {
  uint32_t shape[] = {1u << 30, 1u << 20}; /* 4 PiB */
  if (SIZE_MAX == UINT32_MAX) cr_skip("all that can be addressed may be there");
  assert_refused(!tensor_create(shape, 2), BATCH_ERROR_OUT_OF_MEMORY, "tensor_create");
}

Test(tensor, free_takes_null) {
  tensor_free(NULL);
}

Test(tensor, copy_is_deep_for_every_type) {
  for (int i = 0; i < TYPES; i++) {
    Tensor *tensor = counting_matrix(3, 5, every_type[i]), *copy = tensor_copy(tensor);
    cr_assert_not_null(copy);
    cr_assert_eq(copy->dtype, every_type[i]);
    cr_assert(copy->owns_data);
    cr_assert_neq(copy->shape, copy->dims);
    cr_assert_neq(copy->raw, tensor->raw);
    cr_assert_eq((uintptr_t)copy->raw % 64, 0);
    tensor_fill(tensor, 99);
    tensor_free(tensor);
    for (uint32_t k = 0; k < 15; k++) cr_assert_eq(at(copy, k / 5, k % 5), (float)k);
    tensor_free(copy);
  }
}

Test(tensor, copy_of_a_view_holds_the_views_rows) {
  Tensor *tensor = counting_matrix(4, 3, TENSOR_INT64), *view = tensor_view_rows(tensor, 1, 2);
  Tensor *copy = tensor_copy(view);
  tensor_free(view);
  tensor_free(tensor);
  cr_assert_eq(copy->total_size, 6);
  cr_assert(copy->owns_data);
  for (uint32_t k = 0; k < 6; k++) cr_assert_eq(at(copy, k / 3, k % 3), (float)(k + 3));
  tensor_free(copy);
}

Test(tensor, copy_takes_a_tensor_that_the_caller_made) {
  float elements[6] = {1, 2, 3, 4, 5, 6};
  uint32_t shape[2] = {2, 3};
  Tensor mine = {.data = elements, .shape = shape, .ndim = 2, .total_size = 6};
  Tensor *copy = tensor_copy(&mine);
  cr_assert_not_null(copy);
  cr_assert_arr_eq(copy->data, elements, sizeof elements);
  cr_assert_neq(copy->shape, copy->dims);
  cr_assert_eq(copy->shape[1], 3);
  tensor_free(copy);
}

Test(tensor, copy_refuses_null_and_what_is_no_tensor) {
  Tensor nothing = {.ndim = 0};
  assert_refused(!tensor_copy(NULL), BATCH_ERROR_INVALID_ARGUMENT, "tensor_copy", "tensor", CHECK_NULL);
  assert_refused(!tensor_copy(&nothing), BATCH_ERROR_INVALID_ARGUMENT, "tensor_copy", "tensor");
}

Test(tensor, view_shares_the_rows_it_shows) {
  for (int i = 0; i < TYPES; i++) {
    Tensor *tensor = counting_matrix(5, 3, every_type[i]), *view = tensor_view_rows(tensor, 2, 2);
    cr_assert_not_null(view);
    cr_assert_not(view->owns_data);
    cr_assert_eq(view->dtype, every_type[i]);
    cr_assert_eq(view->shape, view->dims);
    cr_assert_eq(view->shape[0], 2);
    cr_assert_eq(view->shape[1], 3);
    cr_assert_eq(view->total_size, 6);
    cr_assert_eq(view->u8, tensor->u8 + 6 * every_size[i]);
    tensor_set(view, (uint32_t[]){1, 2}, 77);
    tensor_free(view);
    cr_assert_eq(at(tensor, 3, 2), 77.0f);
    tensor_free(tensor);
  }
}

Test(tensor, view_of_a_view_and_of_one_dimension) {
  Tensor *line = tensor_create((uint32_t[]){10}, 1);
  Tensor *view = tensor_view_rows(line, 3, 6), *inner = tensor_view_rows(view, 2, 4);
  cr_assert_eq(inner->data, line->data + 5);
  cr_assert_eq(inner->total_size, 4);
  tensor_free(view);
  tensor_free(inner);
  tensor_free(line);
}

Test(tensor, view_of_all_rows_and_of_the_last) {
  Tensor *tensor = matrix(3, 4, TENSOR_FLOAT32);
  Tensor *all = tensor_view_rows(tensor, 0, 3), *last = tensor_view_rows(tensor, 2, 1);
  cr_assert_eq(all->total_size, 12);
  cr_assert_eq(last->data, tensor->data + 8);
  tensor_free(all);
  tensor_free(last);
  tensor_free(tensor);
}

Test(tensor, view_refuses_rows_that_are_not_there) {
  Tensor *tensor = matrix(3, 4, TENSOR_FLOAT32);
  Tensor nothing = {.ndim = 0};
  assert_refused(!tensor_view_rows(tensor, 0, 4), BATCH_ERROR_OUT_OF_RANGE, "tensor_view_rows", "4", "3");
  assert_refused(!tensor_view_rows(tensor, 3, 1), BATCH_ERROR_OUT_OF_RANGE, "tensor_view_rows", "3");
  assert_refused(!tensor_view_rows(tensor, UINT32_MAX, 2), BATCH_ERROR_OUT_OF_RANGE, "tensor_view_rows");
  assert_refused(!tensor_view_rows(tensor, 2, UINT32_MAX), BATCH_ERROR_OUT_OF_RANGE, "tensor_view_rows");
  assert_refused(!tensor_view_rows(NULL, 0, 1), BATCH_ERROR_INVALID_ARGUMENT, "tensor_view_rows", CHECK_NULL);
  assert_refused(!tensor_view_rows(&nothing, 0, 1), BATCH_ERROR_INVALID_ARGUMENT, "tensor_view_rows");
  check_forget_error();
  cr_assert_null(tensor_view_rows(tensor, 0, 0));
  assert_says(batch_last_error()->message, "tensor_view_rows", "count", "0");
  tensor_free(tensor);
}

Test(tensor, reshape_keeps_the_elements) {
  Tensor *tensor = counting_matrix(3, 4, TENSOR_FLOAT32);
  float *data = tensor->data;
  cr_assert(tensor_reshape(tensor, (uint32_t[]){2, 3, 2}, 3));
  cr_assert_eq(tensor->data, data);
  cr_assert_eq(tensor->ndim, 3);
  cr_assert_eq(tensor->total_size, 12);
  cr_assert_neq(tensor->shape, tensor->dims);
  cr_assert_eq(tensor_get(tensor, (uint32_t[]){1, 2, 1}), 11.0f);
  cr_assert(tensor_reshape(tensor, (uint32_t[]){12}, 1));
  cr_assert_eq(tensor_get(tensor, (uint32_t[]){7}), 7.0f);
  tensor_free(tensor);
}

Test(tensor, reshape_to_its_own_shape) {
  Tensor *tensor = matrix(3, 4, TENSOR_FLOAT32);
  cr_assert(tensor_reshape(tensor, tensor->shape, tensor->ndim));
  cr_assert_eq(tensor->shape[0], 3);
  cr_assert_eq(tensor->shape[1], 4);
  tensor_free(tensor);
}

Test(tensor, reshape_refuses_another_size_and_changes_nothing) {
  Tensor *tensor = matrix(3, 4, TENSOR_FLOAT32);
  uint32_t nine[9] = {12, 1, 1, 1, 1, 1, 1, 1, 1};
  assert_refused(!tensor_reshape(tensor, (uint32_t[]){13}, 1), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape",
                 "13", "12");
  assert_refused(!tensor_reshape(tensor, (uint32_t[]){12, 0}, 2), BATCH_ERROR_INVALID_ARGUMENT,
                 "tensor_reshape");
  assert_refused(!tensor_reshape(tensor, nine, 9), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape", "ndim",
                 "9");
  assert_refused(!tensor_reshape(tensor, nine, 0), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape", "ndim",
                 "0");
  assert_refused(!tensor_reshape(tensor, NULL, 2), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape", "shape",
                 CHECK_NULL);
  assert_refused(!tensor_reshape(NULL, nine, 1), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape", "tensor",
                 CHECK_NULL);
  cr_assert_eq(tensor->ndim, 2);
  cr_assert_eq(tensor->shape[0], 3);
  cr_assert_eq(tensor->shape[1], 4);
  tensor_free(tensor);
}

Test(tensor, reshape_is_not_fooled_by_a_product_that_wraps) {
  Tensor *tensor = matrix(2, 2, TENSOR_FLOAT32);
  check_forget_error();
  cr_assert_not(tensor_reshape(tensor, (uint32_t[]){3340214413, 276131137, 20}, 3)); /* 2^64 + 4 */
  assert_says(batch_last_error()->message, "tensor_reshape");
  cr_assert_eq(tensor->ndim, 2);
  tensor_free(tensor);
}

Test(tensor, elements_lie_in_row_major_order) {
  Tensor *tensor = tensor_create((uint32_t[]){2, 3, 4}, 3);
  for (size_t i = 0; i < 24; i++) tensor->data[i] = (float)i;
  for (uint32_t i = 0; i < 24; i++)
    cr_assert_eq(tensor_get(tensor, (uint32_t[]){i / 12, i / 4 % 3, i % 4}), (float)i);
  tensor_set(tensor, (uint32_t[]){1, 0, 2}, -5.0f);
  cr_assert_eq(tensor->data[14], -5.0f);
  tensor_free(tensor);
}

Test(tensor, every_index_is_checked_against_its_own_dimension) {
  Tensor *tensor = counting_matrix(2, 3, TENSOR_FLOAT32);
  uint32_t outside[][2] = {{0, 3}, {0, 5}, {2, 0}, {1, 3}, {0, UINT32_MAX}, {UINT32_MAX, 0}, {UINT32_MAX, 2}};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    float got = 1;
    assert_refused((got = tensor_get(tensor, outside[i])) == 0.0f, BATCH_ERROR_OUT_OF_RANGE, "tensor_get");
    assert_refused((tensor_set(tensor, outside[i], 9), true), BATCH_ERROR_OUT_OF_RANGE, "tensor_set");
  }
  assert_refused(tensor_get(tensor, (uint32_t[]){0, 5}) == 0.0f, BATCH_ERROR_OUT_OF_RANGE, "5", "3");
  for (size_t i = 0; i < 6; i++) cr_assert_eq(tensor->data[i], (float)i);
  tensor_free(tensor);
}

Test(tensor, get_and_set_refuse_null_and_what_is_no_tensor) {
  Tensor *tensor = matrix(2, 3, TENSOR_FLOAT32);
  Tensor nothing = {.ndim = 0};
  uint32_t origin[2] = {0, 0};
  assert_refused(tensor_get(NULL, origin) == 0.0f, BATCH_ERROR_INVALID_ARGUMENT, "tensor_get", "tensor",
                 CHECK_NULL);
  assert_refused(tensor_get(tensor, NULL) == 0.0f, BATCH_ERROR_INVALID_ARGUMENT, "tensor_get", "indices",
                 CHECK_NULL);
  assert_refused(tensor_get(&nothing, origin) == 0.0f, BATCH_ERROR_INVALID_ARGUMENT, "tensor_get", "tensor");
  assert_refused((tensor_set(NULL, origin, 1), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_set", "tensor",
                 CHECK_NULL);
  assert_refused((tensor_set(tensor, NULL, 1), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_set", "indices");
  assert_refused((tensor_set(&nothing, origin, 1), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_set",
                 "tensor");
  tensor_free(tensor);
}

/* What tensor_set and tensor_fill make of a float in each type, read back with tensor_get. */
typedef struct conversion {
  tensor_type dtype;
  float value, stored;
} conversion;

static const conversion conversions[] = {
    {TENSOR_FLOAT32, 1.5f, 1.5f},
    {TENSOR_FLOAT32, INFINITY, INFINITY},
    {TENSOR_FLOAT64, -2.25f, -2.25f},
    {TENSOR_INT32, 2.9f, 2},
    {TENSOR_INT32, -2.9f, -2},
    {TENSOR_INT32, 3e9f, 2147483648.0f},
    {TENSOR_INT32, -3e9f, -2147483648.0f},
    {TENSOR_INT32, INFINITY, 2147483648.0f},
    {TENSOR_INT32, 2147483648.0f, 2147483648.0f},
    {TENSOR_INT32, NAN, 0},
    {TENSOR_INT64, -7.5f, -7},
    {TENSOR_INT64, 1e10f, 1e10f},
    {TENSOR_INT64, INFINITY, 9223372036854775808.0f},
    {TENSOR_INT64, 9223372036854775808.0f, 9223372036854775808.0f},
    {TENSOR_INT64, -INFINITY, -9223372036854775808.0f},
    {TENSOR_INT64, NAN, 0},
    {TENSOR_UINT8, 255.9f, 255},
    {TENSOR_UINT8, 256, 255},
    {TENSOR_UINT8, 1e30f, 255},
    {TENSOR_UINT8, -1, 0},
    {TENSOR_UINT8, -0.5f, 0},
    {TENSOR_UINT8, NAN, 0},
    {TENSOR_UINT16, 65535, 65535},
    {TENSOR_UINT16, 65536, 65535},
    {TENSOR_UINT16, -INFINITY, 0},
    {TENSOR_UINT16, NAN, 0},
    {TENSOR_UINT32, 5e9f, 4294967296.0f},
    {TENSOR_UINT32, 4294967296.0f, 4294967296.0f},
    {TENSOR_UINT32, 3e9f, 3e9f},
    {TENSOR_UINT32, -3, 0},
    {TENSOR_UINT32, NAN, 0},
};
enum { CONVERSIONS = sizeof conversions / sizeof *conversions };

Test(tensor, set_truncates_and_clamps_to_the_element_type) {
  for (int i = 0; i < CONVERSIONS; i++) {
    Tensor *tensor = matrix(2, 2, conversions[i].dtype);
    tensor_set(tensor, (uint32_t[]){1, 0}, conversions[i].value);
    cr_assert_eq(at(tensor, 1, 0), conversions[i].stored, "%s: %g became %g instead of %g",
                 tensor_type_name(conversions[i].dtype), conversions[i].value, at(tensor, 1, 0),
                 conversions[i].stored);
    cr_assert_eq(at(tensor, 1, 1), 0.0f);
    tensor_free(tensor);
  }
}

Test(tensor, fill_truncates_and_clamps_to_the_element_type) {
  for (int i = 0; i < CONVERSIONS; i++) {
    Tensor *tensor = matrix(3, 7, conversions[i].dtype);
    tensor_fill(tensor, conversions[i].value);
    for (uint32_t k = 0; k < 21; k++) cr_assert_eq(at(tensor, k / 7, k % 7), conversions[i].stored);
    tensor_free(tensor);
  }
}

Test(tensor, clamped_values_are_the_exact_ends_of_the_type) {
  Tensor *i32 = matrix(1, 2, TENSOR_INT32), *i64 = matrix(1, 2, TENSOR_INT64),
         *u32 = matrix(1, 2, TENSOR_UINT32);
  tensor_fill(i32, 1e30f);
  tensor_fill(i64, 1e30f);
  tensor_fill(u32, 1e30f);
  cr_assert_eq(i32->i32[0], INT32_MAX);
  cr_assert_eq(i64->i64[0], INT64_MAX);
  cr_assert_eq(u32->u32[0], UINT32_MAX);
  tensor_fill(i32, -1e30f);
  tensor_fill(i64, -1e30f);
  cr_assert_eq(i32->i32[1], INT32_MIN);
  cr_assert_eq(i64->i64[1], INT64_MIN);
  tensor_free(i32);
  tensor_free(i64);
  tensor_free(u32);
}

Test(tensor, nan_stays_nan_in_floats) {
  Tensor *f32 = matrix(1, 1, TENSOR_FLOAT32), *f64 = matrix(1, 1, TENSOR_FLOAT64);
  tensor_fill(f32, NAN);
  tensor_fill(f64, NAN);
  cr_assert(isnan(f32->data[0]));
  cr_assert(isnan(f64->f64[0]));
  tensor_free(f32);
  tensor_free(f64);
}

Test(tensor, get_converts_integers_and_doubles_to_float) {
  Tensor *i64 = matrix(1, 1, TENSOR_INT64), *f64 = matrix(1, 1, TENSOR_FLOAT64);
  i64->i64[0] = 16777217; /* 2^24 + 1 */
  f64->f64[0] = 0.1;
  cr_assert_eq(at(i64, 0, 0), 16777216.0f);
  cr_assert_eq(at(f64, 0, 0), (float)0.1); /* 0.1f may be a long double */
  tensor_free(i64);
  tensor_free(f64);
}

Test(tensor, fill_of_a_view_stays_inside_it) {
  Tensor *tensor = matrix(3, 5, TENSOR_UINT16), *view = tensor_view_rows(tensor, 1, 1);
  tensor_fill(view, 3);
  for (uint32_t k = 0; k < 15; k++) cr_assert_eq(tensor->u16[k], k / 5 == 1 ? 3 : 0);
  tensor_free(view);
  tensor_free(tensor);
}

Test(tensor, fill_refuses_null_and_what_is_no_tensor) {
  Tensor nothing = {.ndim = 0};
  assert_refused((tensor_fill(NULL, 1), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_fill", "tensor",
                 CHECK_NULL);
  assert_refused((tensor_fill(&nothing, 1), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_fill", "tensor");
}

static void print_tensor(void *tensor) {
  tensor_print(tensor);
}

Test(tensor, print_shows_type_shape_and_first_values_on_one_line) {
  Tensor *tensor = matrix(3, 40, TENSOR_INT32);
  tensor->i32[0] = 4711;
  tensor->i32[1] = -12;
  char *text = check_output_of(1, print_tensor, tensor);
  assert_says(text, "int32", "3", "40", "4711", "-12");
  cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "not one line: \"%s\"", text);
  free(text);
  tensor_free(tensor);
}

Test(tensor, print_takes_null_and_what_is_no_tensor) {
  Tensor nothing = {.ndim = 0};
  free(check_output_of(1, print_tensor, NULL));
  free(check_output_of(1, print_tensor, &nothing));
}

Test(tensor, types_have_sizes_and_names) {
  for (int i = 0; i < TYPES; i++) {
    cr_assert_eq(tensor_type_size(every_type[i]), every_size[i]);
    cr_assert_str_eq(tensor_type_name(every_type[i]), every_name[i]);
  }
  cr_assert_eq(tensor_type_size(NO_TYPE), 0);
  cr_assert_str_eq(tensor_type_name(NO_TYPE), "?");
  cr_assert_eq(tensor_type_size((tensor_type)-1), 0);
}

static void end_by_hand(Tensor *tensor) {
  free(tensor->data);
  free(tensor->shape);
}

Test(tensor_ownership, a_struct_copy_outlives_its_wrapper) {
  Tensor *made = tensor_create((uint32_t[]){2, 3}, 2), tensor = *made;
  free(made);
  free(memset(malloc(sizeof *made), 0x5a, sizeof *made)); /* what held the wrapper is written over */
  tensor_fill(&tensor, 4);
  cr_assert_eq(tensor.shape[0], 2);
  cr_assert_eq(tensor.shape[1], 3);
  cr_assert_eq(at(&tensor, 1, 2), 4.0f);
  Tensor *copy = tensor_copy(&tensor), *view = tensor_view_rows(&tensor, 1, 1);
  end_by_hand(&tensor);
  cr_assert_eq(at(copy, 0, 0), 4.0f);
  tensor_free(copy);
  tensor_free(view);
}

Test(tensor_ownership, a_struct_copy_in_malloc_memory_goes_to_tensor_free) {
  Tensor *made = tensor_create((uint32_t[]){2, 3}, 2), *moved = malloc(sizeof *moved);
  *moved = *made;
  free(made);
  tensor_free(moved);
}

Test(tensor_ownership, reshape_of_a_struct_copy_leaves_the_tensor_it_was_copied_from) {
  for (uint32_t ndim = 1; ndim <= TENSOR_MAX_NDIM; ndim++) {
    uint32_t shape[TENSOR_MAX_NDIM] = {6, 1, 1, 1, 1, 1, 1, 1};
    Tensor *tensor = tensor_create(shape, ndim), copy = *tensor;
    cr_assert(tensor_reshape(&copy, (uint32_t[]){2, 3}, 2));
    cr_assert_eq(at(&copy, 1, 2), 0.0f);
    cr_assert_eq(copy.shape[1], 3);
    cr_assert_eq(tensor->ndim, ndim);
    cr_assert_eq(tensor->shape[0], 6);
    cr_assert(tensor_reshape(&copy, (uint32_t[]){1, 6, 1}, 3));
    cr_assert_eq(tensor->shape[0], 6);
    free(copy.shape);
    tensor_free(tensor);
  }
}

Test(tensor_ownership, a_moved_tensor_may_be_reshaped_and_ended_by_hand) {
  Tensor *made = tensor_create((uint32_t[]){6}, 1), tensor = *made;
  uint32_t *first = tensor.shape;
  free(made);
  cr_assert(tensor_reshape(&tensor, (uint32_t[]){1, 1, 1, 1, 1, 1, 2, 3}, 8));
  cr_assert_eq(tensor.ndim, 8);
  cr_assert_eq(tensor.shape[7], 3);
  if (tensor.shape != first) free(first);
  end_by_hand(&tensor);
}

/* A copy still has the old number of dimensions when the tensor itself is reshaped: an error, no stray read. */
Test(tensor_ownership, a_struct_copy_is_refused_once_its_shape_is_another) {
  Tensor *tensor = tensor_create((uint32_t[]){2, 3}, 2), copy = *tensor;
  cr_assert(tensor_reshape(tensor, (uint32_t[]){6}, 1));
  assert_refused(tensor_get(&copy, (uint32_t[]){0, 0}) == 0.0f, BATCH_ERROR_INVALID_ARGUMENT, "tensor_get",
                 "shape", "6");
  tensor_free(tensor);
}

Test(tensor_ownership, free_frees_the_elements_that_took_the_place_of_the_first) {
  Tensor *tensor = tensor_create((uint32_t[]){2, 3}, 2);
  free(tensor->data);
  tensor->data = calloc(6, sizeof *tensor->data);
  free(tensor->shape);
  tensor->shape = malloc(2 * sizeof *tensor->shape);
  tensor->shape[0] = 3;
  tensor->shape[1] = 2;
  cr_assert_eq(at(tensor, 2, 1), 0.0f);
  cr_assert(tensor_reshape(tensor, (uint32_t[]){1, 2, 3}, 3));
  tensor_free(tensor);
}

Test(tensor_ownership, elements_may_be_grown) {
  Tensor *tensor = counting_matrix(2, 3, TENSOR_FLOAT32);
  for (uint32_t rows = 4; rows <= 1024; rows *= 2) { /* in place or not */
    tensor->data = realloc(tensor->data, rows * 3 * sizeof *tensor->data);
    tensor->shape[0] = rows;
    tensor->total_size = rows * 3;
    tensor_set(tensor, (uint32_t[]){rows - 1, 2}, 7);
    cr_assert_eq(tensor->data[rows * 3 - 1], 7.0f);
    cr_assert_eq(at(tensor, 1, 2), 5.0f);
  }
  tensor_free(tensor);
}

Test(tensor_ownership, elements_may_be_taken_out) {
  Tensor *tensor = tensor_create((uint32_t[]){2, 3}, 2);
  float *data = tensor->data;
  tensor->owns_data = false;
  tensor_free(tensor);
  data[5] = 1;
  free(data);
}

static Tensor *by_hand(float *data, bool owns_data) {
  Tensor *tensor = calloc(1, sizeof *tensor);
  tensor->data = data;
  tensor->shape = malloc(2 * sizeof *tensor->shape);
  tensor->shape[0] = 2;
  tensor->shape[1] = 3;
  tensor->ndim = 2;
  tensor->total_size = 6;
  tensor->owns_data = owns_data;
  return tensor;
}

Test(tensor_ownership, tensors_made_by_hand_work_as_their_fields_say) {
  float mine[6] = {0, 1, 2, 3, 4, 5};
  Tensor *view = by_hand(mine, false), *owner = by_hand(calloc(6, sizeof(float)), true);
  cr_assert_eq(at(view, 1, 2), 5.0f);
  cr_assert(tensor_reshape(owner, (uint32_t[]){1, 6, 1}, 3));
  cr_assert(tensor_reshape(owner, (uint32_t[]){3, 2}, 2));
  cr_assert_eq(at(owner, 2, 1), 0.0f);
  tensor_free(view);
  tensor_free(owner);
  Tensor here = {.data = mine, .shape = (uint32_t[]){2, 3}, .ndim = 2, .total_size = 6};
  cr_assert(tensor_reshape(&here, (uint32_t[]){1, 1, 6}, 3));
  cr_assert_eq(tensor_get(&here, (uint32_t[]){0, 0, 5}), 5.0f);
}

Test(tensor_ownership, struct_copies_of_views_are_reshaped_without_an_allocation) {
  Tensor *tensor = matrix(4, 3, TENSOR_FLOAT32), *view = tensor_view_rows(tensor, 1, 2), copy = *view;
  cr_assert(tensor_reshape(&copy, (uint32_t[]){6}, 1));
  cr_assert_eq(copy.shape, copy.dims);
  cr_assert_eq(view->shape[0], 2);
  cr_assert(tensor_reshape(view, (uint32_t[]){1, 6}, 2));
  cr_assert_eq(copy.shape[0], 6);
  tensor_free(view);
  tensor_free(tensor);
}

Test(tensor_fields, contradictions_are_refused_by_every_call) {
  Tensor *tensor = matrix(2, 3, TENSOR_FLOAT32), whole = *tensor;
  Tensor wrong[8];
  for (int i = 0; i < 8; i++) wrong[i] = whole;
  uint32_t sizes[2] = {3, 3}, none[2] = {0, 3}, wrapping[3] = {3340214413, 276131137, 20};
  wrong[0].total_size = 7;
  wrong[1].total_size = SIZE_MAX;
  wrong[2].shape = sizes;
  wrong[3].shape = none;
  wrong[4].ndim = TENSOR_MAX_NDIM + 1;
  wrong[5].dtype = NO_TYPE;
  wrong[6].dtype = TENSOR_INT64; /* 48 bytes of 24 */
  wrong[7].shape = wrapping;     /* 2^64 + 4 */
  wrong[7].ndim = 3;
  wrong[7].total_size = 4;
  for (int i = 0; i < 8; i++) {
    uint32_t origin[3] = {0, 0, 0};
    assert_refused(tensor_get(&wrong[i], origin) == 0.0f, BATCH_ERROR_INVALID_ARGUMENT, "tensor_get: tensor");
    assert_refused((tensor_set(&wrong[i], origin, 9), true), BATCH_ERROR_INVALID_ARGUMENT,
                   "tensor_set: tensor");
    assert_refused((tensor_fill(&wrong[i], 9), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_fill: tensor");
    assert_refused(!tensor_copy(&wrong[i]), BATCH_ERROR_INVALID_ARGUMENT, "tensor_copy: tensor");
    assert_refused(!tensor_view_rows(&wrong[i], 0, 1), BATCH_ERROR_INVALID_ARGUMENT,
                   "tensor_view_rows: tensor");
    assert_refused(!tensor_reshape(&wrong[i], (uint32_t[]){6}, 1), BATCH_ERROR_INVALID_ARGUMENT,
                   "tensor_reshape: tensor");
    assert_refused((tensor_print(&wrong[i]), true), BATCH_ERROR_INVALID_ARGUMENT, "tensor_print: tensor");
  }
  for (size_t i = 0; i < 6; i++) cr_assert_eq(tensor->data[i], 0.0f);
  tensor_free(tensor);
}

Test(tensor_fields, a_type_that_is_not_wider_reads_the_same_elements) {
  Tensor *tensor = matrix(2, 3, TENSOR_FLOAT32);
  tensor->dtype = TENSOR_INT32;
  tensor_fill(tensor, -7);
  cr_assert_eq(tensor->i32[5], -7);
  tensor->dtype = TENSOR_UINT8;
  tensor_fill(tensor, 3);
  cr_assert_eq(tensor->u8[5], 3);
  tensor_free(tensor);
}

Test(tensor_fields, print_shows_integers_in_full) {
  Tensor *tensor = matrix(1, 2, TENSOR_INT64);
  tensor->i64[0] = 1234567890123456789;
  tensor->i64[1] = -1000001;
  char *text = check_output_of(1, print_tensor, tensor);
  assert_says(text, " 1234567890123456789", " -1000001");
  free(text);
  tensor_free(tensor);
}
