/* Which numbers from 0 to most are in a set, and which is the least of them from a given one on: a tree of
   words of bits, where a bit says whether the word below it has any. */
#ifndef HEADRACE_LOADER_PLAN_ROOM_SET_H
#define HEADRACE_LOADER_PLAN_ROOM_SET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { ROOM_SET_LEVELS = 6 }; /* 64^6 is more than 2^32 */

#define ROOM_SET_NONE UINT32_MAX

typedef struct room_set {
  uint64_t *levels[ROOM_SET_LEVELS]; /* one block; the last one is one word */
} room_set;

/* Makes an empty set, most < ROOM_SET_NONE. False without memory; room_set_free also then. */
static inline bool room_set_init(room_set *s, uint32_t most) {
  size_t at[ROOM_SET_LEVELS], words = 0, bits = (size_t)most + 1;
  *s = (room_set){0};
  /* A search goes on at the bit behind a word's own, which may be behind all: it has its word. */
  for (unsigned l = 0; l < ROOM_SET_LEVELS; l++) at[l] = words, words += bits = bits / 64 + 1;
  uint64_t *block = calloc(words, sizeof *block);
  for (unsigned l = 0; block && l < ROOM_SET_LEVELS; l++) s->levels[l] = block + at[l];
  return block;
}

static inline void room_set_free(room_set *s) {
  free(s->levels[0]);
}

/* Returns whether it was not there yet. */
static inline bool room_set_add(room_set *s, uint32_t number) {
  bool added = !(s->levels[0][number / 64] >> number % 64 & 1);
  for (unsigned l = 0; l < ROOM_SET_LEVELS; l++, number /= 64) {
    uint64_t *word = &s->levels[l][number / 64], before = *word;
    *word = before | (uint64_t)1 << number % 64;
    if (before != 0) break;
  }
  return added;
}

/* It is in the set. */
static inline void room_set_remove(room_set *s, uint32_t number) {
  for (unsigned l = 0; l < ROOM_SET_LEVELS; l++, number /= 64)
    if ((s->levels[l][number / 64] &= ~((uint64_t)1 << number % 64)) != 0) break;
}

/* Returns the least number of the set that is at least `from`, which is at most `most`; ROOM_SET_NONE: there is none. */
static inline uint32_t room_set_least(const room_set *s, uint32_t from) {
  for (unsigned l = 0; l < ROOM_SET_LEVELS; l++) {
    uint64_t word = s->levels[l][from / 64] & UINT64_MAX << from % 64;
    from /= 64;
    if (word == 0) {
      from++;
      continue;
    }
    for (from = from * 64 + (uint32_t)__builtin_ctzll(word); l > 0;)
      from = from * 64 + (uint32_t)__builtin_ctzll(s->levels[--l][from]);
    return from;
  }
  return ROOM_SET_NONE;
}

#endif
