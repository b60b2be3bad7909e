/* A pool: a Treiber stack of idle batches, an event for those who wait for one, and one word that
   says how many batches there should be and how many there are too many (pool_size.h).

   Pools live in type-stable memory, for two reasons. A thread that has just pushed the last batch back
   may still notify and look at the size while another one frees the pool; what it touches then is a
   pool, this one or the next, and looking again does no harm. And a call on a pool that has been freed
   finds one that says so, until that memory is another pool's. */
#include <headrace/pool.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/sanitizers.h"
#include "core/batch_layout.h"
#include "core/pool_internal.h"
#include "core/pool_memory.h"
#include "core/pool_size.h"
#include "sync/counters.h"
#include "sync/event.h"
#include "sync/refcount.h"

/* What the slow paths count; the rest of the statistics is read off the stack. */
enum { HANDED_OUT_LATE, REFUSED, POPPED_TO_RETIRE };

struct BatchPool {
  /* Written before the pool is shared. */
  batch_layout layout;
  batch_allocator allocator;
  size_t alignment;
  uint64_t earlier_pops; /* of the stack, before this pool lived here */
  uint32_t handle;       /* its own, in the slab of pools */
  const slab *home;      /* the slab of its batches: this copy's of the library */
  _Atomic uint64_t link; /* of the slab of pools */

  _Atomic(const slab *) open; /* home, until pool_close writes NULL: what an allocation looks at */
  _Atomic bool freed;         /* batch_pool_free sets it; for calls that should not have come */

  stack idle;
  event available;
  /* See pool_size.h. resize and free write it, whoever retires a batch lowers the surplus. */
  _Alignas(PORT_LINE) _Atomic uint64_t size;
  /* Its owner and each of its batches hold the pool. */
  _Atomic int holders;
  counters statistics;
};

static slab pools = SLAB_INIT(BatchPool, link);

/* The memory of a pool rests until so many others have been freed. */
#ifndef POOLS_RESTING
#define POOLS_RESTING 64
#endif

static void pool_hold(BatchPool *pool, uint32_t times) {
  atomic_fetch_add_explicit(&pool->holders, (int)times, memory_order_relaxed);
}

static void pool_rest(uint32_t handle) {
  static _Atomic uint32_t resting[POOLS_RESTING], next;
  uint32_t at = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % POOLS_RESTING;
  /* acq_rel: pairs with itself; what was done with a pool happens before its memory is the next one's. */
  uint32_t rested = atomic_exchange_explicit(&resting[at], handle, memory_order_acq_rel);
  if (rested) slab_free(&pools, rested);
}

static void pool_let_go(BatchPool *pool) {
  if (refcount_release(&pool->holders) == REFCOUNT_LAST) pool_rest(pool->handle);
}

COLD static bool no_memory(const char *function, const BatchPool *pool, uint32_t size) {
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a size of %u batches of %zu bytes each",
                    function, size, pool->layout.bytes);
}

/* Makes one batch, its elements not written yet, that nobody can reach, on the way to new_size. */
static batch_header *pool_make_batch(const char *function, BatchPool *pool, uint32_t new_size) {
  const batch_allocator *a = &pool->allocator;
  batch_header *header = batch_header_allocate(function);
  if (!header) return NULL;
  void *block = a->allocate(a->context, pool->layout.bytes, pool->alignment);
  if (!block) {
    batch_header_free(header);
    no_memory(function, pool, new_size);
    return NULL;
  }
  header->block = block;
  header->pool = pool;
  batch_layout_apply(&pool->layout, &header->batch, block);
  return header;
}

static void pool_unmake_batch(BatchPool *pool, batch_header *header) {
  const batch_allocator *a = &pool->allocator;
  batch_layout_drop(&header->batch);
  handed_over(header);
  a->deallocate(a->context, header->block, pool->layout.bytes);
  batch_header_free(header);
}

static void pool_push(BatchPool *pool, batch_header *header) {
  uint32_t handle = header->handle;
  batch_header_hide(header, pool->layout.bytes);
  /* RETURN: pairs with SHRINK in pool_size_change. */
  stack_push(&pool->idle, batch_header_link, NULL, handle);
}

static inline batch_header *pool_pop(BatchPool *pool) {
  uint32_t handle = stack_pop(&pool->idle, batch_header_link, NULL);
  if (handle == 0) return NULL;
  batch_header *header = batch_header_at(handle);
  batch_header_show(header, pool->layout.bytes);
  return header;
}

static void pool_retire(BatchPool *pool, batch_header *header) {
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
      event_notify(&pool->available, 1);
    }
  }
}

