/* Checked sizes and aligned blocks: where the elements of tensors and batches come from. */
#ifndef HEADRACE_BASE_MEMORY_H
#define HEADRACE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

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

/* Bytes of a page of the system's, or of a huge one. */
size_t memory_page_bytes(bool huge);

/* Returns an uninitialized block of at least `bytes` >= 1, aligned to MEMORY_ALIGNMENT, or NULL. */
void *memory_allocate(size_t bytes);

/* As memory_allocate, zeroed. */
void *memory_allocate_zeroed(size_t bytes);

/* Gives a block of either back. NULL is fine. */
void memory_free(void *block);

#endif
