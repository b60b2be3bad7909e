/* A pool: a Treiber stack of idle batches, events for those who wait for one, and one word that says how
   many batches there should be, how many there are too many, and who waits apart (pool_size.h).

   Pools live in type-stable memory, for two reasons. A thread that has just pushed the last batch back
   may still notify and look at the size while another one frees the pool; what it touches then is a
   pool, this one or the next, and looking again does no harm. And a call on a pool that has been freed
   finds one that says so, until that memory is another pool's. */
#include <headrace/pool.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/polled.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "core/pool_memory.h"
#include "core/pool_parts.h"
#include "sync/refcount.h"
#include "sync/thread.h"

static slab pools = SLAB_INIT(BatchPool, link);

_Static_assert(BATCH_MAX_LIVE <= POOL_SIZE_MAX, "a pool's size fits its word");

/* The memory of a pool rests until so many others have been freed. */
#ifndef POOLS_RESTING
#define POOLS_RESTING 64
#endif

static void pool_rest(uint32_t handle) {
  static _Atomic uint32_t resting[POOLS_RESTING], next;
  uint32_t at = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % POOLS_RESTING;
  /* RESTING: acq_rel; pairs with itself: what was done with a pool happens before its memory is the next one's. */
  uint32_t rested = atomic_exchange_explicit(&resting[at], handle, memory_order_acq_rel);
  if (rested) slab_free(&pools, rested);
}

void pool_let_go(BatchPool *pool) {
  if (refcount_release(&pool->holders) == REFCOUNT_LAST) pool_rest(pool->handle);
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
  pool->earlier_pops = stack_pops(&pool->idle);
  for (unsigned i = 0; i <= POOL_LOANS; i++) event_init(&pool->available[i]);
  counters_reset(&pool->statistics);
  atomic_store_explicit(&pool->freed, false, memory_order_relaxed);
  atomic_store_explicit(&pool->open, pool->home, memory_order_relaxed);
  atomic_store_explicit(&pool->holders, 1, memory_order_relaxed);
  /* release: a thread that is late in pool_take_back reads the layout only after a surplus. */
  atomic_store_explicit(&pool->size, 0, memory_order_release);
  return pool;
}

BatchPool *pool_create(const char *function, const batch_pool_options *options) {
  batch_layout layout;
  batch_allocator allocator;
  if (!options_check(function, options) || !batch_layout_make(function, &options->shape, &layout) ||
      !pool_memory_allocator(function, options, &allocator))
    return NULL;
  port_may_spin(); /* counts the processors, which is to read files: no release shall be the first to ask */
  BatchPool *pool = pool_make(&layout, &allocator, options->alignment);
  if (!pool) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a pool", function);
  if (pool_set_size(function, pool, options->pool_size)) return pool;
  slab_free(&pools, pool->handle); /* nobody knows it who could be late */
  return NULL;
}

bool pool_read_options(const char *function, const char *argument, const batch_pool_options *given,
                       batch_pool_options *mine) {
  static const options_type type = OPTIONS_TYPE(batch_pool_options, BATCH_POOL_OPTIONS_INIT, allocator);
  return options_read(&type, function, argument, given, mine);
}

BatchPool *batch_pool_create_with(const batch_pool_options *options) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_pool_create_with";
  batch_pool_options mine;
  return pool_read_options(function, "options", options, &mine) ? pool_create(function, &mine) : NULL;
}

BatchPool *batch_pool_create(uint32_t pool_size, uint32_t batch_size, uint32_t sequence_length,
                             uint32_t vocab_size) {
  HOLD_CANCELLATION;
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = pool_size;
  options.shape.batch_size = batch_size;
  options.shape.sequence_length = sequence_length;
  options.shape.vocab_size = vocab_size;
  return pool_create("batch_pool_create", &options);
}

bool pool_check(const char *function, const BatchPool *pool) {
  if (!pool) {
    error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "pool is NULL");
    return false;
  }
  if (pool->home != &batch_headers) batch_header_abort_foreign(function, "pool", pool);
  if (atomic_load_explicit(&pool->freed, memory_order_relaxed))
    error_abort("%s: pool %p has been freed", function, (const void *)pool);
  return true;
}

static void pool_close(BatchPool *pool) {
  hand_over(pool);
  /* seq_cst: pairs with the load in allocation_retry as NOTICE with REGISTER (event.h), and with CLOSED. */
  atomic_store_explicit(&pool->open, NULL, memory_order_seq_cst);
  for (unsigned i = 0; i <= POOL_LOANS; i++) event_notify_all(&pool->available[i]);
}

void batch_pool_close(BatchPool *pool) {
  if (pool_check("batch_pool_close", pool)) pool_close(pool);
}

void batch_pool_free(BatchPool *pool) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_pool_free";
  if (!pool) return;
  pool_check(function, pool);
  if (pool_loans_of(atomic_load_explicit(&pool->size, memory_order_relaxed)) > 0)
    error_abort("%s: pool %p has a loader that takes its batches from it, to be freed first", function,
                (void *)pool);
  /* relaxed: the pool's owner is one; of two who think they are, one ends here. */
  if (atomic_exchange_explicit(&pool->freed, true, memory_order_relaxed))
    error_abort("%s: pool %p has been freed", function, (void *)pool);
  pool_close(pool);
  port_descriptor_close(&pool->available[0].descriptor);
  pool_set_size(function, pool, 0);
  pool_let_go(pool);
}

