/* What is at the positions of a batch, before its transforms. */
#ifndef HEADRACE_LOADER_COUNTS_H
#define HEADRACE_LOADER_COUNTS_H

#include <stdint.h>

typedef struct position_counts {
  uint64_t tokens;  /* a pair of tokens */
  uint64_t masked;  /* of these, mask 0 */
  uint64_t padding; /* nothing */
  uint64_t cropped; /* tokens that have no position, of documents in its rows */
} position_counts;

#endif
