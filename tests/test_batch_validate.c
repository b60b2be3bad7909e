#include "support/check.h"

#include <math.h>
#include <stdio.h>

TestSuite(batch_validate);
TestSuite(batch_validate_strict);

static Batch *shaped(uint32_t columns, tensor_type input, tensor_type mask, uint32_t vocab_size) {
  batch_shape shape = {.batch_size = 3,
                       .sequence_length = columns,
                       .vocab_size = vocab_size,
                       .input_type = input,
                       .mask_type = mask};
  Batch *batch = batch_create_with(&shape);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  return batch;
}

/* The strict validation fails and names tensor, row, column and value. */
#define assert_fault(...) assert_fault_of(batch_validate_strict, __VA_ARGS__)

#define assert_fault_of(function, batch, tensor, row, column, value)                                         \
  do {                                                                                                       \
    char row_[16], column_[16];                                                                              \
    snprintf(row_, sizeof row_, "row %u", (unsigned)(row));                                                  \
    snprintf(column_, sizeof column_, "column %u", (unsigned)(column));                                      \
    check_forget_error();                                                                                    \
    cr_assert_not(function(batch), "valid with " value " at row %u, column %u", (unsigned)(row),             \
                  (unsigned)(column));                                                                       \
    assert_says(batch_last_error()->message, #function ": ", tensor, row_, column_, value);                  \
  } while (0)

Test(batch_validate_strict, accepts_what_create_makes_and_the_ends_of_the_ranges) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch->input.data[0] = 0;
  batch->input.data[1] = 99;
  batch->mask.data[0] = 0;
  batch->mask.data[1] = 0.5f;
  batch->mask.data[2] = 1;
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch_free(batch);
}

/* Whatever the width of the vectors, no position is left out. */
Test(batch_validate_strict, finds_a_fault_at_every_position) {
  for (uint32_t columns = 1; columns <= 37; columns += 3) {
    Batch *batch = shaped(columns, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
    for (uint32_t i = 0; i < 3 * columns; i++) {
      batch->input.data[i] = NAN;
      assert_fault(batch, "input", i / columns, i % columns, "nan");
      batch->input.data[i] = 0;
      batch->target.data[i] = 777;
      assert_fault(batch, "target", i / columns, i % columns, "777");
      batch->target.data[i] = 0;
      batch->mask.data[i] = 1.5f;
      assert_fault(batch, "mask", i / columns, i % columns, "1.5");
      batch->mask.data[i] = 1;
    }
    cr_assert(batch_validate_strict(batch));
    batch_free(batch);
  }
}

Test(batch_validate_strict, finds_integer_faults_at_every_position) {
  for (uint32_t columns = 1; columns <= 37; columns += 4) {
    Batch *batch = shaped(columns, TENSOR_INT32, TENSOR_UINT8, 100);
    for (uint32_t i = 0; i < 3 * columns; i++) {
      batch->input.i32[i] = -4321;
      assert_fault(batch, "input", i / columns, i % columns, "-4321");
      batch->input.i32[i] = 0;
      batch->mask.u8[i] = 7;
      assert_fault(batch, "mask", i / columns, i % columns, "7");
      batch->mask.u8[i] = 1;
    }
    cr_assert(batch_validate_strict(batch));
    batch_free(batch);
  }
}

Test(batch_validate_strict, finds_every_kind_of_bad_float) {
  static const float bad_ids[] = {NAN, INFINITY, -INFINITY, -1, 100, 1e30f},
                     bad_masks[] = {NAN, INFINITY, -0.5f, 2};
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  for (size_t i = 0; i < sizeof bad_ids / sizeof *bad_ids; i++) {
    batch->input.data[5] = bad_ids[i];
    assert_fault(batch, "input", 1, 1, "");
    batch->input.data[5] = 0;
  }
  for (size_t i = 0; i < sizeof bad_masks / sizeof *bad_masks; i++) {
    batch->mask.data[11] = bad_masks[i];
    assert_fault(batch, "mask", 2, 3, "");
    batch->mask.data[11] = 1;
  }
  batch_free(batch);
}

Test(batch_validate_strict, a_nan_does_not_hide_behind_another_fault_or_a_good_neighbour) {
  Batch *batch = shaped(8, TENSOR_FLOAT32, TENSOR_FLOAT32, 0);
  batch->target.data[3] = NAN;
  for (int i = 4; i < 24; i++) batch->target.data[i] = 50;
  assert_fault(batch, "target", 0, 3, "nan");
  batch_free(batch);
}

Test(batch_validate_strict, names_the_first_fault) {
  Batch *batch = shaped(8, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  batch->input.data[20] = NAN;
  batch->input.data[13] = 555;
  batch->target.data[0] = NAN;
  assert_fault(batch, "input", 1, 5, "555");
  batch_free(batch);
}

Test(batch_validate_strict, without_a_vocabulary_ids_are_free_but_finite) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 0);
  batch->input.data[0] = -7.5f;
  batch->target.data[1] = 1e30f;
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch->input.data[2] = -INFINITY;
  assert_fault(batch, "input", 0, 2, "inf");
  batch_free(batch);
}

