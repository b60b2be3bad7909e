/* A stand-in for sync/group.h, which the clients of the ring include before it: a few groups of MODEL_GROUP handles
   (by default 1: there are none), each of which is taken by one exchange and given back, once, by another. The shipped
   store has clients of its own, group_*.c. */
#ifndef HEADRACE_STRESS_MODEL_GROUPS_H
#define HEADRACE_STRESS_MODEL_GROUPS_H

#define HEADRACE_SYNC_GROUP_H /* in its place */

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef MODEL_GROUP
#define MODEL_GROUP 1
#endif
#ifndef MODEL_GROUPS
#define MODEL_GROUPS 3
#endif

#define GROUP_COUNT_BITS 6
#define GROUP_COUNT_MASK ((UINT64_C(1) << GROUP_COUNT_BITS) - 1)
#define GROUP_MOST       MODEL_GROUP
#ifndef RING_MIN_SHIFT
#define RING_MIN_SHIFT 1
#endif

typedef struct group {
  _Atomic uint32_t handles[GROUP_MOST];
} group;

typedef struct group_store {
  _Atomic uint32_t taken[MODEL_GROUPS + 1];
  group groups[MODEL_GROUPS + 1];
} group_store;

/* Before the threads are started: all are free, but for those that a client has taken to itself. */
static inline void groups_reset(group_store *store, uint32_t kept) {
  for (uint32_t name = 1; name <= MODEL_GROUPS; name++)
    atomic_store_explicit(&store->taken[name], name <= kept, memory_order_relaxed);
}

/* How many are taken, when the threads have ended. */
static inline uint32_t groups_taken(const group_store *store) {
  uint32_t taken = 0;
  for (uint32_t name = 1; name <= MODEL_GROUPS; name++)
    taken += atomic_load_explicit(&store->taken[name], memory_order_relaxed);
  return taken;
}

static inline group *group_at(group_store *store, uint32_t name) {
  return &store->groups[name];
}

/* As the shipped one: to take acquires what the giving released. */
static inline uint32_t group_take(group_store *store) {
  for (uint32_t name = 1; name <= MODEL_GROUPS; name++)
    if (!atomic_exchange_explicit(&store->taken[name], 1, memory_order_acquire)) return name;
  return 0;
}

static inline void group_give(group_store *store, const uint32_t *names, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    assert(atomic_exchange_explicit(&store->taken[names[i]], 0, memory_order_release) == 1);
}

#endif
