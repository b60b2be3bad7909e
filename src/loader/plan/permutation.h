/* A keyed permutation of [0, count) that needs no memory: any index in a few nanoseconds.

   It is an alternating unbalanced Feistel network over the smallest power of two (at least 256)
   that holds `count`, and cycle walking (Black & Rogaway, "Ciphers with arbitrary finite domains", 2002):
   a value outside [0, count) is enciphered again until it falls inside, less than twice on
   average from 129 values on. The round function is the finalizer of splitmix64. It shuffles; it keeps no secrets. */
#ifndef HEADRACE_LOADER_PLAN_PERMUTATION_H
#define HEADRACE_LOADER_PLAN_PERMUTATION_H

#include <stdint.h>

enum { PERMUTATION_ROUNDS = 10, PERMUTATION_TOGETHER = 16 };
_Static_assert(PERMUTATION_ROUNDS % 2 == 0, "they come in pairs");

#define PERMUTATION_MAX_COUNT ((uint64_t)1 << 48)

typedef struct permutation {
  uint64_t count;
  uint64_t keys[PERMUTATION_ROUNDS];
  uint64_t low_mask; /* the low half's bits; the high half has as many, or one fewer */
  uint64_t high_mask;
  unsigned low_bits;
} permutation;

/* Prepares the permutation of [0, count) that `key` chooses; 1 <= count <= PERMUTATION_MAX_COUNT. */
void permutation_init(permutation *p, uint64_t count, uint64_t key);

/* Returns where index (< count) goes. */
uint64_t permutation_at(const permutation *p, uint64_t index);

/* Writes where the indices from `first` on (all < count) go, n <= PERMUTATION_TOGETHER of them: in half the time that
   one after the other would take. */
void permutation_at_each(const permutation *p, uint64_t first, unsigned n, uint64_t *values);

/* Returns the index that goes to value (< count): the inverse of permutation_at. */
uint64_t permutation_find(const permutation *p, uint64_t value);

#endif
