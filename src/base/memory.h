/* Checked sizes and aligned blocks: where the elements of tensors and batches come from. */
#ifndef HEADRACE_BASE_MEMORY_H
#define HEADRACE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <headrace/pool.h>

#define MEMORY_ALIGNMENT ((size_t)64) /* of every block of elements: a cache line, an AVX-512 vector */

/* *product = a * b; false when that overflows. */
static inline bool memory_multiply(size_t a, size_t b, size_t *product) {
  return !__builtin_mul_overflow(a, b, product);
}

/* Rounds bytes up to a multiple of alignment (a power of two); false when that overflows. */
static inline bool memory_round_up(size_t bytes, size_t alignment, size_t *rounded) {
  if (__builtin_add_overflow(bytes, alignment - 1, rounded)) return false;
  *rounded &= ~(alignment - 1);
  return true;
}

/* Returns an uninitialized block of at least `bytes` >= 1, aligned to MEMORY_ALIGNMENT, or NULL. */
void *memory_allocate(size_t bytes);

/* As memory_allocate, zeroed. */
void *memory_allocate_zeroed(size_t bytes);

/* Gives a block of either back. NULL is fine. */
void memory_free(void *block);

/* Returns the allocator that a pool with these options takes its elements from: the caller's, or
   pages of our own (huge pages, a NUMA node), or memory_allocate. Reports what cannot be had in the name
   of `function`. */
bool memory_pool_allocator(const char *function, const batch_pool_options *options,
                           batch_allocator *allocator);

/* Whether `count` blocks of `bytes` can be had at all, before the first of them is touched: of an allocator
   of our own, not more than the machine has. The caller's decides for itself. */
bool memory_may_fit(const batch_allocator *allocator, uint32_t count, size_t bytes);

#endif
