/* A step function of time and its maximum over a range of instants. */
#ifndef HEADRACE_STRESS_RANGE_MAX_H
#define HEADRACE_STRESS_RANGE_MAX_H

#include <stddef.h>
#include <stdint.h>

typedef struct range_max {
  size_t size, room;
  uint64_t *instant; /* [room], rising */
  uint32_t *tree;    /* [2 * room]: the values from `size` on, above them the maxima of pairs */
  uint32_t *value;   /* [room] */
} range_max;

/* All zero is an empty one; 0 before the first instant. */
void range_max_clear(range_max *r);
void range_max_free(range_max *r);

/* The value from this instant on, until the next one appended. */
void range_max_append(range_max *r, uint64_t instant, uint32_t value);

/* After the last append, before the first question. */
void range_max_finish(range_max *r);

/* Returns the largest value at any instant from first to last. */
uint32_t range_max_of(const range_max *r, uint64_t first, uint64_t last);

#endif
