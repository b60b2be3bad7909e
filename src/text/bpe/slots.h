/* Numbers found by a hash: open addressing, in little memory, since what does not fit into the processor's cache is
   what takes the time.

   A slot is a number + 1 with as many bits of its hash in front as there is room for, or 0: free. Whoever looks compares
   what he looks for with what has the number, wherever the bits of the hash are the same. */
#ifndef HEADRACE_TEXT_BPE_SLOTS_H
#define HEADRACE_TEXT_BPE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct slots {
  uint32_t *table; /* [mask + 1] */
  size_t mask;
  unsigned bits; /* of a number + 1 */
} slots;

/* For numbers below `numbers`, which may be 0 and is below 2^31 - 1. False: no memory. */
bool slots_init(slots *s, uint32_t numbers);
void slots_free(slots *s);

static inline uint32_t slot_tag(const slots *s, uint64_t hash) {
  return (uint32_t)(hash >> 32) << s->bits;
}

static inline bool slot_has_tag(const slots *s, uint32_t slot, uint32_t tag) {
  return (slot ^ tag) >> s->bits == 0;
}

static inline uint32_t slot_number(const slots *s, uint32_t slot) {
  return (slot & (((uint32_t)1 << s->bits) - 1)) - 1;
}

/* Every slot, from the hash's own on, up to the first free one.
       slots_each(s, hash, at) if (slot_has_tag(s, s->table[at], tag) && ...) */
#define slots_each(s, hash, at)                                                                              \
  for (size_t at = (size_t)(hash) & (s)->mask; (s)->table[at]; at = (at + 1) & (s)->mask)

/* Puts a number that is not there yet. */
void slots_put(slots *s, uint64_t hash, uint32_t number);

/* Puts another number in the place of one that is there. */
void slots_change(slots *s, uint64_t hash, uint32_t old, uint32_t number);

#endif
