/* DPDK's ring, head/tail synchronized, its mode for more threads than cores. */
#include "queue_rte.h"

QUEUE_SELF_IS(struct rte_ring)

static inline bool queue_try_push(queue_self *self, void *e) {
  return rte_ring_mp_hts_enqueue_bulk(*self, &e, 1, NULL) == 1;
}
static inline void *queue_try_pop(queue_self *self) {
  void *e;
  return rte_ring_mc_hts_dequeue_bulk(*self, &e, 1, NULL) == 1 ? e : NULL;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return rte_ring_mp_hts_enqueue_burst(*self, e, (unsigned)n, NULL);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return rte_ring_mc_hts_dequeue_burst(*self, e, (unsigned)n, NULL);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return rte_queue_create(capacity, RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ);
}

const queue_peer queue_rte_ring_hts = {
    "rte_ring-hts",  NULL, false, true, create, free, queue_put, queue_take, QUEUE_TRY_LOOPS,
    QUEUE_WAIT_LOOPS};
