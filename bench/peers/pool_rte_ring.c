/* A pool as DPDK's rte_mempool keeps its elements, without its caches per core: a ring of pointers. */
#include "pool_blocks.h"

#include <rte_ring.h>

typedef struct rte_pool {
  struct rte_ring *ring;
  void *blocks;
} rte_pool;

typedef struct rte_ring *pool_self;
static inline void pool_enter(pool_self *self, void *pool) {
  *self = ((rte_pool *)pool)->ring;
}
static inline void pool_leave(pool_self *self) {
  (void)self;
}

static inline void *pool_try_allocate(pool_self *self) {
  void *element;
  return rte_ring_mc_dequeue(*self, &element) == 0 ? element : NULL;
}
static inline void pool_release(pool_self *self, void *element) {
  (void)rte_ring_mp_enqueue(*self, element);
}
static inline pool_mark *pool_mark_of(void *element) {
  return element;
}

#include "../pool_loops.h"

static void destroy(void *pool) {
  rte_pool *p = pool;
  free(p->blocks);
  free(p->ring);
  free(p);
}

static void *create(uint32_t size) {
  rte_pool *p = calloc(1, sizeof *p);
  unsigned places = 1; /* a power of two, and one of them stays empty */
  while (places <= size) places *= 2;
  if (p == NULL) return NULL;
  p->blocks = pool_blocks_create(size);
  p->ring = aligned_alloc(BENCH_LINE, (size_t)rte_ring_get_memsize(places));
  if (p->blocks == NULL || p->ring == NULL || rte_ring_init(p->ring, "bench", size, RING_F_EXACT_SZ) != 0) {
    destroy(p);
    return NULL;
  }
  for (uint32_t i = 0; i < size; i++) (void)rte_ring_mp_enqueue(p->ring, pool_block(p->blocks, i));
  return p;
}

const pool_peer pool_rte_ring = {"rte_ring", "a ring of pointers", false, true, create, destroy, pool_take,
                                 pool_put,   POOL_LOOP_TABLE};
