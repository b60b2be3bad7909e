/* batch_validate and batch_validate_strict: one vectorized pass a tensor, then, only if that failed, a search
   for the place. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "core/batch_internal.h"
#include "core/batch_layout.h"
#include "core/tensor_internal.h"

/* What a value may be: in [low, high], or `also`. The three are integers but for floats. */
typedef struct range {
  double low, high, also;
  char expected[64];
} range;

/* Whether all values of a tensor lie in the range; NaN does not. No early exit: the compiler vectorizes it. */
#define DEFINE_WITHIN(field, type, largest)                                                                  \
  static bool within_##field(const Tensor *t, const range *r) {                                              \
    const type *values = t->field, low = (type)r->low, also = (type)r->also;                                 \
    const type high = (type)fmin(r->high, largest);                                                          \
    int outside = 0;                                                                                         \
    for (size_t n = t->total_size, i = 0; i < n; i++)                                                        \
      outside |= !((values[i] >= low && values[i] <= high) || values[i] == also);                            \
    return !outside;                                                                                         \
  }

DEFINE_WITHIN(data, float, FLT_MAX)
DEFINE_WITHIN(f64, double, DBL_MAX)
DEFINE_WITHIN(i32, int32_t, INT32_MAX)
DEFINE_WITHIN(i64, int64_t, UINT32_MAX) /* ids are below 2^32 */
DEFINE_WITHIN(u8, uint8_t, UINT8_MAX)
DEFINE_WITHIN(u16, uint16_t, UINT16_MAX)
DEFINE_WITHIN(u32, uint32_t, UINT32_MAX)

static bool tensor_within(const Tensor *t, const range *r) {
  static bool (*const within[])(const Tensor *, const range *) = {
      [TENSOR_FLOAT32] = within_data, [TENSOR_FLOAT64] = within_f64, [TENSOR_INT32] = within_i32,
      [TENSOR_INT64] = within_i64,    [TENSOR_UINT8] = within_u8,    [TENSOR_UINT16] = within_u16,
      [TENSOR_UINT32] = within_u32};
  return within[t->dtype](t, r);
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

static bool is_unsigned(const Tensor *t) {
  return t->dtype == TENSOR_UINT8 || t->dtype == TENSOR_UINT16 || t->dtype == TENSOR_UINT32;
}

static bool is_within(double value, const range *r) {
  return (value >= r->low && value <= r->high) || value == r->also;
}

/* Names the first element that the range leaves out. */
static bool report(const char *function, const Batch *batch, unsigned which, const range *r) {
  enum { DIGITS = 9 };
  const Tensor *t = batch_tensor((Batch *)(uintptr_t)batch, which);
  size_t i = 0;
  while (i + 1 < t->total_size && is_within(tensor_load(t, i), r)) i++;
  char shown[TENSOR_ELEMENT_TEXT];
  tensor_element_text(t, i, DIGITS, shown);
  size_t row = i / batch->sequence_length, column = i % batch->sequence_length;
  return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%s: %s at row %zu, column %zu is %s, expected %s", function,
                    batch_tensor_name(which), row, column, shown, r->expected);
}

static range finite_range(const Tensor *t) {
  double high = t->dtype == TENSOR_FLOAT32 ? (double)FLT_MAX : DBL_MAX;
  return (range){-high, high, 0, "a finite number"};
}

static range id_range(const Tensor *t, uint32_t vocab_size, bool may_ignore) {
  bool ignores = may_ignore && !is_unsigned(t);
  range r = {0, largest_id(t, vocab_size), ignores ? BATCH_IGNORE_ID : 0, ""};
  int length = snprintf(r.expected, sizeof r.expected, "an id from 0 to %u", vocab_size - 1);
  if (ignores) snprintf(r.expected + length, sizeof r.expected - (size_t)length, ", or %d", BATCH_IGNORE_ID);
  return r;
}

enum { INPUT, TARGET, MASK };

/* What the elements of a tensor must be; false: anything is right. */
static bool has_range(const Batch *batch, unsigned which, bool strict, range *r) {
  const Tensor *t = batch_tensor((Batch *)(uintptr_t)batch, which);
  bool has_ids = which <= TARGET && batch->vocab_size && (strict || !is_float(t));
  if (has_ids)
    *r = id_range(t, batch->vocab_size, which == TARGET);
  else if (which == MASK && strict)
    *r = (range){0, 1, 0, "0 to 1"};
  else if (is_float(t))
    *r = finite_range(t);
  else
    return false;
  return true;
}

static bool validate_sequences(const char *function, const Tensor *t) {
  if (!t->raw) return true;
  if (t->i32[0] != 0)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%s: cu_seqlens[0] is %d, expected 0", function, t->i32[0]);
  for (size_t i = 1; i < t->total_size; i++)
    if (t->i32[i] < t->i32[i - 1])
      return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                        "%s: cu_seqlens[%zu] is %d, expected at least the %d before it", function, i,
                        t->i32[i], t->i32[i - 1]);
  return true;
}

static bool validate(const char *function, const Batch *batch, bool strict) {
  if (!batch_check(function, batch)) return false;
  for (unsigned i = 0; i < batch_grid_count(batch); i++) {
    range r;
    if (has_range(batch, i, strict, &r) && !tensor_within(batch_tensor((Batch *)(uintptr_t)batch, i), &r))
      return report(function, batch, i, &r);
  }
  return validate_sequences(function, &batch->cu_seqlens);
}

bool batch_validate(const Batch *batch) {
  return validate("batch_validate", batch, false);
}

bool batch_validate_strict(const Batch *batch) {
  return validate("batch_validate_strict", batch, true);
}
