/* In the place of sync/rcu.h for clients of one short run: what is deferred is reclaimed when the run is
   over. What liburcu has to see to, that no reader is left, is not looked at. */
#ifndef HEADRACE_SYNC_RCU_H
#define HEADRACE_SYNC_RCU_H

#include <stdatomic.h>

enum { RCU_STUB_MOST = 8 };

typedef struct rcu_object {
  void *node[2];
  void (*reclaim)(struct rcu_object *object);
} rcu_object;

static rcu_object *rcu_stub_deferred[RCU_STUB_MOST];
static _Atomic unsigned rcu_stub_count;

static inline void rcu_enter(void) {}
static inline void rcu_leave(void) {}

static inline void rcu_defer(rcu_object *object, void (*reclaim)(rcu_object *object)) {
  object->reclaim = reclaim;
  rcu_stub_deferred[atomic_fetch_add_explicit(&rcu_stub_count, 1, memory_order_relaxed)] = object;
}

/* After the threads of a run have ended. */
static inline void rcu_stub_reclaim(void) {
  unsigned count = atomic_exchange_explicit(&rcu_stub_count, 0, memory_order_relaxed);
  for (unsigned i = 0; i < count; i++) rcu_stub_deferred[i]->reclaim(rcu_stub_deferred[i]);
}

#endif