/* Makes an idle batch the caller's. */
static inline Batch *pool_hand_out(BatchPool *pool, batch_header *header) {
  Batch *batch = &header->batch;
  handed_over(header); /* by those who had it before */
  if (!batch_layout_holds(&pool->layout, batch, header->elements))
    batch_layout_apply(&pool->layout, batch, header->block);
  batch->batch_id = 0;
  batch->epoch_id = 0;
  batch->is_pooled = true;
  batch->is_processed = false;
  batch->processing_time = 0;
  batch->status = BATCH_OK;
  if (batch->num_sequences | batch->max_seqlen) batch->num_sequences = batch->max_seqlen = 0;
  batch_header_publish(header);
  PROBE2(pool_allocate, pool, batch);
  return batch;
}

typedef struct allocation {
  BatchPool *pool;
  const _Atomic bool *ended; /* the caller needs no batch any more; NULL: it will */
  batch_header *header;      /* NULL after success: the pool is closed, or the caller has ended */
} allocation;

static bool allocation_retry(void *context) {
  allocation *a = context;
  if (!atomic_load_explicit(&a->pool->open, memory_order_seq_cst)) return true;
  /* seq_cst: pairs with the caller's store before pool_wake as REGISTER with NOTICE (event.h). */
  if (a->ended && atomic_load_explicit(a->ended, memory_order_seq_cst)) return true;
  a->header = pool_pop(a->pool);
  return a->header;
}

COLD static batch_status pool_refuse(const char *function, BatchPool *pool, batch_status code,
                                     const char *why) {
  counters_add(&pool->statistics, REFUSED, 1);
  return error_note(code, function, why);
}

COLD static batch_status pool_refuse_closed(const char *function, BatchPool *pool) {
  /* CLOSED: acquire; pairs with the store in pool_close: what was written before it. */
  atomic_load_explicit(&pool->open, memory_order_acquire);
  handed_over(pool);
  return pool_refuse(function, pool, BATCH_CLOSED, POOL_IS_CLOSED);
}

/* Of a pool that is not open, for whatever reason. */
COLD static batch_status pool_not_open(const char *function, BatchPool *pool) {
  pool_check(function, pool);
  return pool_refuse_closed(function, pool);
}

COLD static batch_status pool_wait(const char *function, BatchPool *pool, Batch **batch, uint64_t deadline) {
  allocation a = {pool, NULL, NULL};
  PROBE1(pool_wait_begin, pool);
  bool in_time = event_wait(&pool->available[0], allocation_retry, &a, deadline);
  PROBE2(pool_wait_end, pool, a.header != NULL);
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

int batch_pool_fd(BatchPool *pool) {
  static const char function[] = "batch_pool_fd";
  return pool_check(function, pool) ? polled_fd(function, &pool->available[0]) : -1;
}

/* seq_cst: pairs with the store in pool_close and, as GET does, with GIVE in stack_push. */
static batch_status pool_look(void *object) {
  const BatchPool *pool = object;
  if (!atomic_load_explicit(&pool->open, memory_order_seq_cst)) return BATCH_CLOSED;
  return stack_handle(atomic_load_explicit(&pool->idle.head, memory_order_seq_cst)) ? BATCH_READY : BATCH_OK;
}

batch_status batch_pool_arm(BatchPool *pool) {
  static const char function[] = "batch_pool_arm";
  if (!pool_check(function, pool)) return BATCH_ERROR_INVALID_ARGUMENT;
  batch_status found;
  polled_arm(function, &pool->available[0], pool_look, pool, &found);
  if (found != BATCH_CLOSED) return found;
  handed_over(pool);
  return error_note(BATCH_CLOSED, function, POOL_IS_CLOSED);
}

Batch *pool_allocate_unless(BatchPool *pool, unsigned loan, const _Atomic bool *ended) {
  allocation a = {pool, ended, NULL};
  if (!allocation_retry(&a)) {
    PROBE1(pool_wait_begin, pool);
    event_wait(&pool->available[loan], allocation_retry, &a, BATCH_FOREVER);
    PROBE2(pool_wait_end, pool, a.header != NULL);
    if (a.header) counters_add(&pool->statistics, HANDED_OUT_LATE, 1);
  }
  return a.header ? pool_hand_out(pool, a.header) : NULL;
}

/* A view of one of the pool's batches, or what is none of the pool's. */
COLD static void pool_release_view(const char *function, const BatchPool *pool, Batch *batch) {
  batch_header_check_held(function, batch);
  if (pool_of(batch) == pool)
    batch_header_release(batch_header_of(batch), function);
  else
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch %p does not belong to pool %p", function,
              (void *)batch, (const void *)pool);
}

/* The pool is only compared, unless a batch of it is released, which holds it: it may have been freed. */
void batch_pool_release(BatchPool *pool, Batch *batch) {
  static const char function[] = "batch_pool_release";
  if (!pool || !batch) {
    error_note(BATCH_ERROR_INVALID_ARGUMENT, function, pool ? "batch is NULL" : "pool is NULL");
    return;
  }
  batch_header *header = batch_header_check(function, batch);
  if (header->pool != pool)
    pool_release_view(function, pool, batch);
  else if (batch_header_drop_one(header, function))
    pool_take_back(pool, header);
}
