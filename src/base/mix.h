/* Keys and hashes: the finalizer of splitmix64 (Steele, Lea, Flood 2014; constants by Stafford),
   a bijection of 64-bit words in which every input bit reaches every output bit. */
#ifndef HEADRACE_BASE_MIX_H
#define HEADRACE_BASE_MIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* Folds bytes, and how many they are, into a key. No defence against who looks for two of the same. */
static inline uint64_t mix64_bytes(uint64_t key, const void *data, size_t bytes) {
  const unsigned char *from = (const unsigned char *)data;
  key = mix64_with(key, bytes);
  for (size_t n; bytes > 0; from += n, bytes -= n) {
    uint64_t word = 0;
    n = bytes < sizeof word ? bytes : sizeof word;
    memcpy(&word, from, n);
    key = mix64_with(key, word);
  }
  return key;
}

#endif
