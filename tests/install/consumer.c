/* What a user's first program does: it links, and a batch goes through a queue. */
#include <headrace/headrace.h>
#include <stdio.h>

int main(void) {
  BatchPool *pool = batch_pool_create(2, 4, 8, 100);
  BatchQueue *queue = batch_queue_create(2);
  bool done = pool && queue && batch_queue_enqueue(queue, batch_pool_allocate(pool));
  Batch *batch = done ? batch_queue_dequeue(queue) : NULL;
  printf("headrace %s: %u x %u\n", batch_version(), batch ? batch->batch_size : 0,
         batch ? batch->sequence_length : 0);
  batch_release(batch);
  batch_queue_free(queue);
  batch_pool_free(pool);
  return batch && batch_version_number() == HEADRACE_VERSION ? 0 : 1;
}
