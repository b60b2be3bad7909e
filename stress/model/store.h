/* What the clients of group.c share: the shipped store of groups of two handles, whose shards keep one group, or as
   many as the client says. Each thread has a shard that the client gives it. Who takes a group has it alone, and
   finds all that was done to it before; in the end each one is somewhere once, and each shard knows how many it has. */
#ifndef HEADRACE_STRESS_MODEL_STORE_H
#define HEADRACE_STRESS_MODEL_STORE_H

#define HANDLE_BITS        4
#define SLAB_SEGMENT_SHIFT 3
#define GROUP_MOST         2u
#ifndef GROUP_CHAIN
#define GROUP_CHAIN 1u
#endif
#include "model/model.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* In the place of sync/line.h: its lines are too short for a group here. */
#define HEADRACE_SYNC_LINE_H
static inline void *line_alloc(size_t bytes) {
  return aligned_alloc(64, bytes);
}

/* A checker takes no memset of a length that it does not know. */
static inline void store_clear(uint32_t *words, size_t bytes) {
  for (size_t i = 0; i < bytes / sizeof *words; i++) words[i] = 0;
}
#define memset(address, zero, bytes) store_clear(address, bytes)
#include "sync/slab.c"

#include "sync/group.c"

enum { STORE_MOST = 7, STORE_SHARDS = 2 };

static group_store tested = GROUP_STORE_INIT;
static _Thread_local unsigned store_shard;
static unsigned store_uses[STORE_MOST + 1]; /* not atomic: who takes a group has it alone */
static unsigned store_seen[STORE_MOST + 1];

unsigned counters_my_shard(void) {
  return store_shard;
}

static inline uint32_t store_take(void) {
  uint32_t name = group_take(&tested);
  assert(name >= 1 && name <= STORE_MOST);
  store_uses[name]++;
  return name;
}

static inline void store_give(uint32_t name) {
  store_uses[name]++;
  group_give(&tested, &name, 1);
}

/* Gives 1 and 2 at once. */
static inline void store_give_two(void) {
  uint32_t names[2] = {1, 2};
  for (unsigned i = 0; i < 2; i++) store_uses[names[i]]++;
  group_give(&tested, names, 2);
}

/* Before the threads are started: 1 to `count` are there, and nobody has them yet. The first run of a client makes them. */
static inline void store_make(uint32_t count) {
  store_shard = 0;
  for (unsigned i = 0; i < STORE_SHARDS; i++)
    atomic_store_explicit(&tested.shards[i].head, 0, memory_order_relaxed);
  atomic_store_explicit(&tested.chains.head, 0, memory_order_relaxed);
  for (unsigned i = 0; i <= STORE_MOST; i++) store_uses[i] = store_seen[i] = 0;
  /* What was made beyond them in the run before is forgotten. */
  atomic_store_explicit(&tested.groups.used, 0, memory_order_relaxed);
  for (uint32_t name = 1; name <= count; name++) assert(slab_allocate(&tested.groups) == name);
}

/* Goes down a chain; returns how long it is. */
static inline uint32_t store_walk(uint32_t name, bool is_shard) {
  if (name == 0) return 0;
  uint32_t below = store_walk(value(link_of(&tested, name)), is_shard);
  assert(!is_shard || value(chain_link(&tested, name)) == below + 1);
  store_seen[name]++;
  return below + 1;
}

/* That each group has been used so often as the client says altogether, and is free. */
static inline void store_check(unsigned uses) {
  for (unsigned i = 0; i < STORE_SHARDS; i++)
    store_walk(stack_handle(atomic_load_explicit(&tested.shards[i].head, memory_order_relaxed)), true);
  for (uint32_t name; (name = stack_pop(&tested.chains, chain_link, &tested)) != 0;) store_walk(name, false);
  for (uint32_t name = 1; name <= atomic_load_explicit(&tested.groups.used, memory_order_relaxed); name++) {
    assert(store_seen[name] == 1);
    uses -= store_uses[name];
  }
  assert(uses == 0);
}

#endif
