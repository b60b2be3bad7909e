/* ConcurrencyKit's ring, many producers and consumers. It holds one element less than its size, a power of
   two: it gets the next one above the capacity. */
#include "../queue_peer.h"

#include <ck_ring.h>
#include <stdlib.h>

typedef struct ck_queue {
  ck_ring_t ring;
  ck_ring_buffer_t buffer[];
} ck_queue;

QUEUE_SELF_IS(ck_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return ck_ring_enqueue_mpmc(&(*self)->ring, (*self)->buffer, e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e;
  return ck_ring_dequeue_mpmc(&(*self)->ring, (*self)->buffer, &e) ? e : NULL;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  unsigned size = queue_power_of_two(capacity + 1);
  size_t bytes = sizeof(ck_queue) + size * sizeof(ck_ring_buffer_t);
  ck_queue *q = aligned_alloc(BENCH_LINE, (bytes + BENCH_LINE - 1) / BENCH_LINE * BENCH_LINE);
  if (q != NULL) ck_ring_init(&q->ring, size);
  return q;
}

const queue_peer queue_ck_ring = {"ck_ring",       "holds a power of two - 1",
                                  false,           true,
                                  create,          free,
                                  queue_put,       queue_take,
                                  QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
