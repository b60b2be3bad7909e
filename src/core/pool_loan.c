/* Lending a pool's batches to loaders. */
#include "base/error.h"
#include "core/pool_parts.h"

unsigned pool_borrow(const char *function, BatchPool *pool, uint32_t *there) {
  pool_check(function, pool);
  if (!atomic_load_explicit(&pool->open, memory_order_relaxed)) {
    error_note(BATCH_CLOSED, function, POOL_IS_CLOSED);
    return 0;
  }
  unsigned loan = 1 + pool_size_lend(&pool->size, there);
  if (loan > POOL_LOANS) {
    error_set(BATCH_ERROR_OVERFLOW, "%s: pool has %d loaders already, expected fewer", function, POOL_LOANS);
    return 0;
  }
  if (*there > 0) return loan;
  pool_give_back(pool, loan);
  error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: pool has no batches, expected at least 1", function);
  return 0;
}

void pool_give_back(BatchPool *pool, unsigned loan) {
  pool_size_give_back(&pool->size, loan - 1);
}

void pool_wake(BatchPool *pool, unsigned loan) {
  event_notify_all(&pool->available[loan]);
}

const batch_shape *pool_shape(const BatchPool *pool) {
  return &pool->layout.shape;
}

const batch_layout *pool_layout(const BatchPool *pool) {
  return &pool->layout;
}

const BatchPool *pool_of(const Batch *batch) {
  const batch_header *owner = batch_header_of(batch);
  while (owner->parent) owner = owner->parent;
  return owner->pool;
}
