/* A control of proof_pool_loans: a pool that wakes who has no loan, and nobody else. */
#include "core/pool_parts.h"

static inline uint64_t notify_without_loans(BatchPool *pool, uint32_t count) {
  event_notify(&pool->available[0], count);
  return pool_size_look(&pool->size);
}
#define pool_notify notify_without_loans

#include "schedule/inside_pool.c"
