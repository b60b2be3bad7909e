/* DPDK's ring, many producers and many consumers (RTE_RING_SYNC_MT). */
#include "queue_rte.h"

QUEUE_SELF_IS(struct rte_ring)

static inline bool queue_try_push(queue_self *self, void *e) {
  return rte_ring_mp_enqueue(*self, e) == 0;
}
static inline void *queue_try_pop(queue_self *self) {
  void *e;
  return rte_ring_mc_dequeue(*self, &e) == 0 ? e : NULL;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return rte_ring_mp_enqueue_burst(*self, e, (unsigned)n, NULL);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return rte_ring_mc_dequeue_burst(*self, e, (unsigned)n, NULL);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return rte_queue_create(capacity, 0);
}

const queue_peer queue_rte_ring = {
    "rte_ring", NULL, false, true, create, free, queue_put, queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
