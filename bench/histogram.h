/* A histogram of nanoseconds with 64 buckets an octave: every value is kept to 1.6 %, from 0 to
   2^40 ns. One thread writes it. (The layout is that of Gil Tene's HdrHistogram.) */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_SUB      (1u << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_BUCKETS  ((40 - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB)

typedef struct histogram {
  uint64_t count;
  uint64_t max;
  uint32_t buckets[HISTOGRAM_BUCKETS];
} histogram;

static inline unsigned histogram_bucket(uint64_t value) {
  if (value < HISTOGRAM_SUB) return (unsigned)value;
  unsigned octave = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
  unsigned bucket = (octave + 1) * HISTOGRAM_SUB + (unsigned)(value >> octave) % HISTOGRAM_SUB;
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(histogram *h, uint64_t value) {
  h->buckets[histogram_bucket(value)]++;
  h->count++;
  if (value > h->max) h->max = value;
}

/* Adds all values of another one. */
static inline void histogram_merge(histogram *h, const histogram *other) {
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) h->buckets[i] += other->buckets[i];
  h->count += other->count;
  if (other->max > h->max) h->max = other->max;
}

/* The smallest value of a bucket. */
static inline uint64_t histogram_value(unsigned bucket) {
  unsigned octave = bucket / HISTOGRAM_SUB;
  if (octave == 0) return bucket;
  return (uint64_t)(HISTOGRAM_SUB + bucket % HISTOGRAM_SUB) << (octave - 1);
}

/* Returns the value that a share q (0 to 1) of all values does not exceed; 0 of an empty one. */
static inline uint64_t histogram_quantile(const histogram *h, double q) {
  uint64_t rank = (uint64_t)(q * (double)h->count), seen = 0;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += h->buckets[i];
    if (seen > rank) return histogram_value(i);
  }
  return h->max;
}

#endif
