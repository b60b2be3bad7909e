/* Compiled with -O3, see fill_kernels.c. */
#include "loader/row.h"

#define PUT(type)                                                                                            \
  for (uint32_t i = 0; i < count; i++) ((type *)at)[i] = (type)value

void row_put(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t value) {
  void *restrict at = row_at(tensor, row, column);
  switch (tensor->dtype) {
  case TENSOR_FLOAT32:
    PUT(float);
    break;
  case TENSOR_FLOAT64:
    PUT(double);
    break;
  case TENSOR_INT32:
    PUT(int32_t);
    break;
  case TENSOR_INT64:
    PUT(int64_t);
    break;
  case TENSOR_UINT8:
    PUT(uint8_t);
    break;
  case TENSOR_UINT16:
    PUT(uint16_t);
    break;
  case TENSOR_UINT32:
    PUT(uint32_t);
    break;
  }
}

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
