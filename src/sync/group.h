/* Groups: what a slot of a ring names when several handles go in at once. A group is written by who pushes it, read by
   who pops from it, and given back by who pops the last of it; then it may be another push's at once, of any ring. Its
   memory stays a group for ever (slab.h), so who is late reads handles that are of no use, and finds that out.

   Free groups lie in shards, of which each thread has one: there the groups come and go one by one, mostly by one
   thread. Where one side of a queue takes and the other gives, a shard overflows into a list of chains that all share,
   a whole chain at a time, and an empty one gets a chain from there: so the lines that the list lies in are touched
   once for GROUP_CHAIN groups. A thread that stops for ever in between keeps what it has in its hands: a chain, or as many
   groups as it has popped the ends of.

   The pairs of memory orders, beside those of stack.h:
     SPARE  group_give, refill: CAS of the shard  ->  GET of stack_pop: the links, and that who read the group has done so */
#ifndef HEADRACE_SYNC_GROUP_H
#define HEADRACE_SYNC_GROUP_H

#include "sync/counters.h"
#include "sync/slab.h"

#define GROUP_COUNT_BITS 6
#define GROUP_COUNT_MASK ((UINT64_C(1) << GROUP_COUNT_BITS) - 1)
#ifndef GROUP_MOST
#define GROUP_MOST (1u << GROUP_COUNT_BITS) /* handles a group holds at most */
#endif
#ifndef GROUP_CHAIN
#define GROUP_CHAIN 32u /* groups a shard keeps before it gives them all away */
#endif

/* Two words and the first 14 handles are one line. */
typedef struct group {
  _Alignas(64) _Atomic uint32_t link; /* the next free one of a chain; 0: the last */
  /* While free: how many there are in the shard from here on, or, of a chain's first, the next chain. */
  _Atomic uint32_t beside;
  _Atomic uint32_t handles[GROUP_MOST];
} group;

typedef struct group_store {
  slab groups;
  stack chains;
  stack shards[COUNTERS_SHARDS];
} group_store;

/* An empty store, in static memory: it is never given back. */
#define GROUP_STORE_INIT                                                                                     \
  { .groups = SLAB_INIT(group, link) }

static inline group *group_at(const group_store *store, uint32_t name) {
  return slab_object(&store->groups, name);
}

/* Returns the name of a group that nobody else has, a handle of its own kind, or 0: no memory. Lock-free, but for the
   allocation of a segment of the slab. */
uint32_t group_take(group_store *store);

/* Gives back `count` >= 1 groups. */
void group_give(group_store *store, const uint32_t *names, uint32_t count);

#endif
