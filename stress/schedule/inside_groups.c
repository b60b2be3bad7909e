#include "schedule/inside_groups.h"

#include <stdlib.h>
#include <string.h>

#include "support/stress.h"

enum { CHAINS = 4, MOST_GROUPS = 1 << 16, MOST_ASIDE = 1 << 7 };

/* What inside_groups_arrange has taken out of a store. */
typedef struct taken_out {
  const group_store *store;
  uint32_t names[MOST_GROUPS], count;
} taken_out;

static taken_out asides[2];

/* Of the count that is going on: which groups have been met. */
static const group_store *counted;
static uint8_t met[MOST_GROUPS];
static uint32_t met_count;
static const char *fault;

static _Atomic uint32_t *link_of(const void *store, uint32_t name) {
  return &group_at(store, name)->link;
}

static _Atomic uint32_t *chain_link(const void *store, uint32_t name) {
  return &group_at(store, name)->beside;
}

static uint32_t value(const _Atomic uint32_t *field) {
  return atomic_load_explicit(field, memory_order_relaxed);
}

static taken_out *aside_of(const group_store *store) {
  for (unsigned i = 0; i < sizeof asides / sizeof *asides; i++) {
    if (!asides[i].store) asides[i].store = store;
    if (asides[i].store == store) return &asides[i];
  }
  stress_fail("more stores than expected");
}

static uint32_t groups_used(const group_store *store) {
  uint32_t used = value(&store->groups.used);
  stress_check(used < MOST_GROUPS, "%u groups are in use", used);
  return used;
}

static void put_aside(taken_out *aside, uint32_t name) {
  stress_check(aside->count < MOST_GROUPS, "groups are in a circle");
  aside->names[aside->count++] = name;
}

static void take_out_all(group_store *store) {
  taken_out *aside = aside_of(store);
  uint32_t name;
  for (unsigned i = 0; i < COUNTERS_SHARDS; i++)
    while ((name = stack_pop(&store->shards[i], link_of, store)) != 0) put_aside(aside, name);
  while ((name = stack_pop(&store->chains, chain_link, store)) != 0)
    for (; name != 0; name = value(link_of(store, name))) put_aside(aside, name);
}

static uint32_t any_group(group_store *store) {
  taken_out *aside = aside_of(store);
  uint32_t name = aside->count > 0 ? aside->names[--aside->count] : slab_allocate(&store->groups);
  stress_check(name, "no memory");
  return name;
}

/* Links a chain of GROUP_CHAIN in the way of group_give, and returns its first. */
static uint32_t make_chain(group_store *store) {
  uint32_t below = 0;
  for (uint32_t depth = 1; depth <= GROUP_CHAIN; depth++) {
    uint32_t name = any_group(store);
    atomic_store_explicit(link_of(store, name), below, memory_order_relaxed);
    atomic_store_explicit(chain_link(store, name), depth, memory_order_relaxed);
    below = name;
  }
  return below;
}

static void fill_shard(group_store *store, stack *shard) {
  uint64_t tag = stack_tag(atomic_load_explicit(&shard->head, memory_order_relaxed));
  atomic_store_explicit(&shard->head, stack_word(tag, make_chain(store)), memory_order_relaxed);
}

void inside_groups_arrange(group_store *store, group_state state) {
  if (state == GROUPS_AS_THEY_ARE) return;
  take_out_all(store);
  if (aside_of(store)->count > MOST_ASIDE) inside_groups_reset(store);
  for (unsigned i = 0; state == GROUPS_IN_CHAINS && i < CHAINS; i++)
    stack_push(&store->chains, chain_link, store, make_chain(store));
  for (unsigned i = 0; state == GROUPS_IN_FULL_SHARDS && i < COUNTERS_SHARDS; i++)
    fill_shard(store, &store->shards[i]);
}

void inside_groups_meet(uint32_t name) {
  if (name == 0 || name > groups_used(counted))
    fault = "what should be a group is none";
  else if (met[name]++)
    fault = "a group is in two places";
  else
    met_count++;
}

void inside_groups_begin(const group_store *store) {
  counted = store;
  memset(met, 0, groups_used(store) + 1);
  met_count = 0;
  fault = NULL;
  const taken_out *aside = aside_of(store);
  for (uint32_t i = 0; i < aside->count; i++) inside_groups_meet(aside->names[i]);
}

void inside_groups_of_ring(const ring *r) {
  uint64_t at = ring_head_start(atomic_load_explicit(&r->head, memory_order_relaxed));
  for (;;) {
    uint64_t word = atomic_load_explicit(ring_slot(r, at), memory_order_relaxed);
    if (fault || ring_ahead(r, at, word) != 1 || ring_handle(word) == RING_CLOSED_HANDLE) return;
    if (ring_count(word) > 1) inside_groups_meet((uint32_t)ring_handle(word));
    at += ring_count(word);
  }
}

/* Follows links until a fault at the latest, so that a circle has an end. */
static void meet_chain(uint32_t name) {
  for (; name != 0 && !fault; name = value(link_of(counted, name))) inside_groups_meet(name);
}

static uint32_t top_of(const stack *s) {
  return stack_handle(atomic_load_explicit(&s->head, memory_order_relaxed));
}

const char *inside_groups_fault(uint32_t kept) {
  for (unsigned i = 0; i < COUNTERS_SHARDS; i++) meet_chain(top_of(&counted->shards[i]));
  for (uint32_t chain = top_of(&counted->chains); chain != 0 && !fault;
       chain = value(chain_link(counted, chain)))
    meet_chain(chain);
  if (fault) return fault;
  return groups_used(counted) - met_count > kept ? "more groups are nowhere than threads stand still" : NULL;
}

void inside_groups_reset(group_store *store) {
  /* Made in their order, and at most one before its first group is. */
  for (uint32_t i = 0; i <= (groups_used(store) + 1) >> SLAB_SEGMENT_SHIFT; i++)
    free(atomic_load_explicit(&store->groups.segments[i], memory_order_relaxed));
  memset(store, 0, sizeof *store);
  store->groups.object_size = sizeof(group);
  store->groups.link_offset = offsetof(group, link);
  aside_of(store)->count = 0;
}
