/* How many batches a pool has: making them, taking them back and retiring them. */
#include "base/error.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "core/pool_memory.h"
#include "core/pool_parts.h"
#include "sync/thread.h"

COLD static bool no_memory(const char *function, size_t bytes, uint32_t size) {
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a size of %u batches of %zu bytes each",
                    function, size, bytes);
}

bool pool_may_fit(const char *function, const batch_allocator *allocator, size_t bytes, uint32_t count,
                  uint32_t new_size) {
  return batch_header_room(function, count) &&
         (pool_memory_may_fit(allocator, count, bytes) || no_memory(function, bytes, new_size));
}

/* Makes one batch, its elements not written yet, that nobody can reach, on the way to new_size. */
static batch_header *pool_make_batch(const char *function, BatchPool *pool, uint32_t new_size) {
  const batch_allocator *a = &pool->allocator;
  batch_header *header = batch_header_allocate(function);
  if (!header) return NULL;
  void *block = a->allocate(a->context, pool->layout.bytes, pool->alignment);
  if (!block) {
    batch_header_free(header);
    no_memory(function, pool->layout.bytes, new_size);
    return NULL;
  }
  header->block = block;
  header->pool = pool;
  batch_layout_apply(&pool->layout, &header->batch, block);
  return header;
}

static void pool_unmake_batch(BatchPool *pool, batch_header *header) {
  HOLD_CANCELLATION;
  const batch_allocator *a = &pool->allocator;
  handed_over(header); /* by those who had references to it */
  batch_layout_drop(&header->batch);
  a->deallocate(a->context, header->block, pool->layout.bytes);
  batch_header_free(header);
}

COLD static void pool_retire(BatchPool *pool, batch_header *header) {
  pool_unmake_batch(pool, header);
  pool_let_go(pool);
}

/* Retires idle batches while there are too many. One that was popped and then not wanted any more
   goes back, where RETURN counts again. */
COLD static void pool_retire_idle(BatchPool *pool) {
  while (pool_size_has_surplus(&pool->size)) {
    batch_header *header = pool_pop(pool);
    if (!header) return;
    counters_add(&pool->statistics, POPPED_TO_RETIRE, 1);
    if (pool_size_claim(&pool->size)) {
      pool_retire(pool, header);
    } else {
      pool_push(pool, header);
      pool_notify(pool, 1);
    }
  }
}

/* After a batch has become idle, where somebody may want to know. */
COLD static void pool_tell(BatchPool *pool) {
  if (pool_surplus_of(pool_notify(pool, 1)) > 0) pool_retire_idle(pool);
}

void pool_take_back(BatchPool *pool, batch_header *header) {
  PROBE2(pool_release, pool, &header->batch);
  if (pool_size_claim(&pool->size)) {
    pool_retire(pool, header);
    return;
  }
  pool_push(pool, header);
  if (!pool_is_quiet(pool)) pool_tell(pool);
}

static void pool_unmake_batches(BatchPool *pool, batch_header **made) {
  while (*made) pool_unmake_batch(pool, batch_header_take(made));
}

/* Writes the first elements of the first `count` batches of a list, and so touches their pages: after all of
   them are there, since the system may give addresses for more than it has memory. */
static void pool_fill(const BatchPool *pool, batch_header *made, uint32_t count) {
  for (batch_header *header = made; count > 0; header = header->next, count--)
    batch_layout_fill(&pool->layout, &header->batch, header->block);
}

/* Puts `count` new batches into a list, on the way to new_size; on failure the list is empty. */
static bool pool_make_batches(const char *function, BatchPool *pool, batch_header **made, uint32_t count,
                              uint32_t new_size) {
  bool complete = pool_may_fit(function, &pool->allocator, pool->layout.bytes, count, new_size);
  for (uint32_t i = 0; complete && i < count; i++) {
    batch_header *header = pool_make_batch(function, pool, new_size);
    if (header) batch_header_put(made, header);
    complete = header;
  }
  if (complete)
    pool_fill(pool, *made, count);
  else
    pool_unmake_batches(pool, made);
  return complete;
}

/* Moves `count` batches from the list into the pool. */
static void pool_add_batches(BatchPool *pool, batch_header **made, uint32_t count) {
  atomic_fetch_add_explicit(&pool->holders, (int)count, memory_order_relaxed);
  for (uint32_t i = 0; i < count; i++) {
    batch_header *header = batch_header_take(made);
    hand_over(header);
    pool_push(pool, header);
  }
  pool_notify(pool, count);
}

/* Whether the word that was seen lets the size become new_size. */
static bool pool_size_check(const char *function, uint64_t seen, uint32_t new_size) {
  return pool_loans_of(seen) == 0 || new_size <= pool_size_of(seen) ||
         error_fail(
             BATCH_ERROR_INVALID_ARGUMENT,
             "%s: new_size is %u, expected at most the pool's %u while a loader takes its batches from it",
             function, new_size, pool_size_of(seen));
}

bool pool_set_size(const char *function, BatchPool *pool, uint32_t new_size) {
  batch_header *made = NULL;
  uint32_t count = 0, needed;
  uint64_t seen = atomic_load_explicit(&pool->size, memory_order_relaxed);
  do {
    needed = pool_size_needs(seen, new_size);
    if (!pool_size_check(function, seen, new_size) ||
        (needed > count && !pool_make_batches(function, pool, &made, needed - count, new_size))) {
      pool_unmake_batches(pool, &made);
      return false;
    }
    if (needed > count) count = needed;
  } while (!pool_size_change(&pool->size, &seen, new_size));
  pool_add_batches(pool, &made, needed);
  pool_unmake_batches(pool, &made);
  pool_retire_idle(pool);
  return true;
}

bool batch_pool_resize(BatchPool *pool, uint32_t new_size) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_pool_resize";
  if (!pool_check(function, pool)) return false;
  if (!atomic_load_explicit(&pool->open, memory_order_relaxed)) {
    error_note(BATCH_CLOSED, function, POOL_IS_CLOSED);
    return false;
  }
  return pool_set_size(function, pool, new_size);
}

uint32_t batch_pool_size(const BatchPool *pool) {
  if (!pool_check("batch_pool_size", pool)) return 0;
  return pool_size_of(atomic_load_explicit(&pool->size, memory_order_relaxed));
}
