/* Pairs of two numbers, found by both. */
#ifndef HEADRACE_TEXT_BPE_PAIRS_H
#define HEADRACE_TEXT_BPE_PAIRS_H

#include <stdint.h>

#include "base/mix.h"
#include "text/bpe/slots.h"

#define NO_PAIR INT32_MAX

typedef struct pair {
  int32_t left, right;
} pair;

typedef struct pairs {
  pair *of; /* [room]: by the number of the pair */
  slots found;
  int32_t room;
  uint64_t seed;
} pairs;

/* False: no memory; free it nevertheless. */
bool pairs_init(pairs *p, uint64_t seed, int32_t room);
void pairs_free(pairs *p);

/* Gives a pair the next number, instead of the one that it has, if it has one. False: no memory. */
bool pairs_set(pairs *p, pair of, int32_t number);

/* One multiplication, where mix64 has two that wait for each other. */
static inline uint64_t pairs_hash(const pairs *p, pair of) {
  return mix64_product(p->seed ^ ((uint64_t)(uint32_t)of.left << 32 | (uint32_t)of.right), p->seed | 1);
}

/* Its number, or NO_PAIR. */
static inline int32_t pairs_find(const pairs *p, int32_t left, int32_t right) {
  uint64_t hash = pairs_hash(p, (pair){left, right});
  uint32_t tag = slot_tag(&p->found, hash);
  slots_each(&p->found, hash, at) {
    uint32_t slot = p->found.table[at], number = slot_number(&p->found, slot);
    if (slot_has_tag(&p->found, slot, tag) && p->of[number].left == left && p->of[number].right == right)
      return (int32_t)number;
  }
  return NO_PAIR;
}

#endif
