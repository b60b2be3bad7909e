/* The parts of a pool, for the files that make it up: pool.c hands batches out, pool_resize.c makes them, takes
   them back and retires them, pool_loan.c lends them to loaders, pool_stats.c counts. */
#ifndef HEADRACE_CORE_POOL_PARTS_H
#define HEADRACE_CORE_POOL_PARTS_H

#include "core/batch_layout.h"
#include "core/pool_internal.h"
#include "core/pool_size.h"
#include "sync/counters.h"
#include "sync/event.h"

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
  _Atomic uint32_t link; /* of the slab of pools */

  _Atomic(const slab *) open; /* home, until pool_close writes NULL: what an allocation looks at */
  _Atomic bool freed;         /* batch_pool_free sets it; for calls that should not have come */

  stack idle;
  event available[1 + POOL_LOANS]; /* [0]: for everyone; [i]: for who has loan i */
  /* See pool_size.h. resize, free and borrowers write it, whoever retires a batch lowers the surplus. */
  _Alignas(PORT_LINE) _Atomic uint64_t size;
  /* Its owner and each of its batches hold the pool. */
  _Atomic int holders;
  counters statistics;
};

#define POOL_IS_CLOSED "the pool is closed"

/* Whether pool is one that may be used; reports one that is NULL in the name of `function`. One that has been
   freed, or is another copy's, ends the process. */
bool pool_check(const char *function, const BatchPool *pool);

/* Brings the pool to new_size batches in the name of `function`. */
bool pool_set_size(const char *function, BatchPool *pool, uint32_t new_size);

/* Whether there may be `count` more batches of so many bytes, on the way to new_size; otherwise says so in the name of
   `function`. */
bool pool_may_fit(const char *function, const batch_allocator *allocator, size_t bytes, uint32_t count,
                  uint32_t new_size);

/* One of the pool's holders has gone; the last one gives its memory back. */
void pool_let_go(BatchPool *pool);

/* After `count` batches have become idle: one waiter for each, of every kind, looks again. Returns the pool's word,
   looked at since then. */
static inline uint64_t pool_notify(BatchPool *pool, uint32_t count) {
  event_notify(&pool->available[0], count);
  uint64_t word = pool_size_look(&pool->size);
  for (uint32_t loans = pool_loans_of(word), i = 1; loans > 0; loans >>= 1, i++)
    if (loans & 1) event_notify(&pool->available[i], count);
  return word;
}

/* Whether pool_notify would find nobody, and there is no surplus: what a release looks at after its push. */
static inline bool pool_is_quiet(const BatchPool *pool) {
  return event_notice(&pool->available[0]) == 0 && pool_size_is_quiet(&pool->size);
}

/* The link of a header that is known, for a push of it. */
static inline _Atomic uint32_t *pool_link_known(const void *header, uint32_t handle) {
  (void)handle;
  return &((batch_header *)(uintptr_t)header)->link;
}

/* Makes a batch idle that nobody else can reach. */
static inline void pool_push(BatchPool *pool, batch_header *header) {
  batch_header_hide(header, pool->layout.bytes);
  /* RETURN: pairs with SHRINK in pool_size_change. */
  stack_push(&pool->idle, pool_link_known, header, header->handle);
}

/* The link of a handle's header, which is noted. */
static inline _Atomic uint32_t *pool_link_noted(const void *noted, uint32_t handle) {
  batch_header *header = batch_header_at(handle);
  *(batch_header **)(uintptr_t)noted = header;
  return &header->link;
}

/* Takes the batch that was made idle last; NULL: there is none. */
static inline batch_header *pool_pop(BatchPool *pool) {
  batch_header *header = NULL; /* set by the link, which clang does not see */
  if (stack_pop(&pool->idle, pool_link_noted, &header) == 0) return NULL;
  /* What is on top next may still be another processor's, which has released it. relaxed: nobody else writes the link.
     Under the lowest one lies handle 0, whose place is there. */
  port_prefetch_for_write(batch_header_at(atomic_load_explicit(&header->link, memory_order_relaxed)));
  batch_header_show(header, pool->layout.bytes);
  return header;
}

#endif
