/* The elements of the peers' pools: blocks of a batch's size in one piece, every page touched, as ours are. */
#ifndef BENCH_POOL_BLOCKS_H
#define BENCH_POOL_BLOCKS_H

#include "../pool_peer.h"

#include <stdlib.h>
#include <string.h>

#define POOL_BLOCK_ALIGNMENT 4096
#define POOL_BLOCK_STRIDE    (POOL_BYTES + POOL_BLOCK_ALIGNMENT) /* so that blocks do not share cache sets */

static inline void *pool_block(void *blocks, uint32_t index) {
  return (char *)blocks + index * POOL_BLOCK_STRIDE;
}

/* Returns `count` zeroed blocks for free(), or NULL. */
static inline void *pool_blocks_create(uint32_t count) {
  void *blocks = aligned_alloc(POOL_BLOCK_ALIGNMENT, count * POOL_BLOCK_STRIDE);
  if (blocks != NULL) memset(blocks, 0, count * POOL_BLOCK_STRIDE);
  return blocks;
}

#endif
