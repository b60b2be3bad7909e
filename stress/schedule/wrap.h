/* ring.h and stack.h with fields of several widths, seen alike: proof_wrap's. One of a kind is made at a
   time. Values are 1 to WRAP_VALUES; a stack's are on it once at most. */
#ifndef HEADRACE_STRESS_WRAP_H
#define HEADRACE_STRESS_WRAP_H

#include <stdbool.h>
#include <stdint.h>

enum { WRAP_VALUES = 6, WRAP_CAPACITY_MAX = 4, WRAP_MANY = 4 };

typedef enum wrap_answer { WRAP_OK, WRAP_FULL, WRAP_EMPTY } wrap_answer;

typedef struct wrap_subject {
  const char *name;
  bool is_stack;
  unsigned bits; /* of the turn, or the tag */
  /* first: the turn of the first position, or the first tag. */
  void (*create)(uint32_t capacity, uint64_t first);
  wrap_answer (*push)(uint32_t value);
  wrap_answer (*pop)(uint32_t *value);
  /* Of a ring. */
  wrap_answer (*push_many)(const uint32_t *values, uint32_t k, uint32_t *pushed);
  wrap_answer (*pop_many)(uint32_t *values, uint32_t k, uint32_t *taken);
  const char *(*fault)(void); /* which invariant does not hold, while nobody changes it; or NULL */
} wrap_subject;

extern const wrap_subject wrap_ring, wrap_stack; /* as shipped: 34 and 40 bits */
extern const wrap_subject wrap_narrow_ring,
    wrap_narrow_stack;                         /* 2 bits: every turn renews, several go in one by one */
extern const wrap_subject wrap_short_ring;     /* 4 bits */
extern const wrap_subject wrap_unrenewed_ring; /* 4 bits, and no turn renews */

#endif
