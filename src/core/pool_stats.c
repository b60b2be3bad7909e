/* What a pool has done. Who allocates and releases counts nothing: the stack's tag tells how often it was popped,
   and its elements are counted when somebody asks. */
#include <stdio.h>

#include "core/pool_parts.h"
#include "sync/thread.h"

/* How many batches are out, or on their way in or out: near it while others work. */
static uint32_t pool_out(const BatchPool *pool) {
  uint64_t size = atomic_load_explicit(&pool->size, memory_order_relaxed);
  uint32_t idle, there = pool_size_of(size) + pool_surplus_of(size);
  stack_count(&pool->idle, batch_header_link, NULL, there, &idle);
  return there - idle;
}

uint32_t batch_pool_outstanding(const BatchPool *pool) {
  return pool_check("batch_pool_outstanding", pool) ? pool_out(pool) : 0;
}

uint64_t pool_pops(const BatchPool *pool) {
  return stack_pops(&pool->idle) - pool->earlier_pops;
}

void batch_pool_get_stats(const BatchPool *pool, uint64_t *allocations, uint64_t *releases,
                          uint64_t *cache_hits, uint64_t *cache_misses) {
  uint64_t handed_out = 0, out = 0, late = 0, refused = 0;
  if (pool_check("batch_pool_get_stats", pool)) {
    uint64_t retired = counters_sum(&pool->statistics, POPPED_TO_RETIRE);
    late = counters_sum(&pool->statistics, HANDED_OUT_LATE);
    refused = counters_sum(&pool->statistics, REFUSED);
    if (releases) out = pool_out(pool);
    /* What was counted as retired may not all be among the pops that are seen. */
    handed_out = pool_pops(pool);
    handed_out = handed_out > retired ? handed_out - retired : 0;
  }
  /* A batch that was handed out is out or came back. */
  if (allocations) *allocations = handed_out;
  if (releases) *releases = handed_out > out ? handed_out - out : 0;
  if (cache_hits) *cache_hits = handed_out > late ? handed_out - late : 0;
  if (cache_misses) *cache_misses = late + refused;
}

void batch_pool_print_stats(const BatchPool *pool) {
  HOLD_CANCELLATION;
  uint64_t allocations, releases, hits, misses;
  if (!pool_check("batch_pool_print_stats", pool)) return;
  batch_pool_get_stats(pool, &allocations, &releases, &hits, &misses);
  double rate = hits + misses ? 100.0 * (double)hits / (double)(hits + misses) : 0.0;
  printf("pool of %u batches, %u x %u: %llu allocations, %llu releases, %llu hits, %llu misses, hit rate "
         "%.1f %%\n",
         batch_pool_size(pool), pool->layout.shape.batch_size, pool->layout.shape.sequence_length,
         (unsigned long long)allocations, (unsigned long long)releases, (unsigned long long)hits,
         (unsigned long long)misses, rate);
}