void pool_take_back(BatchPool *pool, batch_header *header) {
  if (pool_size_claim(&pool->size)) {
    pool_retire(pool, header);
    return;
  }
  pool_push(pool, header);
  event_notify(&pool->available, 1);
  if (pool_size_has_surplus(&pool->size)) pool_retire_idle(pool);
}

static void pool_unmake_batches(BatchPool *pool, stack *made) {
  uint32_t handle;
  while ((handle = stack_pop(made, batch_header_link, NULL)))
    pool_unmake_batch(pool, batch_header_at(handle));
}

/* Writes the first elements of the topmost `count` batches of a private list, and so touches their pages:
   after all of them are there, since the system may give addresses for more than it has memory. */
static void pool_fill(const BatchPool *pool, const stack *made, uint32_t count) {
  uint32_t handle = stack_handle(atomic_load_explicit(&made->head, memory_order_relaxed));
  for (; count > 0; count--) {
    batch_header *header = batch_header_at(handle);
    batch_layout_fill(&pool->layout, &header->batch, header->block);
    handle = stack_handle(atomic_load_explicit(&header->link, memory_order_relaxed));
  }
}

/* Makes `count` batches into a private list, on the way to new_size; on failure the list is empty. */
static bool pool_make_batches(const char *function, BatchPool *pool, stack *made, uint32_t count,
                              uint32_t new_size) {
  bool complete = batch_header_room(function, count);
  if (complete && !pool_memory_may_fit(&pool->allocator, count, pool->layout.bytes))
    complete = no_memory(function, pool, new_size);
  for (uint32_t i = 0; complete && i < count; i++) {
    batch_header *header = pool_make_batch(function, pool, new_size);
    if (header) stack_push(made, batch_header_link, NULL, header->handle);
    complete = header;
  }
  if (complete)
    pool_fill(pool, made, count);
  else
    pool_unmake_batches(pool, made);
  return complete;
}

/* Moves `count` batches from the private list into the pool. */
static void pool_add_batches(BatchPool *pool, stack *made, uint32_t count) {
  pool_hold(pool, count);
  for (uint32_t i = 0; i < count; i++) {
    batch_header *header = batch_header_at(stack_pop(made, batch_header_link, NULL));
    hand_over(header);
    pool_push(pool, header);
  }
  event_notify(&pool->available, count);
}

/* Brings the pool to new_size batches in the name of `function`. */
static bool pool_set_size(const char *function, BatchPool *pool, uint32_t new_size) {
  stack made;
  stack_init(&made, 0);
  uint32_t count = 0, needed;
  uint64_t seen = atomic_load_explicit(&pool->size, memory_order_relaxed);
  do {
    needed = pool_size_needs(seen, new_size);
    if (needed > count && !pool_make_batches(function, pool, &made, needed - count, new_size)) return false;
    if (needed > count) count = needed;
  } while (!pool_size_change(&pool->size, &seen, new_size));
  pool_add_batches(pool, &made, needed);
  pool_unmake_batches(pool, &made);
  pool_retire_idle(pool);
  return true;
}

static bool options_check(const char *function, const batch_pool_options *options) {
  if (options->pool_size == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: pool_size is 0, expected at least 1", function);
  if (options->alignment & (options->alignment - 1))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: alignment is %zu, expected a power of two", function,
                      options->alignment);
  return true;
}

/* A pool without batches in memory that may have been another pool's. */
static BatchPool *pool_make(const batch_layout *layout, const batch_allocator *allocator, size_t alignment) {
  uint32_t handle = slab_allocate(&pools);
  if (handle == 0) return NULL;
  BatchPool *pool = slab_object(&pools, handle);
  pool->layout = *layout;
  pool->allocator = *allocator;
  pool->alignment = alignment > MEMORY_ALIGNMENT ? alignment : MEMORY_ALIGNMENT;
  pool->handle = handle;
  pool->home = &batch_headers;
  /* The stack is empty: zeroed, or left so by another pool, whose tags it goes on with, since a thread
     that is late in pool_take_back may hold one of them. */
  uint64_t idle;
  stack_counts(&pool->idle, batch_header_link, NULL, &pool->earlier_pops, &idle);
  event_init(&pool->available);
  counters_reset(&pool->statistics);
  atomic_store_explicit(&pool->freed, false, memory_order_relaxed);
  atomic_store_explicit(&pool->open, pool->home, memory_order_relaxed);
  atomic_store_explicit(&pool->holders, 1, memory_order_relaxed);
  /* release: a thread that is late in pool_take_back reads the layout only after a surplus. */
  atomic_store_explicit(&pool->size, 0, memory_order_release);
  return pool;
}

