/* What the clients of ring_list.c share: rings of one handle each by default, behind a stub of RCU. */
#ifndef HEADRACE_STRESS_MODEL_LIST_H
#define HEADRACE_STRESS_MODEL_LIST_H

#include "model/model.h"
#ifndef HEADRACE_SYNC_RCU_H
#include "model/rcu_stub.h"
#endif

#include "model/groups.h"

#ifndef RING_LIST_CAPACITY
#define RING_LIST_CAPACITY 1u
#endif
#include "sync/ring_list.c"

static ring_list tested;
static group_store list_groups;

/* Makes the list with 1 to n inside; the one of the run before goes. */
static inline void list_prepare(uint32_t n) {
  ring_list_destroy(&tested);
  assert(ring_list_init(&tested, &list_groups) == 0);
  for (uint32_t i = 1; i <= n; i++) assert(ring_list_push(&tested, i) == RING_OK);
}

static inline ring_status list_pop(uint32_t *element) {
  uint32_t taken;
  *element = 0;
  return ring_list_pop_many(&tested, element, 1, &taken);
}

static inline bool list_keep(uint32_t handle) {
  return handle != 0;
}
static inline void list_drop(uint32_t handle) {
  (void)handle;
}
static inline ring_status list_peek(uint32_t *element) {
  return ring_list_peek(&tested, list_keep, list_drop, element);
}

#endif
