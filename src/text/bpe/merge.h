/* From the bytes of a piece to its symbols. */
#ifndef HEADRACE_TEXT_BPE_MERGE_H
#define HEADRACE_TEXT_BPE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "text/bpe/merges.h"

enum {
  MERGE_SHORT = 64,      /* bytes of the longest piece that needs no memory */
  MERGE_KEPT = 256 << 10 /* bytes of the longest piece whose memory is kept for the next one */
};

/* Working memory for pieces that are longer. All 0 is one; it grows as they do. */
typedef struct merge_memory {
  int32_t *ranks;
  uint64_t *alive;
  size_t capacity; /* bytes of a piece */
} merge_memory;

void merge_memory_free(merge_memory *memory);

/* Writes the symbols of bytes [count] and answers how many there are; symbols has room for count.
   SIZE_MAX: no memory. */
size_t merge_bytes(const merges *all, merge_memory *memory, const uint8_t *bytes, size_t count,
                   int32_t *symbols);

/* The two ways of it: for count up to MERGE_SHORT, in a time that grows with its square; and for any, in O(count log
   count). count: 1 or more. */
size_t merge_short(const merges *all, const uint8_t *bytes, size_t count, int32_t *symbols);
size_t merge_long(const merges *all, merge_memory *memory, const uint8_t *bytes, size_t count,
                  int32_t *symbols);

#endif
