/* The loader suite's contestants that are single loops. loader_loops.c is compiled with -O3. */
#ifndef BENCH_LOADER_H
#define BENCH_LOADER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { LOADER_ROWS = 32, LOADER_LENGTH = 1024, LOADER_BATCHES = 16 };

/* What a loop reads and where it writes. windows: [count] starts, in tokens, in the order to visit. */
typedef struct loader_loop {
  const uint16_t *tokens;
  const uint64_t *windows;
  size_t count;
  FILE *file;   /* the same tokens */
  int32_t *out; /* LOADER_BATCHES batches of input and target, [LOADER_ROWS, LOADER_LENGTH] each */
} loader_loop;

/* Widens each window to input and target, the next one on its way from memory. */
void loader_limit(const loader_loop *loop);

/* Copies the bytes of each window. */
void loader_memcpy(const loader_loop *loop);

/* As llm.c does: seek and read a batch's windows into a buffer, then widen. */
void loader_fread(const loader_loop *loop);

#endif
