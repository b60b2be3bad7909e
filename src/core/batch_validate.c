/* batch_validate: one vectorized pass a tensor, then, only if that failed, a search for the place. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "core/batch_internal.h"
#include "core/batch_layout.h"
#include "core/error.h"
#include "core/tensor_internal.h"

/* Whether all n values lie in [low, high]; NaN does not. No early exit: the compiler vectorizes it. */
#define DEFINE_ALL_WITHIN(name, type)                                                                        \
  static bool name(const type *values, size_t n, type low, type high) {                                      \
    int outside = 0;                                                                                         \
    for (size_t i = 0; i < n; i++) outside |= !(values[i] >= low && values[i] <= high);                      \
    return !outside;                                                                                         \
  }

DEFINE_ALL_WITHIN(all_within_f32, float)
DEFINE_ALL_WITHIN(all_within_f64, double)
DEFINE_ALL_WITHIN(all_within_i32, int32_t)
DEFINE_ALL_WITHIN(all_within_i64, int64_t)
DEFINE_ALL_WITHIN(all_within_u8, uint8_t)
DEFINE_ALL_WITHIN(all_within_u16, uint16_t)
DEFINE_ALL_WITHIN(all_within_u32, uint32_t)

/* Whether every element lies in [low, high]. low and high are integers but for floats. */
static bool tensor_within(const Tensor *t, double low, double high) {
  size_t n = t->total_size;
  switch (t->dtype) {
  case TENSOR_FLOAT32:
    return all_within_f32(t->data, n, (float)low, (float)high);
  case TENSOR_FLOAT64:
    return all_within_f64(t->f64, n, low, high);
  case TENSOR_INT32:
    return all_within_i32(t->i32, n, (int32_t)low, (int32_t)fmin(high, INT32_MAX));
  case TENSOR_INT64:
    return all_within_i64(t->i64, n, (int64_t)low, (int64_t)high);
  case TENSOR_UINT8:
    return all_within_u8(t->u8, n, (uint8_t)low, (uint8_t)fmin(high, UINT8_MAX));
  case TENSOR_UINT16:
    return all_within_u16(t->u16, n, (uint16_t)low, (uint16_t)fmin(high, UINT16_MAX));
  case TENSOR_UINT32:
    return all_within_u32(t->u32, n, (uint32_t)low, (uint32_t)fmin(high, UINT32_MAX));
  }
  return false;
}

static bool is_float(const Tensor *t) {
  return t->dtype == TENSOR_FLOAT32 || t->dtype == TENSOR_FLOAT64;
}

/* The largest value of t's type below the vocabulary's size. */
static double largest_id(const Tensor *t, uint32_t vocab_size) {
  float below = (float)vocab_size;
  if ((double)below >= (double)vocab_size) below = nextafterf(below, 0.0f);
  if (t->dtype == TENSOR_FLOAT32) return (double)below;
  return t->dtype == TENSOR_FLOAT64 ? nextafter((double)vocab_size, 0.0) : (double)vocab_size - 1;
}

/* Names the first element outside [low, high]. */
static bool report(const Batch *batch, unsigned which, const Tensor *t, double low, double high,
                   const char *expected) {
  size_t i = 0;
  double value = tensor_load(t, 0);
  while (value >= low && value <= high && i + 1 < t->total_size) value = tensor_load(t, ++i);
  char shown[40];
  snprintf(shown, sizeof shown, is_float(t) ? "%.9g" : "%.0f", value);
  size_t row = i / batch->sequence_length, column = i % batch->sequence_length;
  return error_fail(BATCH_OUT_OF_RANGE, "batch_validate: %s at row %zu, column %zu is %s, expected %s",
                    batch_tensor_name(which), row, column, shown, expected);
}

static bool ids_are_valid(const Batch *batch, unsigned which, const Tensor *t) {
  double low = 0, high;
  char expected[64] = "a finite number";
  if (batch->vocab_size) {
    high = largest_id(t, batch->vocab_size);
    snprintf(expected, sizeof expected, "an id from 0 to %u", batch->vocab_size - 1);
  } else if (is_float(t)) {
    high = t->dtype == TENSOR_FLOAT32 ? (double)FLT_MAX : DBL_MAX;
    low = -high;
  } else {
    return true;
  }
  return tensor_within(t, low, high) || report(batch, which, t, low, high, expected);
}

static bool shapes_are_valid(const Batch *batch) {
  for (unsigned i = 0; i < batch_tensor_count(batch); i++) {
    const Tensor *t = batch_tensor((Batch *)(uintptr_t)batch, i);
    if (t->ndim != 2 || t->shape[0] != batch->batch_size || t->shape[1] != batch->sequence_length)
      return error_fail(
          BATCH_INVALID_ARGUMENT, "batch_validate: %s has %u dimensions, the first %u, expected %u x %u",
          batch_tensor_name(i), t->ndim, t->shape[0], batch->batch_size, batch->sequence_length);
  }
  return true;
}

bool batch_validate(const Batch *batch) {
  if (!batch_check("batch_validate", batch) || !shapes_are_valid(batch)) return false;
  return ids_are_valid(batch, 0, &batch->input) && ids_are_valid(batch, 1, &batch->target) &&
         (tensor_within(&batch->mask, 0, 1) || report(batch, 2, &batch->mask, 0, 1, "0 to 1"));
}
