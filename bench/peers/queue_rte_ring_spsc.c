/* DPDK's ring for one producer and one consumer (RTE_RING_SYNC_ST). */
#include "queue_rte.h"

QUEUE_SELF_IS(struct rte_ring)

static inline bool queue_try_push(queue_self *self, void *e) {
  return rte_ring_sp_enqueue(*self, e) == 0;
}
static inline void *queue_try_pop(queue_self *self) {
  void *e;
  return rte_ring_sc_dequeue(*self, &e) == 0 ? e : NULL;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return rte_ring_sp_enqueue_burst(*self, e, (unsigned)n, NULL);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return rte_ring_sc_dequeue_burst(*self, e, (unsigned)n, NULL);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return rte_queue_create(capacity, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

const queue_peer queue_rte_ring_spsc = {
    "rte_ring-spsc", "one to one only", true, true, create, free, queue_put, queue_take,
    QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
