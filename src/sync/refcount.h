/* Atomic reference counts. Every function answers what the caller must know and aborts nothing: the
   caller names the call.

   The pairs of memory orders:
     LAST    release: acq_rel sub -> the release that finds 1: all that other holders did happens before
             the object is reused
     FIRST   the store of the first count (its owner's, release) -> try_retain: CAS: the object
     REFUSE  release, retain: the operations that lead to zero or to the bound -> try_retain: load, failing
             CAS: what was done before, such as taking the object out of where it was found */
#ifndef HEADRACE_SYNC_REFCOUNT_H
#define HEADRACE_SYNC_REFCOUNT_H

#include <limits.h>

#include "sync/port.h"

/* Half the range: so many threads cannot pass it at once and still wrap. */
#ifndef REFCOUNT_MAX
#define REFCOUNT_MAX (INT_MAX / 2)
#endif

/* Adds one. False: the object is free, or the count would overflow. */
static inline bool refcount_retain(_Atomic int *count) {
  /* Nothing to acquire: the caller holds a reference already. release for REFUSE, at the bound. */
  int before = atomic_fetch_add_explicit(count, 1, memory_order_release);
  return before > 0 && before < REFCOUNT_MAX;
}

/* Adds one unless the count is zero or can hold no more; for memory that may hold another object by
   now. */
static inline bool refcount_try_retain(_Atomic int *count) {
  /* REFUSE: acquire, here and on the failing CAS; pairs with every change of the count. */
  int seen = atomic_load_explicit(count, memory_order_acquire);
  while (seen > 0 && seen < REFCOUNT_MAX)
    /* FIRST: acquire; pairs with the store of the first count: the caller may read what it retained. */
    if (atomic_compare_exchange_weak_explicit(count, &seen, seen + 1, memory_order_acquire,
                                              memory_order_acquire))
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
