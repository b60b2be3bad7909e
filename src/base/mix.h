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

/* mix64_product by products of halves. */
static inline uint64_t mix64_product_of_halves(uint64_t a, uint64_t b) {
  uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
  uint64_t low = a_low * b_low, middle = a_high * b_low + (low >> 32);
  uint64_t other = a_low * b_high + (uint32_t)middle;
  uint64_t high = a_high * b_high + (middle >> 32) + (other >> 32);
  return (other << 32 | (uint32_t)low) ^ high;
}

/* Both halves of a product of 128 bits, one folded onto the other. */
static inline uint64_t mix64_product(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 product;
  product both = (product)a * b;
  return (uint64_t)both ^ (uint64_t)(both >> 64);
#else
  return mix64_product_of_halves(a, b);
#endif
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
