/* Keys and hashes: the finalizer of splitmix64 (Steele, Lea, Flood 2014; constants by Stafford),
   a bijection of 64-bit words in which every input bit reaches every output bit. */
#ifndef HEADRACE_BASE_MIX_H
#define HEADRACE_BASE_MIX_H

#include <stdint.h>

static inline uint64_t mix64(uint64_t x) {
  x ^= x >> 30;
  x *= UINT64_C(0xbf58476d1ce4e5b9);
  x ^= x >> 27;
  x *= UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* The next number of splitmix64: any state begins a sequence, 2^64 numbers long. */
static inline uint64_t mix64_next(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  return mix64(*state);
}

/* Folds one more word into a key: order matters, mix64_with(a, b) != mix64_with(b, a). */
static inline uint64_t mix64_with(uint64_t key, uint64_t word) {
  return mix64(key + UINT64_C(0x9e3779b97f4a7c15) + mix64(word));
}

#endif
