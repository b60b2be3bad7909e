/* Context parallel: of each row of L columns a rank of C has L / C. The row, or each run of one document in it, is cut
   into 2C chunks, of which rank r gets the chunks r and 2C - 1 - r: under a causal mask all ranks then have as much to
   do (as in Llama 3 and Transformer Engine). */
#ifndef HEADRACE_LOADER_CONTEXT_H
#define HEADRACE_LOADER_CONTEXT_H

#include "headrace/batch.h"

typedef struct context_role {
  uint32_t rank, world; /* world 1: nothing is cut */
  bool documents;       /* each run is cut: those of the whole rows' cu_seqlens; else the row */
} context_role;

/* What of a run is the rank's: columns [start, start + count) of it. */
typedef struct context_part {
  uint32_t start, count;
} context_part;

/* The two parts of a run of `length` columns, a multiple of 2C; with world 1 all of it, and nothing. */
static inline void context_parts(const context_role *c, uint32_t length, context_part parts[2]) {
  uint32_t chunk = length / (2 * c->world);
  parts[0] = (context_part){c->rank * chunk, chunk};
  parts[1] = (context_part){(2 * c->world - 1 - c->rank) * chunk, chunk};
  if (c->world == 1) parts[0].count = length, parts[1].count = 0;
}

/* How many of the first `count` columns of a run of `length` are the rank's. */
static inline uint32_t context_share(const context_role *c, uint32_t length, uint32_t count) {
  context_part parts[2];
  uint32_t share = 0;
  context_parts(c, length, parts);
  for (int i = 0; i < 2; i++) {
    uint32_t there = count > parts[i].start ? count - parts[i].start : 0;
    share += there < parts[i].count ? there : parts[i].count;
  }
  return share;
}

/* Writes the rank's columns of each row of `whole` to `cut`, and what else a loader writes into a batch. */
void context_cut(const context_role *c, const Batch *whole, Batch *cut);

#endif
