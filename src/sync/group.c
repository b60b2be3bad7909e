#include "sync/group.h"

static _Atomic uint32_t *link_of(const void *store, uint32_t name) {
  return &group_at(store, name)->link;
}

static _Atomic uint32_t *chain_link(const void *store, uint32_t name) {
  return &group_at(store, name)->beside;
}

/* relaxed, here and in what follows: what lies in a free group is published by the CAS that frees it. */
static uint32_t value(const _Atomic uint32_t *field) {
  return atomic_load_explicit(field, memory_order_relaxed);
}

static void set(_Atomic uint32_t *field, uint32_t to) {
  atomic_store_explicit(field, to, memory_order_relaxed);
}

/* Its lines were last another thread's, who read it: they come while other things are done. */
static void expect(const group_store *store, uint32_t name) {
  if (name) port_prefetch_for_write(group_at(store, name));
}

/* Makes a chain the shard's, which was empty a moment ago. */
static void refill(group_store *store, stack *shard, uint32_t chain) {
  uint64_t seen = atomic_load_explicit(&shard->head, memory_order_relaxed);
  /* SPARE: release; pairs with GET in stack_pop. */
  if (stack_handle(seen) != 0 ||
      !atomic_compare_exchange_strong_explicit(&shard->head, &seen, stack_word(stack_tag(seen), chain),
                                               memory_order_release, memory_order_relaxed))
    stack_push(&store->chains, chain_link, store, chain);
}

uint32_t group_take(group_store *store) {
  stack *shard = &store->shards[counters_my_shard()];
  uint32_t name = stack_pop(shard, link_of, store);
  if (!name) {
    name = stack_pop(&store->chains, chain_link, store);
    if (!name) return slab_allocate(&store->groups);
    uint32_t rest = value(link_of(store, name));
    if (rest) refill(store, shard, rest);
  }
  expect(store, value(link_of(store, name)));
  return name;
}

/* Links the groups, of which the last leads to `below`, where there are `depth` already. */
static void lay(const group_store *store, const uint32_t *names, uint32_t count, uint32_t below,
                uint32_t depth) {
  for (uint32_t i = count; i-- > 0; below = names[i]) {
    group *g = group_at(store, names[i]);
    set(&g->link, below);
    set(&g->beside, ++depth);
  }
}

void group_give(group_store *store, const uint32_t *names, uint32_t count) {
  stack *shard = &store->shards[counters_my_shard()];
  uint64_t seen, next;
  uint32_t top;
  bool full;
  do {
    /* acquire: pairs with SPARE: how many there are from the top on, and whatever is taken away. */
    seen = atomic_load_explicit(&shard->head, memory_order_acquire);
    top = stack_handle(seen);
    uint32_t depth = top ? value(&group_at(store, top)->beside) : 0;
    full = depth >= GROUP_CHAIN;
    lay(store, names, count, full ? 0 : top, full ? 0 : depth);
    /* The tag goes up with whatever is taken away, as in stack_pop. */
    next = stack_word(stack_tag(seen) + full, names[0]);
    /* SPARE: release; pairs with GET in stack_pop. */
  } while (!atomic_compare_exchange_weak_explicit(&shard->head, &seen, next, memory_order_release,
                                                  memory_order_relaxed));
  if (full) stack_push(&store->chains, chain_link, store, top);
}
