/* Compiled with -O3: gcc's -O2 does not vectorize loops of unknown length. */
#include <math.h>

#include "core/tensor_internal.h"

/* What of value an integer from low to high takes; NaN becomes 0. The conversion truncates. */
static double clamped(double value, double low, double high) {
  if (isnan(value)) return 0;
  return value <= low ? low : value >= high ? high : value;
}

#define STORE(field, converted)                                                                              \
  do {                                                                                                       \
    __typeof__(*tensor->field) element = (converted), *restrict at = tensor->field + first;                  \
    for (size_t i = 0; i < count; i++) at[i] = element;                                                      \
  } while (0)

void tensor_store(const Tensor *tensor, size_t first, size_t count, double value) {
  switch (tensor->dtype) {
  case TENSOR_FLOAT32:
    STORE(data, (float)value);
    break;
  case TENSOR_FLOAT64:
    STORE(f64, value);
    break;
  case TENSOR_INT32:
    STORE(i32, (int32_t)clamped(value, INT32_MIN, INT32_MAX));
    break;
  case TENSOR_INT64:
    STORE(i64, value >= 0x1p63 ? INT64_MAX : (int64_t)clamped(value, -0x1p63, 0x1p63));
    break;
  case TENSOR_UINT8:
    STORE(u8, (uint8_t)clamped(value, 0, UINT8_MAX));
    break;
  case TENSOR_UINT16:
    STORE(u16, (uint16_t)clamped(value, 0, UINT16_MAX));
    break;
  case TENSOR_UINT32:
    STORE(u32, (uint32_t)clamped(value, 0, UINT32_MAX));
    break;
  }
}