Test(batch_validate_strict, checks_ids_of_every_type_without_cutting_them_short) {
  Batch *i64 = shaped(4, TENSOR_INT64, TENSOR_FLOAT32, 100),
        *u32 = shaped(4, TENSOR_UINT32, TENSOR_FLOAT32, 100),
        *u16 = shaped(4, TENSOR_UINT16, TENSOR_FLOAT32, 100),
        *u8 = shaped(4, TENSOR_UINT8, TENSOR_FLOAT32, 100),
        *f64 = shaped(4, TENSOR_FLOAT64, TENSOR_FLOAT32, 100),
        *i32 = shaped(4, TENSOR_INT32, TENSOR_FLOAT32, 100);
  i64->input.i64[6] = 4294967296 + 5;
  assert_fault(i64, "input", 1, 2, "4294967301");
  i64->input.i64[6] = INT64_MIN;
  assert_fault(i64, "input", 1, 2, "-9223372036854775808");
  u32->target.u32[6] = UINT32_MAX;
  assert_fault(u32, "target", 1, 2, "4294967295");
  u16->input.u16[6] = 65535;
  assert_fault(u16, "input", 1, 2, "65535");
  u8->input.u8[6] = 100;
  assert_fault(u8, "input", 1, 2, "100");
  f64->input.f64[6] = NAN;
  assert_fault(f64, "input", 1, 2, "nan");
  f64->input.f64[6] = 1e300;
  assert_fault(f64, "input", 1, 2, "e+300");
  i32->input.i32[6] = INT32_MIN;
  assert_fault(i32, "input", 1, 2, "-2147483648");
  Batch *all[] = {i64, u32, u16, u8, f64, i32};
  for (int i = 0; i < 6; i++) batch_free(all[i]);
}

Test(batch_validate_strict, a_vocabulary_beyond_int32_bounds_unsigned_ids) {
  Batch *batch = shaped(4, TENSOR_UINT32, TENSOR_FLOAT32, 3000000000u);
  batch->input.u32[0] = 2999999999u;
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch->input.u32[0] = 3000000000u;
  assert_fault(batch, "input", 0, 0, "3000000000");
  batch_free(batch);
  batch = shaped(4, TENSOR_INT32, TENSOR_FLOAT32, 3000000000u);
  batch->input.i32[0] = INT32_MAX;
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch->input.i32[0] = -1;
  assert_fault(batch, "input", 0, 0, "-1");
  batch_free(batch);
}

Test(batch_validate_strict, checks_masks_of_every_type) {
  static const tensor_type types[] = {TENSOR_FLOAT64, TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16,
                                      TENSOR_UINT32};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    Batch *batch = shaped(5, TENSOR_INT32, types[i], 100);
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
    tensor_set(&batch->mask, (uint32_t[]){2, 4}, 3);
    assert_fault(batch, "mask", 2, 4, "3");
    batch_free(batch);
  }
}

Test(batch_validate_strict, checks_only_the_rows_that_a_view_shows) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100), *parts[3];
  batch->input.data[6] = 100;
  cr_assert(batch_split(batch, 3, parts));
  cr_assert(batch_validate_strict(parts[0]));
  assert_fault(parts[1], "input", 0, 2, "100");
  cr_assert(batch_validate_strict(parts[2]));
  for (int i = 0; i < 3; i++) batch_free(parts[i]);
  batch_free(batch);
}

Test(batch_validate_strict, checks_that_tensors_have_the_stated_shape) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  batch->target.shape[1] = 3;
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate_strict",
                 "target");
  batch->target.shape[1] = 4;
  batch->batch_size = 2;
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate_strict",
                 "input");
  batch->batch_size = 3;
  batch->mask.ndim = 1;
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate_strict",
                 "mask");
  batch->mask.ndim = 2;
  cr_assert(batch_validate_strict(batch));
  batch_free(batch);
}

Test(batch_validate_strict, says_by_its_code_that_an_id_is_out_of_range) {
  Batch *batch = shaped(4, TENSOR_INT32, TENSOR_FLOAT32, 100);
  batch->input.i32[0] = 100;
  assert_refused(!batch_validate_strict(batch), BATCH_ERROR_OUT_OF_RANGE, "batch_validate_strict", "input",
                 "100");
  batch_free(batch);
}