static BatchPool *pool_create(const char *function, const batch_pool_options *options) {
  batch_layout layout;
  batch_allocator allocator;
  if (!options_check(function, options) || !batch_layout_make(function, &options->shape, &layout) ||
      !pool_memory_allocator(function, options, &allocator))
    return NULL;
  BatchPool *pool = pool_make(&layout, &allocator, options->alignment);
  if (!pool) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a pool", function);
  if (pool_set_size(function, pool, options->pool_size)) return pool;
  slab_free(&pools, pool->handle); /* nobody knows it who could be late */
  return NULL;
}

BatchPool *batch_pool_create_with(const batch_pool_options *options) {
  static const options_type type = OPTIONS_TYPE(batch_pool_options, BATCH_POOL_OPTIONS_INIT, allocator);
  static const char function[] = "batch_pool_create_with";
  batch_pool_options mine;
  return options_read(&type, function, "options", options, &mine) ? pool_create(function, &mine) : NULL;
}

BatchPool *batch_pool_create(uint32_t pool_size, uint32_t batch_size, uint32_t sequence_length,
                             uint32_t vocab_size) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = pool_size;
  options.shape.batch_size = batch_size;
  options.shape.sequence_length = sequence_length;
  options.shape.vocab_size = vocab_size;
  return pool_create("batch_pool_create", &options);
}

/* Whether pool is one that may be used; one that has been freed, or is another copy's, ends the process. */
static bool pool_check(const char *function, const BatchPool *pool) {
  if (!pool) return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "pool is NULL"), false;
  if (pool->home != &batch_headers) batch_header_abort_foreign(function, "pool", pool);
  if (atomic_load_explicit(&pool->freed, memory_order_relaxed))
    error_abort("%s: pool %p has been freed", function, (const void *)pool);
  return true;
}

static void pool_close(BatchPool *pool) {
  hand_over(pool);
  /* seq_cst: pairs with the load in allocation_retry as NOTICE with REGISTER (event.h), and with CLOSED. */
  atomic_store_explicit(&pool->open, NULL, memory_order_seq_cst);
  event_notify_all(&pool->available);
}

void batch_pool_close(BatchPool *pool) {
  if (pool_check("batch_pool_close", pool)) pool_close(pool);
}

void batch_pool_free(BatchPool *pool) {
  static const char function[] = "batch_pool_free";
  if (!pool) return;
  pool_check(function, pool);
  /* relaxed: the pool's owner is one; of two who think they are, one ends here. */
  if (atomic_exchange_explicit(&pool->freed, true, memory_order_relaxed))
    error_abort("%s: pool %p has been freed", function, (void *)pool);
  pool_close(pool);
  pool_set_size(function, pool, 0);
  pool_let_go(pool);
}

/* Makes an idle batch the caller's. */
static Batch *pool_hand_out(BatchPool *pool, batch_header *header) {
  Batch *batch = &header->batch;
  if (!batch_layout_holds(&pool->layout, batch, header->block))
    batch_layout_apply(&pool->layout, batch, header->block);
  batch->batch_id = 0;
  batch->epoch_id = 0;
  batch->is_pooled = true;
  batch->is_processed = false;
  batch->processing_time = 0;
  batch->status = BATCH_OK;
  batch_header_publish(header);
  return batch;
}

typedef struct allocation {
  BatchPool *pool;
  batch_header *header; /* NULL after success: the pool is closed */
} allocation;

static bool allocation_retry(void *context) {
  allocation *a = context;
  if (!atomic_load_explicit(&a->pool->open, memory_order_seq_cst)) return true;
  a->header = pool_pop(a->pool);
  return a->header;
}

COLD static batch_status pool_refuse(const char *function, BatchPool *pool, batch_status code,
                                     const char *why) {
  counters_add(&pool->statistics, REFUSED, 1);
  return error_note(code, function, why);
}

static const char pool_is_closed[] = "the pool is closed";

COLD static batch_status pool_refuse_closed(const char *function, BatchPool *pool) {
  /* CLOSED: acquire; pairs with the store in pool_close: what was written before it. */
  atomic_load_explicit(&pool->open, memory_order_acquire);
  handed_over(pool);
  return pool_refuse(function, pool, BATCH_CLOSED, pool_is_closed);
}

/* Of a pool that is not open, for whatever reason. */
COLD static batch_status pool_not_open(const char *function, BatchPool *pool) {
  pool_check(function, pool);
  return pool_refuse_closed(function, pool);
}

COLD static batch_status pool_wait(const char *function, BatchPool *pool, Batch **batch, uint64_t deadline) {
  allocation a = {pool, NULL};
  bool in_time = event_wait(&pool->available, allocation_retry, &a, deadline);
  if (!a.header)
    return in_time ? pool_refuse_closed(function, pool)
                   : pool_refuse(function, pool, BATCH_TIMEDOUT, "no batch came back before the deadline");
  counters_add(&pool->statistics, HANDED_OUT_LATE, 1);
  *batch = pool_hand_out(pool, a.header);
  return BATCH_OK;
}

