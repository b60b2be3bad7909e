/* Atomic reference counts. Every function answers what the caller must know and aborts nothing: the
   caller names the call.

   The pairs of memory orders:
     LAST  release: acq_rel sub -> the release that finds 1: all that other holders did happens before
           the object is reused. */
#ifndef HEADRACE_SYNC_REFCOUNT_H
#define HEADRACE_SYNC_REFCOUNT_H

#include <limits.h>

#include "sync/port.h"

/* Half the range: so many threads cannot pass it at once and still wrap. */
#define REFCOUNT_MAX (INT_MAX / 2)

/* Adds one. False: the object is free, or the count would overflow. relaxed: the caller holds a
   reference already. */
static inline bool refcount_retain(_Atomic int *count) {
  int before = atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
  return before > 0 && before < REFCOUNT_MAX;
}

/* Adds one unless the count is zero; for memory that may hold another object by now. acquire on
   success, pairs with the store of the first count: the caller may read what it retained. */
static inline bool refcount_try_retain(_Atomic int *count) {
  int seen = atomic_load_explicit(count, memory_order_relaxed);
  while (seen > 0)
    if (atomic_compare_exchange_weak_explicit(count, &seen, seen + 1, memory_order_acquire,
                                              memory_order_relaxed))
      return true;
  return false;
}

typedef enum refcount_left { REFCOUNT_SHARED, REFCOUNT_LAST, REFCOUNT_BROKEN } refcount_left;

/* Drops one: whether others hold it still, it was the last, or there was none to drop. */
static inline refcount_left refcount_release(_Atomic int *count) {
  /* LAST: release for what this holder did, acquire for what the others did. */
  int before = atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel);
  if (before > 1) return REFCOUNT_SHARED;
  return before == 1 ? REFCOUNT_LAST : REFCOUNT_BROKEN;
}

#endif