Test(batch_validate_strict, refuses_null) {
  assert_refused(!batch_validate_strict(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate_strict", "batch",
                 CHECK_NULL);
}

/* Both float types, in every tensor. */
static Batch *floats(tensor_type type) {
  return shaped(4, type, type, 100);
}

static const tensor_type float_types[] = {TENSOR_FLOAT32, TENSOR_FLOAT64},
                         integer_types[] = {TENSOR_INT32, TENSOR_INT64, TENSOR_UINT8, TENSOR_UINT16,
                                            TENSOR_UINT32};
enum { INTEGER_TYPES = sizeof integer_types / sizeof *integer_types };

static void set(Tensor *tensor, uint32_t i, float value) {
  tensor_set(tensor, (uint32_t[]){i / 4, i % 4}, value);
}

Test(batch_validate, accepts_features_fractions_and_additive_masks) {
  static const float values[] = {-0.25f, 0.5f, -100, 100, 1e9f, -1e9f, 3e38f};
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
      Batch *batch = floats(float_types[k]);
      set(&batch->input, 1, values[i]);
      set(&batch->target, 2, values[i]);
      set(&batch->mask, 3, values[i]);
      cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
      batch_free(batch);
    }
}

Test(batch_validate, refuses_nan_and_infinity_in_every_float_tensor) {
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  for (int k = 0; k < 2; k++)
    for (uint32_t at = 0; at < 12; at++)
      for (int i = 0; i < 3; i++) {
        Batch *batch = floats(float_types[k]);
        Tensor *tensors[] = {&batch->input, &batch->target, &batch->mask};
        set(tensors[at % 3], at, bad[i]);
        static const char *const names[] = {"input", "target", "mask"};
        assert_fault_of(batch_validate, batch, names[at % 3], at / 4, at % 4, "n");
        batch_free(batch);
      }
}

Test(batch_validate, checks_integer_ids_against_the_vocabulary) {
  for (int k = 0; k < INTEGER_TYPES; k++) {
    Batch *batch = shaped(4, integer_types[k], integer_types[k], 100);
    set(&batch->mask, 0, 77); /* an integer mask may be anything */
    set(&batch->input, 5, 99);
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    set(&batch->input, 5, 100);
    assert_fault_of(batch_validate, batch, "input", 1, 1, "100");
    set(&batch->input, 5, 0);
    set(&batch->target, 11, 100);
    assert_fault_of(batch_validate, batch, "target", 2, 3, "100");
    batch->vocab_size = 0;
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    batch_free(batch);
  }
}

Test(batch_validate, the_ignore_id_is_for_targets_alone) {
  for (int k = 0; k < 2; k++) { /* the signed types */
    Batch *batch = shaped(4, integer_types[k], TENSOR_FLOAT32, 100);
    set(&batch->target, 6, BATCH_IGNORE_ID);
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
    set(&batch->target, 6, BATCH_IGNORE_ID + 1);
    assert_fault_of(batch_validate, batch, "target", 1, 2, "-99");
    assert_fault_of(batch_validate_strict, batch, "target", 1, 2, "-99");
    set(&batch->target, 6, 0);
    set(&batch->input, 6, BATCH_IGNORE_ID);
    assert_fault_of(batch_validate, batch, "input", 1, 2, "-100");
    batch_free(batch);
  }
  for (int k = 0; k < 2; k++) {
    Batch *batch = floats(float_types[k]);
    set(&batch->target, 6, BATCH_IGNORE_ID);
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
    set(&batch->input, 6, BATCH_IGNORE_ID);
    assert_fault_of(batch_validate_strict, batch, "input", 1, 2, "-100");
    batch_free(batch);
  }
}

/* What an ignored id becomes when a program stores it in an unsigned type is an id like any other. */
Test(batch_validate, unsigned_targets_have_no_ignore_id) {
  Batch *u8 = shaped(4, TENSOR_UINT8, TENSOR_FLOAT32, 100),
        *u16 = shaped(4, TENSOR_UINT16, TENSOR_FLOAT32, 100);
  u8->target.u8[0] = (uint8_t)BATCH_IGNORE_ID;
  assert_fault_of(batch_validate, u8, "target", 0, 0, "156");
  u16->target.u16[0] = (uint16_t)BATCH_IGNORE_ID;
  assert_fault_of(batch_validate, u16, "target", 0, 0, "65436");
  batch_free(u8);
  batch_free(u16);
}

Test(batch_validate, counts_elements_whatever_the_shape) {
  Batch *batch = shaped(6, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  cr_assert(tensor_reshape(&batch->input, (uint32_t[]){18}, 1));
  cr_assert(tensor_reshape(&batch->target, (uint32_t[]){3, 3, 2}, 3));
  cr_assert(tensor_reshape(&batch->mask, (uint32_t[]){6, 3}, 2));
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  batch->target.data[13] = NAN;
  assert_fault_of(batch_validate, batch, "target", 2, 1, "nan");
  batch->target.data[13] = 0;
  batch->input.total_size = 17;
  assert_refused(!batch_validate(batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate", "input", "17");
  batch_free(batch);
}

Test(batch_validate, shows_large_integers_in_full) {
  Batch *batch = shaped(4, TENSOR_INT64, TENSOR_FLOAT32, 100);
  batch->input.i64[0] = 9007199254740993; /* 2^53 + 1 */
  assert_fault_of(batch_validate, batch, "input", 0, 0, "9007199254740993");
  batch_free(batch);
}

Test(batch_validate, refuses_null) {
  assert_refused(!batch_validate(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_validate", "batch", CHECK_NULL);
}
