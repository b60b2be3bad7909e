/* A pool: a Treiber stack of idle batches, an event for those who wait for one, and one word that
   says how many batches there should be and how many there are too many.

   The pairs of memory orders, beside those of stack.h and event.h:
     SHRINK  resize: seq_cst CAS of size, then the seq_cst pops of the idle batches
     RETURN  take back: seq_cst push of the idle batch, then the seq_cst load of size
   of which at least one sees the other (store buffering): either the shrinking thread pops the batch
   that comes back, or the returning thread sees that there are too many and retires one itself.

   Pools live in type-stable memory: a thread that has just pushed the last batch back may still
   notify and look at the size while another one frees the pool. What it touches then is a pool,
   this one or the next, and looking again does no harm. */
#include <headrace/pool.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/batch_layout.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/pool_internal.h"
#include "sync/counters.h"
#include "sync/event.h"
#include "sync/refcount.h"
#include "sync/sanitizers.h"

/* What the slow paths count; the rest of the statistics is read off the stack. */
enum { HANDED_OUT_LATE, REFUSED, POPPED_TO_RETIRE };

struct BatchPool {
  /* Written before the pool is shared. */
  batch_layout layout;
  batch_allocator allocator;
  size_t alignment;
  uint64_t earlier_pops; /* of the stack, before this pool lived here */
  uint32_t handle;       /* its own, in the slab of pools */
  _Atomic uint64_t link; /* of that slab */

  stack idle;
  event available;
  /* {size : 32 | surplus : 32}: batches wanted, and batches there are beyond that. resize and free
     write it, whoever retires a batch lowers the surplus. */
  _Alignas(PORT_LINE) _Atomic uint64_t size;
  /* Its owner, each of its batches and each waiting thread hold the pool. */
  _Atomic int holders;
  /* Goes up with each pool that lives in this memory; pool_make writes it. */
  _Atomic uint32_t generation;
  _Atomic bool closed; /* pool_close sets it */
  counters statistics;
};

static slab pools = SLAB_INIT(BatchPool, link);

static uint64_t size_word(uint32_t size, uint32_t surplus) {
  return (uint64_t)size << 32 | surplus;
}
static uint32_t size_of(uint64_t word) {
  return (uint32_t)(word >> 32);
}
static uint32_t surplus_of(uint64_t word) {
  return (uint32_t)word;
}

static void pool_hold(BatchPool *pool, uint32_t times) {
  atomic_fetch_add_explicit(&pool->holders, (int)times, memory_order_relaxed);
}

static void pool_let_go(BatchPool *pool) {
  if (refcount_release(&pool->holders) == REFCOUNT_LAST) slab_free(&pools, pool->handle);
}

/* Makes one batch of the pool, its pages touched, that nobody can reach yet. */
static batch_header *pool_make_batch(BatchPool *pool) {
  const batch_allocator *a = &pool->allocator;
  batch_header *header = batch_header_allocate();
  void *block = header ? a->allocate(a->context, pool->layout.bytes, pool->alignment) : NULL;
  if (!block) {
    if (header) batch_header_free(header);
    return NULL;
  }
  header->block = block;
  header->pool = pool;
  header->batch.is_pooled = true;
  batch_layout_apply(&pool->layout, &header->batch, block);
  batch_layout_fill(&pool->layout, &header->batch, block);
  return header;
}

static void pool_unmake_batch(BatchPool *pool, batch_header *header) {
  const batch_allocator *a = &pool->allocator;
  handed_over(header);
  a->deallocate(a->context, header->block, pool->layout.bytes);
  batch_header_free(header);
}

static void pool_push(BatchPool *pool, batch_header *header) {
  uint32_t handle = header->handle;
  batch_header_hide(header, pool->layout.bytes);
  /* RETURN: pairs with SHRINK in pool_set_size. */
  stack_push(&pool->idle, batch_header_link, NULL, handle);
}

static batch_header *pool_pop(BatchPool *pool) {
  uint32_t handle = stack_pop(&pool->idle, batch_header_link, NULL);
  if (handle == 0) return NULL;
  batch_header *header = batch_header_at(handle);
  batch_header_show(header, pool->layout.bytes);
  return header;
}

/* Lowers the surplus by one, if there is any: the caller retires a batch. relaxed: the batch it
   retires is its own already. */
