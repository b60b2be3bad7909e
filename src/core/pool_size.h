/* How many batches a pool should have, and how many it has beyond that: one word, {size : 32 | surplus : 32}.
   Resizing and freeing write it; whoever retires a batch lowers the surplus first.

   The pairs of memory orders, beside those of stack.h and event.h:
     SHRINK  resize: seq_cst CAS of the word, then the seq_cst pops of the idle batches
     RETURN  take back: seq_cst push of the idle batch, then the seq_cst load of the word
   of which at least one sees the other (store buffering): either the shrinking thread pops the batch
   that comes back, or the returning thread sees that there are too many and retires one itself. */
#ifndef HEADRACE_CORE_POOL_SIZE_H
#define HEADRACE_CORE_POOL_SIZE_H

#include "sync/port.h"

static inline uint64_t pool_size_word(uint32_t size, uint32_t surplus) {
  return (uint64_t)size << 32 | surplus;
}
static inline uint32_t pool_size_of(uint64_t word) {
  return (uint32_t)(word >> 32);
}
static inline uint32_t pool_surplus_of(uint64_t word) {
  return (uint32_t)word;
}

/* Lowers the surplus by one, if there is any: the caller retires a batch, its own already, so relaxed will
   do. A surplus that is not seen yet is seen by who looks after a push. */
static inline bool pool_size_claim(_Atomic uint64_t *size) {
  uint64_t seen = atomic_load_explicit(size, memory_order_relaxed);
  while (pool_surplus_of(seen) > 0)
    if (atomic_compare_exchange_weak_explicit(size, &seen, seen - 1, memory_order_relaxed,
                                              memory_order_relaxed))
      return true;
  return false;
}

/* Whether there are batches too many: after a batch has been pushed, or before one is popped to be retired. */
static inline bool pool_size_has_surplus(const _Atomic uint64_t *size) {
  /* RETURN: seq_cst; pairs with SHRINK in pool_size_change. */
  return pool_surplus_of(atomic_load_explicit(size, memory_order_seq_cst)) > 0;
}

/* How many batches must be added on the way from `seen` to new_size. */
static inline uint32_t pool_size_needs(uint64_t seen, uint32_t new_size) {
  uint64_t there = (uint64_t)pool_size_of(seen) + pool_surplus_of(seen);
  return new_size > there ? new_size - (uint32_t)there : 0;
}

/* Goes from *seen to new_size; false when the word has changed meanwhile, which *seen then is, or for no reason. */
static inline bool pool_size_change(_Atomic uint64_t *size, uint64_t *seen, uint32_t new_size) {
  uint64_t there = (uint64_t)pool_size_of(*seen) + pool_surplus_of(*seen);
  uint64_t wanted = pool_size_word(new_size, new_size < there ? (uint32_t)(there - new_size) : 0);
  /* SHRINK: seq_cst; pairs with RETURN in pool_size_has_surplus. */
  return atomic_compare_exchange_weak_explicit(size, seen, wanted, memory_order_seq_cst,
                                               memory_order_relaxed);
}

#endif
