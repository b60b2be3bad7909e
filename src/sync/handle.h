/* A handle: a number of 24 bits that names an object of a slab (slab.h), or whatever its user has numbered. So
   a handle and a count of 40 bits, which tells uses of the same word apart, fit into one 64-bit word
   {count, handle}: a slot of a ring or a window, the head of a stack. */
#ifndef HEADRACE_SYNC_HANDLE_H
#define HEADRACE_SYNC_HANDLE_H

#include <stdint.h>

#ifndef HANDLE_BITS
#define HANDLE_BITS 24
#endif
#define HANDLE_COUNT_BITS 40

#define HANDLE_MASK ((UINT64_C(1) << HANDLE_BITS) - 1)
#define HANDLE_END  ((uint32_t)HANDLE_MASK) /* names nothing, as 0 does: a ring's closing mark */
#define HANDLE_MAX  (HANDLE_END - 1)        /* the largest that names something */

/* The handle in a word. */
static inline uint32_t handle_of(uint64_t word) {
  return (uint32_t)(word & HANDLE_MASK);
}

#endif
