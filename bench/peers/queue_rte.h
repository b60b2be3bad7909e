/* DPDK's ring in this program's own memory, for the adaptors of its modes: DPDK's environment is not started. */
#ifndef BENCH_QUEUE_RTE_H
#define BENCH_QUEUE_RTE_H

#include "../queue_peer.h"

#include <rte_ring.h>
#include <stdlib.h>

/* flags: the mode; the capacity is exact in any. free() ends it. */
static void *rte_queue_create(uint32_t capacity, unsigned flags) {
  size_t bytes = (size_t)rte_ring_get_memsize(queue_power_of_two(capacity + 1));
  struct rte_ring *ring = aligned_alloc(BENCH_LINE, (bytes + BENCH_LINE - 1) / BENCH_LINE * BENCH_LINE);
  if (ring == NULL || rte_ring_init(ring, "bench", capacity, RING_F_EXACT_SZ | flags) == 0) return ring;
  free(ring);
  return NULL;
}

#endif