static bool pool_claim_surplus(BatchPool *pool) {
  uint64_t seen = atomic_load_explicit(&pool->size, memory_order_seq_cst); /* RETURN */
  while (surplus_of(seen) > 0)
    if (atomic_compare_exchange_weak_explicit(&pool->size, &seen, seen - 1, memory_order_relaxed,
                                              memory_order_relaxed))
      return true;
  return false;
}

static void pool_retire(BatchPool *pool, batch_header *header) {
  pool_unmake_batch(pool, header);
  pool_let_go(pool);
}

static inline bool pool_has_surplus(const BatchPool *pool) {
  return surplus_of(atomic_load_explicit(&pool->size, memory_order_seq_cst)) > 0; /* RETURN */
}

/* Retires idle batches while there are too many. One that was popped and then not wanted any more
   goes back, where RETURN counts again. */
COLD static void pool_retire_idle(BatchPool *pool) {
  while (pool_has_surplus(pool)) {
    batch_header *header = pool_pop(pool);
    if (!header) return;
    counters_add(&pool->statistics, POPPED_TO_RETIRE, 1);
    if (pool_claim_surplus(pool)) {
      pool_retire(pool, header);
    } else {
      pool_push(pool, header);
      event_notify(&pool->available, 1);
    }
  }
}

void pool_take_back(BatchPool *pool, batch_header *header) {
  if (pool_claim_surplus(pool)) {
    pool_retire(pool, header);
    return;
  }
  pool_push(pool, header);
  event_notify(&pool->available, 1);
  if (pool_has_surplus(pool)) pool_retire_idle(pool);
}

static void pool_unmake_batches(BatchPool *pool, stack *made) {
  uint32_t handle;
  while ((handle = stack_pop(made, batch_header_link, NULL)))
    pool_unmake_batch(pool, batch_header_at(handle));
}

/* Whether `count` more batches can be had at all, before the first of them is touched: the system
   refuses at once what it can never give. */
static bool pool_fits(const BatchPool *pool, uint32_t count) {
  size_t bytes;
  if (count > SLAB_MAX_HANDLE || !memory_multiply(count, pool->layout.bytes, &bytes) || bytes > PTRDIFF_MAX)
    return false;
  void *volatile probe = malloc(bytes);
  free(probe);
  return probe;
}

/* Makes `count` batches into a private list, on the way to new_size; on failure the list is empty. */
static bool pool_make_batches(const char *function, BatchPool *pool, stack *made, uint32_t count,
                              uint32_t new_size) {
  bool complete = count == 0 || pool_fits(pool, count);
  for (uint32_t i = 0; complete && i < count; i++) {
    batch_header *header = pool_make_batch(pool);
    if (header) stack_push(made, batch_header_link, NULL, header->handle);
    complete = header;
  }
  if (complete) return true;
  pool_unmake_batches(pool, made);
  return error_fail(BATCH_OUT_OF_MEMORY, "%s: no memory for a size of %u batches of %zu bytes each", function,
                    new_size, pool->layout.bytes);
}

/* Moves `count` batches from the private list into the pool. */
static void pool_add_batches(BatchPool *pool, stack *made, uint32_t count) {
  pool_hold(pool, count);
  for (uint32_t i = 0; i < count; i++)
    pool_push(pool, batch_header_at(stack_pop(made, batch_header_link, NULL)));
  event_notify(&pool->available, count);
}

/* Brings the pool to new_size batches in the name of `function`. */
static bool pool_set_size(const char *function, BatchPool *pool, uint32_t new_size) {
  stack made;
  stack_init(&made, 0);
  uint32_t count = 0, needed;
  uint64_t seen = atomic_load_explicit(&pool->size, memory_order_relaxed), wanted;
  do {
    uint64_t there = (uint64_t)size_of(seen) + surplus_of(seen);
    needed = new_size > there ? new_size - (uint32_t)there : 0;
    if (needed > count && !pool_make_batches(function, pool, &made, needed - count, new_size)) return false;
    if (needed > count) count = needed;
    wanted = size_word(new_size, new_size < there ? (uint32_t)there - new_size : 0);
    /* SHRINK: seq_cst; pairs with RETURN in pool_push and pool_has_surplus. */
  } while (!atomic_compare_exchange_weak_explicit(&pool->size, &seen, wanted, memory_order_seq_cst,
                                                  memory_order_relaxed));
  pool_add_batches(pool, &made, needed);
  pool_unmake_batches(pool, &made);
  pool_retire_idle(pool);
  return true;
}

