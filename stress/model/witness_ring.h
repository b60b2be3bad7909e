/* A ring that witnesses look at (witness.h). */
#ifndef HEADRACE_STRESS_MODEL_WITNESS_RING_H
#define HEADRACE_STRESS_MODEL_WITNESS_RING_H

#include "model/witness.h"

#include "model/groups.h"
#include "sync/ring.h"

static ring tested;
static _Atomic uint64_t slots[4]; /* for a capacity of up to 3, or of 2 with groups of two */
static group_store store;

/* With MODEL_GROUP 2, capacity 2: the ring with first and first + 1 in a group. */
static inline void push_two(uint32_t first) {
  uint32_t two[2] = {first, first + 1}, pushed;
  assert(ring_push_many(&tested, two, 2, &pushed) == RING_OK);
}
static inline void prepare_for_groups(void) {
  groups_reset(&store, 0);
  ring_init(&tested, slots, 2, 0, &store);
}

/* For peek: every handle can be retained at any time. */
static inline bool keep(uint32_t handle) {
  return handle != 0;
}
static inline void drop(uint32_t handle) {
  (void)handle;
}

#endif
