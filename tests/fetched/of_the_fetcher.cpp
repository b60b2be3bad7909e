#include <headrace/headrace.h>

int batches();

int batches() {
  BatchPool *pool = batch_pool_create(2, 4, 8, 100);
  Batch *batch = pool ? batch_pool_allocate(pool) : nullptr;
  int rows = batch ? static_cast<int>(batch->batch_size) : -1;
  batch_release(batch);
  batch_pool_free(pool);
  return rows;
}
