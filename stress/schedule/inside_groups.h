/* Where the groups of a store are, while nobody changes it: free, in the entries of rings, or in the hands of threads
   that stand still inside of a call. */
#ifndef HEADRACE_STRESS_INSIDE_GROUPS_H
#define HEADRACE_STRESS_INSIDE_GROUPS_H

#include "sync/ring.h"

/* What a call finds in the store. */
typedef enum group_state {
  GROUPS_AS_THEY_ARE,
  GROUPS_NONE,           /* none is free */
  GROUPS_IN_CHAINS,      /* the shards are empty, the chains are not */
  GROUPS_IN_FULL_SHARDS, /* the next one given back to any makes a chain */
  GROUP_STATES
} group_state;

/* Brings a store to it that nobody uses at the time, and of which no ring has a group. */
void inside_groups_arrange(group_store *store, group_state state);

/* A count: begin, then each ring whose groups are from the store, or each group that somebody has, then the fault. */
void inside_groups_begin(const group_store *store);
void inside_groups_meet(uint32_t name);
void inside_groups_of_ring(const ring *r);

/* Returns what is wrong: a group is in two places, or more than `kept` are nowhere, or NULL. */
const char *inside_groups_fault(uint32_t kept);

/* Gives the memory of a store back, whose threads and rings are no more, and makes it as new. */
void inside_groups_reset(group_store *store);

#endif
