/* A control of proof_pool_loans: a pool that wakes who has no loan, and nobody else. */
#include "core/pool_parts.h"

static inline void notify_without_loans(BatchPool *pool, uint64_t word, uint32_t count) {
  (void)word;
  event_notify(&pool->available[0], count);
}
#define pool_notify notify_without_loans

#include "schedule/inside_pool.c"