static bool options_check(const char *function, const batch_pool_options *options) {
  if (!options) return error_fail(BATCH_INVALID_ARGUMENT, "%s: options is NULL", function);
  if (options->pool_size == 0)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: pool_size is 0, expected at least 1", function);
  if (options->alignment & (options->alignment - 1))
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: alignment is %zu, expected a power of two", function,
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
  /* The stack is empty: zeroed, or left so by another pool, whose tags it goes on with, since a thread
     that is late in pool_take_back may hold one of them. */
  uint64_t idle;
  stack_counts(&pool->idle, batch_header_link, NULL, &pool->earlier_pops, &idle);
  event_init(&pool->available);
  counters_reset(&pool->statistics);
  atomic_store_explicit(&pool->closed, false, memory_order_relaxed);
  uint32_t generation = atomic_load_explicit(&pool->generation, memory_order_relaxed);
  atomic_store_explicit(&pool->generation, generation + 1, memory_order_relaxed);
  /* FIRST: release; pairs with refcount_try_retain in pool_hold_again: the generation. */
  atomic_store_explicit(&pool->holders, 1, memory_order_release);
  /* release: a thread that is late in pool_take_back reads the layout only after a surplus. */
  atomic_store_explicit(&pool->size, 0, memory_order_release);
  return pool;
}

static BatchPool *pool_create(const char *function, const batch_pool_options *options) {
  batch_layout layout;
  batch_allocator allocator;
  if (!options_check(function, options) || !batch_layout_make(function, &options->shape, &layout) ||
      !memory_pool_allocator(function, options, &allocator))
    return NULL;
  BatchPool *pool = pool_make(&layout, &allocator, options->alignment);
  if (!pool) return error_null(BATCH_OUT_OF_MEMORY, "%s: no memory for a pool", function);
  if (pool_set_size(function, pool, options->pool_size)) return pool;
  pool_let_go(pool);
  return NULL;
}

