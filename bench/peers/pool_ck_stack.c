/* A pool on ConcurrencyKit's stack, many producers and consumers (a 128-bit CAS). */
#include "pool_blocks.h"

#include <ck_stack.h>

typedef struct ck_pool {
  ck_stack_t stack __attribute__((aligned(BENCH_LINE)));
  void *blocks __attribute__((aligned(BENCH_LINE)));
} ck_pool;

typedef struct ck_block {
  pool_mark mark;
  ck_stack_entry_t link;
} ck_block;

POOL_SELF_IS(ck_pool)

static inline void *pool_try_allocate(pool_self *self) {
  ck_stack_entry_t *link = ck_stack_pop_mpmc(&(*self)->stack);
  return link == NULL ? NULL : (char *)link - offsetof(ck_block, link);
}
static inline void pool_release(pool_self *self, void *element) {
  ck_stack_push_mpmc(&(*self)->stack, &((ck_block *)element)->link);
}
static inline pool_mark *pool_mark_of(void *element) {
  return &((ck_block *)element)->mark;
}

#include "../pool_loops.h"

static void *create(uint32_t size) {
  ck_pool *p = aligned_alloc(BENCH_LINE, sizeof *p);
  void *blocks = pool_blocks_create(size);
  if (p == NULL || blocks == NULL) {
    free(blocks);
    free(p);
    return NULL;
  }
  ck_stack_init(&p->stack);
  p->blocks = blocks;
  for (uint32_t i = 0; i < size; i++)
    ck_stack_push_mpmc(&p->stack, &((ck_block *)pool_block(blocks, i))->link);
  return p;
}

static void destroy(void *pool) {
  free(((ck_pool *)pool)->blocks);
  free(pool);
}

const pool_peer pool_ck_stack = {"ck_stack", NULL,      true,     true,           create,
                                 destroy,    pool_take, pool_put, POOL_LOOP_TABLE};