/* The allocations, each in the name of the public function. */
static inline batch_status pool_allocate(const char *function, BatchPool *pool, Batch **batch,
                                         uint64_t deadline) {
  *batch = NULL;
  if (!pool) return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "pool is NULL");
  /* relaxed: a call that begins after batch_pool_close has returned sees what it wrote. */
  if (atomic_load_explicit(&pool->open, memory_order_relaxed) != &batch_headers)
    return pool_not_open(function, pool);
  batch_header *header = pool_pop(pool);
  if (header) {
    *batch = pool_hand_out(pool, header);
    return BATCH_OK;
  }
  if (deadline != BATCH_NO_WAIT) return pool_wait(function, pool, batch, deadline);
  return pool_refuse(function, pool, BATCH_EMPTY, "all batches are out");
}

batch_status batch_pool_allocate_until(BatchPool *pool, Batch **batch, uint64_t deadline) {
  static const char function[] = "batch_pool_allocate_until";
  if (!batch) return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "batch is NULL");
  return pool_allocate(function, pool, batch, deadline);
}

Batch *batch_pool_allocate(BatchPool *pool) {
  Batch *batch;
  pool_allocate("batch_pool_allocate", pool, &batch, BATCH_FOREVER);
  return batch;
}

Batch *batch_pool_try_allocate(BatchPool *pool) {
  Batch *batch;
  pool_allocate("batch_pool_try_allocate", pool, &batch, BATCH_NO_WAIT);
  return batch;
}

/* The pool is only compared: it may have been freed. */
void batch_pool_release(BatchPool *pool, Batch *batch) {
  static const char function[] = "batch_pool_release";
  if (!pool || !batch) {
    error_note(BATCH_ERROR_INVALID_ARGUMENT, function, pool ? "batch is NULL" : "pool is NULL");
    return;
  }
  batch_header_check_held(function, batch);
  const batch_header *owner = batch_header_of(batch);
  while (owner->parent) owner = owner->parent;
  if (owner->pool == pool)
    batch_header_release(batch_header_of(batch), function);
  else
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch %p does not belong to pool %p", function,
              (void *)batch, (void *)pool);
}

bool batch_pool_resize(BatchPool *pool, uint32_t new_size) {
  static const char function[] = "batch_pool_resize";
  if (!pool_check(function, pool)) return false;
  if (!atomic_load_explicit(&pool->open, memory_order_relaxed))
    return error_note(BATCH_CLOSED, function, pool_is_closed), false;
  return pool_set_size(function, pool, new_size);
}

uint32_t batch_pool_size(const BatchPool *pool) {
  if (!pool_check("batch_pool_size", pool)) return 0;
  return pool_size_of(atomic_load_explicit(&pool->size, memory_order_relaxed));
}

/* How many batches are out, or on their way in or out; how many pops of the stack there have been. */
static uint32_t pool_out(const BatchPool *pool, uint64_t *pops) {
  uint64_t idle, size = atomic_load_explicit(&pool->size, memory_order_relaxed);
  stack_counts(&pool->idle, batch_header_link, NULL, pops, &idle);
  uint64_t there = (uint64_t)pool_size_of(size) + pool_surplus_of(size);
  return there > idle ? (uint32_t)(there - idle) : 0;
}

uint32_t batch_pool_outstanding(const BatchPool *pool) {
  uint64_t pops;
  return pool_check("batch_pool_outstanding", pool) ? pool_out(pool, &pops) : 0;
}

void batch_pool_get_stats(const BatchPool *pool, uint64_t *allocations, uint64_t *releases,
                          uint64_t *cache_hits, uint64_t *cache_misses) {
  uint64_t handed_out = 0, out = 0, late = 0, refused = 0;
  if (pool_check("batch_pool_get_stats", pool)) {
    uint64_t pops, retired = counters_sum(&pool->statistics, POPPED_TO_RETIRE);
    late = counters_sum(&pool->statistics, HANDED_OUT_LATE);
    refused = counters_sum(&pool->statistics, REFUSED);
    out = pool_out(pool, &pops);
    /* What was counted as retired may not all be among the pops that are seen. */
    handed_out = pops - pool->earlier_pops;
    handed_out = handed_out > retired ? handed_out - retired : 0;
  }
  /* A batch that was handed out is out or came back. */
  if (allocations) *allocations = handed_out;
  if (releases) *releases = handed_out > out ? handed_out - out : 0;
  if (cache_hits) *cache_hits = handed_out > late ? handed_out - late : 0;
  if (cache_misses) *cache_misses = late + refused;
}

void batch_pool_print_stats(const BatchPool *pool) {
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
