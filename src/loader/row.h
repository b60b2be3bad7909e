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

/* The rest is for float32 and uint8 masks. */

/* Writes `count` elements of a mask: 1 where the entry is not 0. Of bits: the lowest of a byte first, from bit `first` (0 to 7)
   of the first one on. */
void row_put_bytes(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count, const uint8_t *entries);
void row_put_bits(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count, const uint8_t *entries,
                  unsigned first);

/* How many of `count` elements of a mask are not 0. */
uint32_t row_count_ones(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count);

/* The target is BATCH_IGNORE_ID where the mask is 0. */
void row_ignore(Batch *batch, uint32_t row);

/* Of `count` columns ids and mask become those of padding. */
void row_pad_tokens(Batch *batch, uint32_t row, uint32_t column, uint32_t count, int32_t pad_id);

/* Columns [column, the end) become padding. */
void row_pad(Batch *batch, uint32_t row, uint32_t column, int32_t pad_id);

/* Writes positions 0, 1, 2, ... from `first` on. */
void row_count(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t first);

#endif
