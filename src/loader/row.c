/* Compiled with -O3, see fill_kernels.c. */
#include "loader/row.h"

void row_pad(Batch *batch, uint32_t row, uint32_t column, int32_t pad_id) {
  uint32_t count = batch->sequence_length - column;
  if (count == 0) return;
  row_put(&batch->input, row, column, count, pad_id);
  row_put(&batch->target, row, column, count, pad_id);
  row_put(&batch->mask, row, column, count, 0);
  if (!batch->documents.raw) return;
  row_put(&batch->documents, row, column, count, -1);
  row_put(&batch->positions, row, column, count, 0);
}

void row_count(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t first) {
  int32_t *restrict at = row_at(tensor, row, column);
  for (uint32_t i = 0; i < count; i++) at[i] = first + (int32_t)i;
}