BatchPool *batch_pool_create_with(const batch_pool_options *options) {
  return pool_create("batch_pool_create_with", options);
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

void pool_close(BatchPool *pool) {
  /* seq_cst: pairs with the load in allocation_retry as NOTICE with REGISTER (event.h). */
  atomic_store_explicit(&pool->closed, true, memory_order_seq_cst);
  event_notify_all(&pool->available);
}

void batch_pool_free(BatchPool *pool) {
  if (!pool) return;
  pool_close(pool);
  pool_set_size("batch_pool_free", pool, 0);
  pool_let_go(pool);
}

/* Makes an idle batch the caller's. */
static Batch *pool_hand_out(BatchPool *pool, batch_header *header) {
  Batch *batch = &header->batch;
  if (!batch_layout_holds(&pool->layout, batch, header->block))
    batch_layout_apply(&pool->layout, batch, header->block);
  batch->batch_id = 0;
  batch->epoch_id = 0;
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
  a->header = pool_pop(a->pool);
  return a->header || atomic_load_explicit(&a->pool->closed, memory_order_seq_cst);
}

/* Holds the pool that a call found in this memory when it began, unless it has been freed since. */
static bool pool_hold_again(BatchPool *pool, uint32_t generation) {
  if (!refcount_try_retain(&pool->holders)) return false;
  if (atomic_load_explicit(&pool->generation, memory_order_relaxed) == generation) return true;
  pool_let_go(pool);
  return false;
}

/* Waits for an idle batch; holds the pool meanwhile, since it may be freed. */
COLD static batch_status pool_wait(const char *function, BatchPool *pool, uint32_t generation, Batch **batch,
                                   uint64_t deadline) {
  static const char freed[] = "the pool was freed";
  allocation a = {pool, NULL};
  if (!pool_hold_again(pool, generation)) return error_note(BATCH_CLOSED, function, freed);
  bool in_time = event_wait(&pool->available, allocation_retry, &a, deadline);
  counters_add(&pool->statistics, a.header ? HANDED_OUT_LATE : REFUSED, 1);
  if (a.header) *batch = pool_hand_out(pool, a.header);
  pool_let_go(pool);
  if (a.header) return BATCH_OK;
  return in_time ? error_note(BATCH_CLOSED, function, freed)
                 : error_note(BATCH_TIMEDOUT, function, "no batch came back before the deadline");
}

/* The allocations, each in the name of the public function. */
static inline batch_status pool_allocate(const char *function, BatchPool *pool, Batch **batch,
                                         uint64_t deadline) {
  *batch = NULL;
  if (!pool) return error_note(BATCH_INVALID_ARGUMENT, function, "pool is NULL");
  uint32_t generation = atomic_load_explicit(&pool->generation, memory_order_relaxed);
  batch_header *header = pool_pop(pool);
  if (header) {
    *batch = pool_hand_out(pool, header);
    return BATCH_OK;
  }
  if (deadline != BATCH_NO_WAIT) return pool_wait(function, pool, generation, batch, deadline);
  counters_add(&pool->statistics, REFUSED, 1);
  return error_note(BATCH_EMPTY, function, "all batches are out");
}

batch_status batch_pool_allocate_until(BatchPool *pool, Batch **batch, uint64_t deadline) {
  static const char function[] = "batch_pool_allocate_until";
  if (!batch) return error_note(BATCH_INVALID_ARGUMENT, function, "batch is NULL");
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

void batch_pool_release(BatchPool *pool, Batch *batch) {
  static const char function[] = "batch_pool_release";
  if (!pool || !batch)
    error_note(BATCH_INVALID_ARGUMENT, function, pool ? "batch is NULL" : "pool is NULL");
  else if (batch_header_is_free(batch))
    error_abort("%s: batch %p is already free", function, (void *)batch);
  else if (batch_header_of(batch)->pool != pool)
    error_set(BATCH_INVALID_ARGUMENT, "%s: batch %p does not belong to pool %p", function, (void *)batch,
              (void *)pool);
  else
    batch_header_release(batch_header_of(batch), function);
}

bool batch_pool_resize(BatchPool *pool, uint32_t new_size) {
  if (!pool) return error_fail(BATCH_INVALID_ARGUMENT, "batch_pool_resize: pool is NULL");
  return pool_set_size("batch_pool_resize", pool, new_size);
}

uint32_t batch_pool_size(const BatchPool *pool) {
  if (!pool) return error_note(BATCH_INVALID_ARGUMENT, "batch_pool_size", "pool is NULL"), 0;
  return size_of(atomic_load_explicit(&pool->size, memory_order_relaxed));
}

void batch_pool_get_stats(const BatchPool *pool, uint64_t *allocations, uint64_t *releases,
                          uint64_t *cache_hits, uint64_t *cache_misses) {
  uint64_t handed_out = 0, out = 0, late = 0, refused = 0;
  if (!pool) error_set(BATCH_INVALID_ARGUMENT, "batch_pool_get_stats: pool is NULL");
  if (pool) {
    uint64_t pops, idle, size = atomic_load_explicit(&pool->size, memory_order_relaxed);
    late = counters_sum(&pool->statistics, HANDED_OUT_LATE);
    refused = counters_sum(&pool->statistics, REFUSED);
    stack_counts(&pool->idle, batch_header_link, NULL, &pops, &idle);
    handed_out = pops - pool->earlier_pops - counters_sum(&pool->statistics, POPPED_TO_RETIRE);
    out = (uint64_t)size_of(size) + surplus_of(size) - idle;
  }
  /* A batch that was handed out is out or came back. */
  if (allocations) *allocations = handed_out;
  if (releases) *releases = handed_out > out ? handed_out - out : 0;
  if (cache_hits) *cache_hits = handed_out > late ? handed_out - late : 0;
  if (cache_misses) *cache_misses = late + refused;
}

void batch_pool_print_stats(const BatchPool *pool) {
  uint64_t allocations, releases, hits, misses;
  if (!pool) {
    error_set(BATCH_INVALID_ARGUMENT, "batch_pool_print_stats: pool is NULL");
    return;
  }
  batch_pool_get_stats(pool, &allocations, &releases, &hits, &misses);
  double rate = hits + misses ? 100.0 * (double)hits / (double)(hits + misses) : 0.0;
  printf("pool of %u batches, %u x %u: %llu allocations, %llu releases, %llu hits, %llu misses, hit rate "
         "%.1f %%\n",
         batch_pool_size(pool), pool->layout.shape.batch_size, pool->layout.shape.sequence_length,
         (unsigned long long)allocations, (unsigned long long)releases, (unsigned long long)hits,
         (unsigned long long)misses, rate);
}
