#include "support/queues.h"

#include "support/check.h"

BatchQueue *queue_of(uint32_t capacity) {
  BatchQueue *queue = batch_queue_create(capacity);
  cr_assert_not_null(queue, "%s", batch_last_error()->message);
  return queue;
}

BatchQueue *queue_with(uint32_t capacity, uint32_t n) {
  BatchQueue *queue = queue_of(capacity);
  for (uint32_t i = 0; i < n; i++) cr_assert(batch_queue_enqueue(queue, check_small_batch(i)));
  return queue;
}

void queue_put(BatchQueue *queue, uint64_t id) {
  cr_assert(batch_queue_try_enqueue(queue, check_small_batch(id)), "%s", batch_last_error()->message);
}

void assert_next(BatchQueue *queue, uint64_t id) {
  Batch *batch = batch_queue_try_dequeue(queue);
  cr_assert_not_null(batch, "nothing where batch %zu should be", (size_t)id);
  cr_assert_eq(batch->batch_id, id, "batch %zu instead of %zu", (size_t)batch->batch_id, (size_t)id);
  batch_release(batch);
}

void assert_holds(BatchQueue *queue, uint32_t size, bool full) {
  cr_assert_eq(batch_queue_size(queue), size);
  cr_assert_eq(batch_queue_is_empty(queue), size == 0);
  cr_assert_eq(batch_queue_is_full(queue), full);
}
