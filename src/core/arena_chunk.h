/* What is taken of a chunk of an arena: one word, {used : 40 | blocks : 24}. Blocks are taken one behind the other, used
   units of 64 bytes from its beginning; when the last of them has been given back the next one is taken from the
   beginning again. Whoever makes a pool takes, whoever retires a batch gives back.

   The pair of memory orders:
     VACATE  give back: release sub  ->  OCCUPY  take: acquire CAS: what was done with the memory happens before it is
             another block. Between the two the word changes by such operations alone, each of which carries on what
             those before it have released. */
#ifndef HEADRACE_CORE_ARENA_CHUNK_H
#define HEADRACE_CORE_ARENA_CHUNK_H

#include "sync/port.h"

enum { ARENA_UNIT_SHIFT = 6, ARENA_BLOCKS_BITS = 24 };

#define ARENA_UNIT ((uint64_t)1 << ARENA_UNIT_SHIFT)
#define ARENA_MOST (((uint64_t)1 << ARENA_BLOCKS_BITS) - 1)
/* Bytes of a chunk: what the word can say, and half of the addresses. */
#define ARENA_CHUNK_MOST ((size_t)1 << (sizeof(size_t) < 8 ? 31 : 63 - ARENA_BLOCKS_BITS + ARENA_UNIT_SHIFT))

static inline uint64_t arena_word(uint64_t used, uint64_t blocks) {
  return used << ARENA_BLOCKS_BITS | blocks;
}
static inline uint64_t arena_used(uint64_t word) {
  return word >> ARENA_BLOCKS_BITS;
}
static inline uint64_t arena_blocks(uint64_t word) {
  return word & ARENA_MOST;
}

/* Takes `units` of a chunk that has `size` units and begins at unit number `first` of all memory, so that *at, counted
   from there, is at a multiple of `alignment` units of all memory. False: there is no room. */
static inline bool arena_chunk_take(_Atomic uint64_t *word, uint64_t first, uint64_t size, uint64_t units,
                                    uint64_t alignment, uint64_t *at) {
  /* relaxed: nothing is read by it but through the CAS. */
  uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
  for (;;) {
    uint64_t used = arena_blocks(seen) > 0 ? arena_used(seen) : 0;
    *at = ((first + used + alignment - 1) & ~(alignment - 1)) - first;
    if (*at > size || units > size - *at || arena_blocks(seen) == ARENA_MOST) return false;
    /* OCCUPY: acquire; pairs with VACATE in arena_chunk_give_back. */
    if (atomic_compare_exchange_weak_explicit(word, &seen, arena_word(*at + units, arena_blocks(seen) + 1),
                                              memory_order_acquire, memory_order_relaxed))
      return true;
  }
}

/* Gives a block back, whichever it was. False: none was taken. */
static inline bool arena_chunk_give_back(_Atomic uint64_t *word) {
  /* VACATE: release; pairs with OCCUPY in arena_chunk_take. */
  return arena_blocks(atomic_fetch_sub_explicit(word, 1, memory_order_release)) > 0;
}

#endif
