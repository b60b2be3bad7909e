/* How many batches a pool should have, which of its loans are taken (one bit each, see pool_internal.h), and how
   many batches it has beyond its size: one word, {size : 32 | loans : 8 | surplus : 24}. Resizing, freeing and
   borrowers write it; whoever retires a batch lowers the surplus first. While there are loans the size does not
   grow: who has one was told how many batches there are at most.

   The pairs of memory orders, beside those of stack.h and event.h:
     SHRINK  resize: seq_cst CAS of the word, then the seq_cst pops of the idle batches
     RETURN  take back: seq_cst push of the idle batch, then the seq_cst load of the word
   of which at least one sees the other (store buffering): either the shrinking thread pops the batch
   that comes back, or the returning thread sees that there are too many and retires one itself.
     LEND    borrow: seq_cst CAS of the word, then the seq_cst looks at the idle batches
     RETURN  the same
   for the same reason: the borrower finds the batch that comes back, or the returning thread the borrower. */
#ifndef HEADRACE_CORE_POOL_SIZE_H
#define HEADRACE_CORE_POOL_SIZE_H

#include "sync/port.h"

enum { POOL_LOANS = 8, POOL_SURPLUS_BITS = 24 };

#define POOL_SIZE_MAX (((uint32_t)1 << POOL_SURPLUS_BITS) - 1)

static inline uint64_t pool_size_word(uint32_t size, uint32_t loans, uint32_t surplus) {
  return (uint64_t)size << 32 | (uint64_t)loans << POOL_SURPLUS_BITS | surplus;
}
static inline uint32_t pool_size_of(uint64_t word) {
  return (uint32_t)(word >> 32);
}
static inline uint32_t pool_loans_of(uint64_t word) {
  return (uint32_t)word >> POOL_SURPLUS_BITS;
}
static inline uint32_t pool_surplus_of(uint64_t word) {
  return (uint32_t)word & POOL_SIZE_MAX;
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

/* The word after a batch has been pushed, or before one is popped to be retired: whether there are batches too
   many, and who waits for one. */
static inline uint64_t pool_size_look(const _Atomic uint64_t *size) {
  /* RETURN: seq_cst; pairs with SHRINK in pool_size_change, and with LEND in pool_size_lend. */
  return atomic_load_explicit(size, memory_order_seq_cst);
}

/* Whether there are batches too many. */
static inline bool pool_size_has_surplus(const _Atomic uint64_t *size) {
  return pool_surplus_of(pool_size_look(size)) > 0;
}

/* Whether there are neither batches too many nor loans. */
static inline bool pool_size_is_quiet(const _Atomic uint64_t *size) {
  return (uint32_t)pool_size_look(size) == 0;
}

/* How many batches there are, those too many included. */
static inline uint32_t pool_size_there(uint64_t word) {
  return pool_size_of(word) + pool_surplus_of(word);
}

/* How many batches must be added on the way from `seen` to new_size. */
static inline uint32_t pool_size_needs(uint64_t seen, uint32_t new_size) {
  uint32_t there = pool_size_there(seen);
  return new_size > there ? new_size - there : 0;
}

/* Goes from *seen to new_size <= POOL_SIZE_MAX; false when the word has changed meanwhile, which *seen then is,
   or for no reason. */
static inline bool pool_size_change(_Atomic uint64_t *size, uint64_t *seen, uint32_t new_size) {
  uint32_t there = pool_size_there(*seen);
  uint64_t wanted = pool_size_word(new_size, pool_loans_of(*seen), new_size < there ? there - new_size : 0);
  /* SHRINK: seq_cst; pairs with RETURN in pool_size_look. */
  return atomic_compare_exchange_weak_explicit(size, seen, wanted, memory_order_seq_cst,
                                               memory_order_relaxed);
}

/* Takes the first loan that is free, and returns its number from 0; POOL_LOANS: there is none. *there: how many
   batches there are, and not more until the loan is given back. */
static inline unsigned pool_size_lend(_Atomic uint64_t *size, uint32_t *there) {
  uint64_t seen = atomic_load_explicit(size, memory_order_relaxed);
  for (;;) {
    unsigned loan = 0;
    while (loan < POOL_LOANS && pool_loans_of(seen) >> loan & 1) loan++;
    *there = pool_size_there(seen);
    /* LEND: seq_cst; pairs with RETURN in pool_size_look. */
    if (loan == POOL_LOANS ||
        atomic_compare_exchange_weak_explicit(size, &seen, seen | pool_size_word(0, 1u << loan, 0),
                                              memory_order_seq_cst, memory_order_relaxed))
      return loan;
  }
}

/* relaxed: who had the loan waits for nothing any more. */
static inline void pool_size_give_back(_Atomic uint64_t *size, unsigned loan) {
  atomic_fetch_and_explicit(size, ~pool_size_word(0, 1u << loan, 0), memory_order_relaxed);
}

#endif
