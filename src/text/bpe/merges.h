/* Which two symbols become which one.

   Symbols are what the bytes of a piece are while they are merged: 0 to 255 are the single bytes, and of all others the
   lower one is merged first: a symbol is its own rank. */
#ifndef HEADRACE_TEXT_BPE_MERGES_H
#define HEADRACE_TEXT_BPE_MERGES_H

#include <stdint.h>

#include "text/bpe/pairs.h"

#define NO_SYMBOL    NO_PAIR
#define FIRST_SYMBOL 256 /* that is not a single byte */

typedef struct merges {
  int32_t *of_bytes; /* [256][256]: every piece begins with these */
  pairs others;      /* their number is the symbol */
} merges;

/* symbols: one more than the highest. False: no memory; free it nevertheless. */
bool merges_init(merges *all, uint64_t seed, int32_t symbols);
void merges_free(merges *all);

/* In rising order of the symbols; a pair that has none. */
void merges_add(merges *all, pair of, int32_t symbol);

/* Both answer NO_SYMBOL where the two do not become one. */
static inline int32_t merges_of_bytes(const merges *all, uint8_t left, uint8_t right) {
  return all->of_bytes[left << 8 | right];
}

/* At least one of the two is not a single byte. */
static inline int32_t merges_find(const merges *all, int32_t left, int32_t right) {
  return pairs_find(&all->others, left, right);
}

#endif
