/* Numbers that look random and are the same each time. */
#ifndef HEADRACE_TESTS_RANDOM_H
#define HEADRACE_TESTS_RANDOM_H

#include <stdint.h>

/* 0 to n - 1. *state, which is not 0, is advanced (Marsaglia's xorshift). */
static inline uint32_t random_below(uint64_t *state, uint32_t n) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint32_t)(*state >> 11) % n;
}

#endif
