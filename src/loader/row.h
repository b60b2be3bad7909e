/* One row of a batch being filled: plain writes of padding, mask, document numbers and positions. */
#ifndef HEADRACE_LOADER_ROW_H
#define HEADRACE_LOADER_ROW_H

#include "headrace/batch.h"

/* The address of column `column` of row `row`. */
static inline void *row_at(const Tensor *tensor, uint32_t row, uint32_t column) {
  size_t index = (size_t)row * tensor->shape[1] + column;
  return tensor->u8 + index * tensor_type_size(tensor->dtype);
}

/* Writes `count` elements of a tensor from column `column` of row `row` on, converted. */
void row_put(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t value);

/* Columns [column, the end) become padding. */
void row_pad(Batch *batch, uint32_t row, uint32_t column, int32_t pad_id);

/* Writes positions 0, 1, 2, ... from `first` on. */
void row_count(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t first);

#endif
