/* Statistics that cost no shared cache line: a few shards of counters, each on lines of its own; a
   thread always adds to the same shard, and a snapshot adds the shards up. */
#ifndef HEADRACE_SYNC_COUNTERS_H
#define HEADRACE_SYNC_COUNTERS_H

#include "sync/port.h"

#define COUNTERS_SHARDS 16
#define COUNTERS_KINDS  16 /* a line of them */

typedef struct counters_shard {
  _Alignas(PORT_LINE) _Atomic uint64_t value[COUNTERS_KINDS]; /* the shard's threads add, anyone reads */
} counters_shard;

typedef struct counters {
  counters_shard shard[COUNTERS_SHARDS];
} counters;

/* The calling thread's shard: threads are numbered as they come. */
unsigned counters_my_shard(void);

/* relaxed throughout: a counter publishes nothing. */
static inline void counters_add(counters *c, unsigned kind, uint64_t amount) {
  atomic_fetch_add_explicit(&c->shard[counters_my_shard()].value[kind], amount, memory_order_relaxed);
}

/* Returns the sum over the shards: exact when nobody adds. */
static inline uint64_t counters_sum(const counters *c, unsigned kind) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < COUNTERS_SHARDS; i++)
    sum += atomic_load_explicit(&c->shard[i].value[kind], memory_order_relaxed);
  return sum;
}

/* Sets everything to 0, before the counters are shared. */
static inline void counters_reset(counters *c) {
  for (unsigned i = 0; i < COUNTERS_SHARDS; i++)
    for (unsigned kind = 0; kind < COUNTERS_KINDS; kind++)
      atomic_store_explicit(&c->shard[i].value[kind], 0, memory_order_relaxed);
}

#endif
