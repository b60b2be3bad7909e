/* In the place of sync/rcu.h for clients of one short run, included before what uses it: what is retired goes
   when the run is over. That no reader is left is the part of rcu.c, which has clients of its own. */
#ifndef HEADRACE_STRESS_MODEL_RCU_STUB_H
#define HEADRACE_STRESS_MODEL_RCU_STUB_H

#define HEADRACE_SYNC_RCU_H
#include "sync/port.h"

typedef int rcu_reader;

typedef struct rcu_object {
  struct rcu_object *next;
} rcu_object;

typedef struct rcu_limbo {
  _Atomic(rcu_object *) first;
} rcu_limbo;

typedef void rcu_free(rcu_object *object);

static inline int rcu_prepare(void) {
  return 0;
}
static inline rcu_reader *rcu_enter(void) {
  return 0;
}
static inline void rcu_leave(rcu_reader *reader) {
  (void)reader;
}

static inline void rcu_retire(rcu_limbo *limbo, rcu_object *object) {
  object->next = atomic_load_explicit(&limbo->first, memory_order_relaxed);
  while (!atomic_compare_exchange_strong_explicit(&limbo->first, &object->next, object, memory_order_relaxed,
                                                  memory_order_relaxed))
    ;
}

static inline void rcu_reclaim(rcu_limbo *limbo, rcu_free *free_object) {
  (void)limbo, (void)free_object;
}

/* The threads of the run have ended. */
static inline void rcu_reclaim_all(rcu_limbo *limbo, rcu_free *free_object) {
  rcu_object *object = atomic_load_explicit(&limbo->first, memory_order_relaxed);
  for (rcu_object *next; object; object = next) {
    next = object->next;
    free_object(object);
  }
}

#endif
