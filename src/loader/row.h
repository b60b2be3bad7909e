/* One row of a batch being filled: plain writes of padding, mask, document numbers and positions. */
#ifndef HEADRACE_LOADER_ROW_H
#define HEADRACE_LOADER_ROW_H

#include "core/tensor_internal.h"
#include "headrace/batch.h"

/* Which element column `column` of row `row` is, and its address. */
static inline size_t row_offset(const Tensor *tensor, uint32_t row, uint32_t column) {
  return (size_t)row * tensor->shape[1] + column;
}
static inline void *row_at(const Tensor *tensor, uint32_t row, uint32_t column) {
  return tensor->u8 + row_offset(tensor, row, column) * tensor_type_size(tensor->dtype);
}

/* Writes `count` elements of a tensor from column `column` of row `row` on. */
static inline void row_put(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count,
                           int32_t value) {
  tensor_store(tensor, row_offset(tensor, row, column), count, value);
}

/* Columns [column, the end) become padding. */
void row_pad(Batch *batch, uint32_t row, uint32_t column, int32_t pad_id);

/* Writes positions 0, 1, 2, ... from `first` on. */
void row_count(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t first);

#endif
