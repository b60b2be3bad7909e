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

/* A number of the domain in two halves: even rounds change the high one by the low one, odd rounds the low one by the
   high one. Each is its own inverse, so deciphering is the same rounds backwards. */
typedef struct halves {
  uint64_t low, high;
} halves;

static inline halves split(const permutation *p, uint64_t x) {
  return (halves){x & p->low_mask, x >> p->low_bits};
}

static inline uint64_t join(const permutation *p, halves h) {
  return h.high << p->low_bits | h.low;
}

static inline void change_high(const permutation *p, halves *h, unsigned round) {
  h->high ^= mix64(h->low + p->keys[round]) & p->high_mask;
}

static inline void change_low(const permutation *p, halves *h, unsigned round) {
  h->low ^= mix64(h->high + p->keys[round]) & p->low_mask;
}

static uint64_t encipher(const permutation *p, uint64_t x) {
  halves h = split(p, x);
  for (unsigned round = 0; round < PERMUTATION_ROUNDS; round += 2) {
    change_high(p, &h, round);
    change_low(p, &h, round + 1);
  }
  return join(p, h);
}

static uint64_t decipher(const permutation *p, uint64_t x) {
  halves h = split(p, x);
  for (unsigned round = PERMUTATION_ROUNDS; round > 0; round -= 2) {
    change_low(p, &h, round - 1);
    change_high(p, &h, round - 2);
  }
  return join(p, h);
}

uint64_t permutation_at(const permutation *p, uint64_t index) {
  do index = encipher(p, index);
  while (index >= p->count);
  return index;
}

/* Round by round for all: a round waits for the one before it, so a processor has several numbers under way. Those
   that are not below count go round again, together. */
void permutation_at_each(const permutation *p, uint64_t first, unsigned n, uint64_t *values) {
  halves under_way[PERMUTATION_TOGETHER];
  unsigned to[PERMUTATION_TOGETHER];
  for (unsigned i = 0; i < n; i++) under_way[i] = split(p, first + i), to[i] = i;
  for (unsigned left = n, again; left > 0; left = again) {
    for (unsigned round = 0; round < PERMUTATION_ROUNDS; round += 2)
      for (unsigned i = 0; i < left; i++) {
        change_high(p, &under_way[i], round);
        change_low(p, &under_way[i], round + 1);
      }
    again = 0;
    for (unsigned i = 0; i < left; i++) {
      uint64_t value = values[to[i]] = join(p, under_way[i]);
      under_way[again] = under_way[i], to[again] = to[i];
      again += value >= p->count;
    }
  }
}

uint64_t permutation_find(const permutation *p, uint64_t value) {
  do value = decipher(p, value);
  while (value >= p->count);
  return value;
}
