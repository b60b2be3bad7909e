#include "text/bpe/merges.h"

#include <stdlib.h>

enum { BYTE_PAIRS = 256 * 256 };

bool merges_init(merges *all, uint64_t seed, int32_t symbols) {
  *all = (merges){.of_bytes = reallocarray(NULL, BYTE_PAIRS, sizeof *all->of_bytes)};
  if (!all->of_bytes) return false;
  for (size_t i = 0; i < BYTE_PAIRS; i++) all->of_bytes[i] = NO_SYMBOL;
  return pairs_init(&all->others, seed, symbols);
}

void merges_free(merges *all) {
  free(all->of_bytes);
  pairs_free(&all->others);
}

void merges_add(merges *all, pair of, int32_t symbol) {
  all->others.of[symbol] = of;
  if (of.left < FIRST_SYMBOL && of.right < FIRST_SYMBOL)
    all->of_bytes[of.left << 8 | of.right] = symbol;
  else
    slots_put(&all->others.found, pairs_hash(&all->others, of), (uint32_t)symbol);
}
