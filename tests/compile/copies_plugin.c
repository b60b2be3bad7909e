/* A plugin that is linked with the shared library, for a program that has the static one. */
#include <headrace/headrace.h>

Batch *plugin_batch(void);
BatchQueue *plugin_queue(void);
BatchPool *plugin_pool(void);
bool plugin_enqueue(BatchQueue *queue, Batch *batch);
void plugin_free(Batch *batch, BatchQueue *queue, BatchPool *pool);

Batch *plugin_batch(void) {
  return batch_create(4, 2, 0);
}

BatchQueue *plugin_queue(void) {
  BatchQueue *queue = batch_queue_create(4);
  batch_queue_enqueue(queue, batch_create(1, 1, 0));
  return queue;
}

BatchPool *plugin_pool(void) {
  return batch_pool_create(2, 1, 1, 0);
}

bool plugin_enqueue(BatchQueue *queue, Batch *batch) {
  return batch_queue_enqueue(queue, batch);
}

void plugin_free(Batch *batch, BatchQueue *queue, BatchPool *pool) {
  batch_free(batch);
  batch_queue_free(queue);
  batch_pool_free(pool);
}
