/* DPDK's ring for one producer and one consumer (RTE_RING_SYNC_ST). It lies in this program's own memory: DPDK's
   environment is not started. */
#include "../queue_peer.h"

#include <rte_ring.h>
#include <stdlib.h>

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
  struct rte_ring *ring =
      aligned_alloc(BENCH_LINE, (size_t)rte_ring_get_memsize(queue_power_of_two(capacity + 1)));
  if (ring != NULL &&
      rte_ring_init(ring, "bench", capacity, RING_F_EXACT_SZ | RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
    free(ring);
    return NULL;
  }
  return ring;
}

const queue_peer queue_rte_ring_spsc = {
    "rte_ring-spsc", "one to one only", true,           true, create, free, queue_put,
    queue_take,      QUEUE_TRY_LOOPS,   QUEUE_WAIT_LOOPS};
