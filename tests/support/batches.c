#include "support/batches.h"

#include "support/check.h"

const batch_shape mixed_shape = {.batch_size = 6,
                                 .sequence_length = 5,
                                 .vocab_size = 1000,
                                 .input_type = TENSOR_INT32,
                                 .mask_type = TENSOR_UINT8,
                                 .with_documents = true};

Batch *counting_batch(uint32_t rows, uint32_t columns) {
  Batch *batch = batch_create(rows, columns, 1000000);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  for (uint32_t i = 0; i < rows * columns; i++) {
    batch->input.data[i] = (float)i;
    batch->target.data[i] = (float)(i + 1);
  }
  batch->batch_id = 4711;
  batch->epoch_id = 3;
  batch->is_processed = true;
  batch->processing_time = 0.25;
  return batch;
}

void assert_metadata_of_counting_batch(const Batch *batch) {
  cr_assert_eq(batch->batch_id, 4711);
  cr_assert_eq(batch->epoch_id, 3);
  cr_assert_eq(batch->vocab_size, 1000000);
  cr_assert(batch->is_processed);
  cr_assert_eq(batch->processing_time, 0.25);
}

void assert_rows(const Batch *batch, uint32_t first, uint32_t rows, uint32_t columns) {
  cr_assert_eq(batch->batch_size, rows);
  cr_assert_eq(batch->sequence_length, columns);
  cr_assert_eq(batch->total_memory, (size_t)rows * columns * 12);
  const Tensor *tensors[] = {&batch->input, &batch->target, &batch->mask};
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(tensors[i]->ndim, 2);
    cr_assert_eq(tensors[i]->shape[0], rows);
    cr_assert_eq(tensors[i]->shape[1], columns);
    cr_assert_eq(tensors[i]->total_size, (size_t)rows * columns);
  }
  for (uint32_t i = 0; i < rows * columns; i++) {
    cr_assert_eq(batch->input.data[i], (float)(first * columns + i));
    cr_assert_eq(batch->target.data[i], (float)(first * columns + i + 1));
    cr_assert_eq(batch->mask.data[i], 1.0f);
  }
}

void free_all(Batch **batches, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) batch_free(batches[i]);
}
