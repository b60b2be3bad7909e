/* Which two tokens become which one, and in what order: open addressing with a seed. */
#ifndef HEADRACE_TEXT_BPE_MERGES_H
#define HEADRACE_TEXT_BPE_MERGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mix.h"

#define NO_RANK UINT32_MAX

typedef struct merge {
  int32_t left, right; /* ids; left < 0: a free place */
  uint32_t rank;       /* lower ones first, below NO_RANK */
  int32_t id;          /* of both together */
} merge;

typedef struct merges {
  merge *table; /* [mask + 1], at least half of them free; NULL: there are no merges */
  size_t count, mask;
  uint64_t seed;
} merges;

static inline size_t merges_place(const merges *all, int32_t left, int32_t right) {
  return mix64(all->seed ^ ((uint64_t)(uint32_t)left << 32 | (uint32_t)right)) & all->mask;
}

/* Answers NULL where the two do not become one. */
static inline const merge *merges_find(const merges *all, int32_t left, int32_t right) {
  if (!all->table) return NULL;
  for (size_t at = merges_place(all, left, right);; at = (at + 1) & all->mask) {
    const merge *m = &all->table[at];
    if (m->left == left && m->right == right) return m;
    if (m->left < 0) return NULL;
  }
}

/* In place of the merge of the same pair, if there is one. False: no memory. */
bool merges_add(merges *all, merge m);

void merges_free(merges *all);

#endif
