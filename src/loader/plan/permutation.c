#include "loader/plan/permutation.h"

#include "base/mix.h"

/* The network is not random on a handful of values, so it never works on fewer than 256. */
enum { MIN_DOMAIN_BITS = 8 };

/* Bits of the domain: they hold count - 1. */
static unsigned domain_bits(uint64_t count) {
  unsigned bits = MIN_DOMAIN_BITS;
  while ((count - 1) >> bits) bits++;
  return bits;
}

void permutation_init(permutation *p, uint64_t count, uint64_t key) {
  unsigned bits = domain_bits(count);
  p->count = count;
  p->low_bits = (bits + 1) / 2;
  p->low_mask = ((uint64_t)1 << p->low_bits) - 1;
  p->high_mask = ((uint64_t)1 << (bits - p->low_bits)) - 1;
  for (unsigned round = 0; round < PERMUTATION_ROUNDS; round++) p->keys[round] = key = mix64_with(key, round);
}

/* Even rounds change the high half by the low one, odd rounds the low half by the high one. Each
   is its own inverse, so deciphering is the same rounds backwards. */
static uint64_t apply_round(const permutation *p, uint64_t x, unsigned round) {
  uint64_t low = x & p->low_mask, high = x >> p->low_bits;
  if (round % 2 == 0) return ((high ^ (mix64(low + p->keys[round]) & p->high_mask)) << p->low_bits) | low;
  return (high << p->low_bits) | (low ^ (mix64(high + p->keys[round]) & p->low_mask));
}

static uint64_t encipher(const permutation *p, uint64_t x) {
  for (unsigned round = 0; round < PERMUTATION_ROUNDS; round++) x = apply_round(p, x, round);
  return x;
}

static uint64_t decipher(const permutation *p, uint64_t x) {
  for (unsigned round = PERMUTATION_ROUNDS; round-- > 0;) x = apply_round(p, x, round);
  return x;
}

uint64_t permutation_at(const permutation *p, uint64_t index) {
  do index = encipher(p, index);
  while (index >= p->count);
  return index;
}

uint64_t permutation_find(const permutation *p, uint64_t value) {
  do value = decipher(p, value);
  while (value >= p->count);
  return value;
}
