#include "support/check.h"

#include <math.h>
#include <stdio.h>

TestSuite(batch_validate);

static Batch *shaped(uint32_t columns, tensor_type input, tensor_type mask, uint32_t vocab_size) {
  batch_shape shape = {.batch_size = 3,
                       .sequence_length = columns,
                       .vocab_size = vocab_size,
                       .input_type = input,
                       .mask_type = mask};
  Batch *batch = batch_create_shaped(&shape);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  return batch;
}

/* The validation fails and names tensor, row, column and value. */
#define assert_fault(batch, tensor, row, column, value)                                                      \
  do {                                                                                                       \
    char row_[16], column_[16];                                                                              \
    snprintf(row_, sizeof row_, "row %u", (unsigned)(row));                                                  \
    snprintf(column_, sizeof column_, "column %u", (unsigned)(column));                                      \
    check_forget_error();                                                                                    \
    cr_assert_not(batch_validate(batch), "valid with " value " at row %u, column %u", (unsigned)(row),       \
                  (unsigned)(column));                                                                       \
    assert_says(batch_last_error()->message, "batch_validate", tensor, row_, column_, value);                \
  } while (0)

Test(batch_validate, accepts_what_create_makes_and_the_ends_of_the_ranges) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch->input.data[0] = 0;
  batch->input.data[1] = 99;
  batch->mask.data[0] = 0;
  batch->mask.data[1] = 0.5f;
  batch->mask.data[2] = 1;
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch_free(batch);
}

/* Whatever the width of the vectors, no position is left out. */
Test(batch_validate, finds_a_fault_at_every_position) {
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
    cr_assert(batch_validate(batch));
    batch_free(batch);
  }
}

Test(batch_validate, finds_integer_faults_at_every_position) {
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
    cr_assert(batch_validate(batch));
    batch_free(batch);
  }
}

Test(batch_validate, finds_every_kind_of_bad_float) {
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

Test(batch_validate, a_nan_does_not_hide_behind_another_fault_or_a_good_neighbour) {
  Batch *batch = shaped(8, TENSOR_FLOAT32, TENSOR_FLOAT32, 0);
  batch->target.data[3] = NAN;
  for (int i = 4; i < 24; i++) batch->target.data[i] = 50;
  assert_fault(batch, "target", 0, 3, "nan");
  batch_free(batch);
}

Test(batch_validate, names_the_first_fault) {
  Batch *batch = shaped(8, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  batch->input.data[20] = NAN;
  batch->input.data[13] = 555;
  batch->target.data[0] = NAN;
  assert_fault(batch, "input", 1, 5, "555");
  batch_free(batch);
}

Test(batch_validate, without_a_vocabulary_ids_are_free_but_finite) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 0);
  batch->input.data[0] = -7.5f;
  batch->target.data[1] = 1e30f;
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch->input.data[2] = -INFINITY;
  assert_fault(batch, "input", 0, 2, "inf");
  batch_free(batch);
}

Test(batch_validate, checks_ids_of_every_type_without_cutting_them_short) {
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

Test(batch_validate, a_vocabulary_beyond_int32_bounds_unsigned_ids) {
  Batch *batch = shaped(4, TENSOR_UINT32, TENSOR_FLOAT32, 3000000000u);
  batch->input.u32[0] = 2999999999u;
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch->input.u32[0] = 3000000000u;
  assert_fault(batch, "input", 0, 0, "3000000000");
  batch_free(batch);
  batch = shaped(4, TENSOR_INT32, TENSOR_FLOAT32, 3000000000u);
  batch->input.i32[0] = INT32_MAX;
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch->input.i32[0] = -1;
  assert_fault(batch, "input", 0, 0, "-1");
  batch_free(batch);
}

Test(batch_validate, checks_masks_of_every_type) {
  static const tensor_type types[] = {TENSOR_FLOAT64, TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16,
                                      TENSOR_UINT32};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    Batch *batch = shaped(5, TENSOR_INT32, types[i], 100);
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    tensor_set(&batch->mask, (uint32_t[]){2, 4}, 3);
    assert_fault(batch, "mask", 2, 4, "3");
    batch_free(batch);
  }
}

Test(batch_validate, checks_only_the_rows_that_a_view_shows) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100), *parts[3];
  batch->input.data[6] = 100;
  cr_assert(batch_split(batch, 3, parts));
  cr_assert(batch_validate(parts[0]));
  assert_fault(parts[1], "input", 0, 2, "100");
  cr_assert(batch_validate(parts[2]));
  for (int i = 0; i < 3; i++) batch_free(parts[i]);
  batch_free(batch);
}

Test(batch_validate, checks_that_tensors_have_the_stated_shape) {
  Batch *batch = shaped(4, TENSOR_FLOAT32, TENSOR_FLOAT32, 100);
  batch->target.shape[1] = 3;
  assert_refused(!batch_validate(batch), BATCH_INVALID_ARGUMENT, "batch_validate", "target");
  batch->target.shape[1] = 4;
  batch->batch_size = 2;
  assert_refused(!batch_validate(batch), BATCH_INVALID_ARGUMENT, "batch_validate", "input");
  batch->batch_size = 3;
  batch->mask.ndim = 1;
  assert_refused(!batch_validate(batch), BATCH_INVALID_ARGUMENT, "batch_validate", "mask");
  batch->mask.ndim = 2;
  cr_assert(batch_validate(batch));
  batch_free(batch);
}

Test(batch_validate, says_by_its_code_that_an_id_is_out_of_range) {
  Batch *batch = shaped(4, TENSOR_INT32, TENSOR_FLOAT32, 100);
  batch->input.i32[0] = 100;
  assert_refused(!batch_validate(batch), BATCH_OUT_OF_RANGE, "batch_validate", "input", "100");
  batch_free(batch);
}

Test(batch_validate, refuses_null) {
  assert_refused(!batch_validate(NULL), BATCH_INVALID_ARGUMENT, "batch_validate", "batch", CHECK_NULL);
}
