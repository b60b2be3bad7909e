/* A pool on liburcu's lfstack: lock-free push, pop under the stack's own mutex, which its
   documentation asks for where nodes are used again without a grace period. */
#define _LGPL_SOURCE /* NOLINT(cert-dcl37-c): the name is liburcu's */
#include "pool_blocks.h"

#include <urcu/compiler.h>
#include <urcu/lfstack.h>

typedef struct lfs_pool {
  struct cds_lfs_stack stack;
  void *blocks;
} lfs_pool;

typedef struct lfs_block {
  pool_mark mark;
  struct cds_lfs_node link;
} lfs_block;

POOL_SELF_IS(lfs_pool)

static inline void *pool_try_allocate(pool_self *self) {
  struct cds_lfs_node *link = cds_lfs_pop_blocking(&(*self)->stack);
  return link == NULL ? NULL : caa_container_of(link, lfs_block, link);
}
static inline void pool_release(pool_self *self, void *element) {
  cds_lfs_push(&(*self)->stack, &((lfs_block *)element)->link);
}
static inline pool_mark *pool_mark_of(void *element) {
  return &((lfs_block *)element)->mark;
}

#include "../pool_loops.h"

static void *create(uint32_t size) {
  lfs_pool *p = aligned_alloc(BENCH_LINE, (sizeof *p + BENCH_LINE - 1) / BENCH_LINE * BENCH_LINE);
  void *blocks = pool_blocks_create(size);
  if (p == NULL || blocks == NULL) {
    free(blocks);
    free(p);
    return NULL;
  }
  cds_lfs_init(&p->stack);
  p->blocks = blocks;
  for (uint32_t i = 0; i < size; i++) {
    lfs_block *block = pool_block(blocks, i);
    cds_lfs_node_init(&block->link);
    cds_lfs_push(&p->stack, &block->link);
  }
  return p;
}

static void destroy(void *pool) {
  lfs_pool *p = pool;
  cds_lfs_destroy(&p->stack);
  free(p->blocks);
  free(p);
}

const pool_peer pool_lfstack = {"lfstack", "pops under a mutex", false, true, create, destroy, pool_take,
                                pool_put,  POOL_LOOP_TABLE};
