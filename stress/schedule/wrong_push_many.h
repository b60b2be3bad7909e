/* ring_append, with a flaw of choice: for rings that are wrong in one thing when several go in at once. */
#ifndef HEADRACE_STRESS_WRONG_PUSH_MANY_H
#define HEADRACE_STRESS_WRONG_PUSH_MANY_H

#include "sync/ring.h"

typedef enum push_flaw {
  PUSH_RIGHT,
  PUSH_STEPS_BY_ONE,     /* over an entry that the hint has not seen, however many it is of */
  PUSH_UNFILLED_EXACTLY, /* a slot that lay inside a group, an earlier turn, is taken for a filled one */
  PUSH_HINT_INSIDE,      /* the hint is raised by one */
  PUSH_SAYS_ALL,         /* the entry says k where there was room for fewer */
  PUSH_WRITES_LATE,      /* the handles go into the group once it is published */
  PUSH_FULL_BY_CACHED, /* FULL, and how many go in, by the cached head, brought up to date for the next call */
  PUSH_ROOM_FOR_ONE,   /* looks whether there is room for one, and puts in all */
  PUSH_KEEPS_GROUP,    /* does not give back a group that it did not need */
  PUSH_GIVES_GROUP,    /* gives back the group that it has published */
  PUSH_IN_EVERY_TURN   /* no turns in which handles go in one by one */
} push_flaw;

static inline void flawed_write(ring *r, const ring_load *load) {
  group *g = group_at(r->groups, load->group);
  for (uint32_t i = 0; i < load->count; i++)
    atomic_store_explicit(&g->handles[i], load->handles[i], memory_order_relaxed);
}

/* How many there is room for, as the flaw has it. */
static inline int64_t flawed_room(ring *r, uint64_t position, uint32_t most, push_flaw flaw) {
  if (flaw == PUSH_ROOM_FOR_ONE) return ring_room_for(r, position, 1) > 0 ? (int64_t)most : 0;
  if (flaw != PUSH_FULL_BY_CACHED) return ring_room_for(r, position, most);
  uint64_t head = atomic_load_explicit(&r->cached_head, memory_order_acquire);
  int64_t room = (int64_t)r->capacity - ring_distance(position, head);
  if (room < (int64_t)most)
    atomic_store_explicit(&r->cached_head,
                          ring_head_position(atomic_load_explicit(&r->head, memory_order_seq_cst)),
                          memory_order_release);
  return room;
}

/* The word of as much of the load as there is room for; *pushed is how many that says. */
static inline uint64_t flawed_entry(ring *r, ring_load *load, uint64_t position, int64_t room, push_flaw flaw,
                                    uint32_t *pushed) {
  uint64_t turn = ring_turn_of(r, position);
  uint32_t count = room < (int64_t)load->count ? (uint32_t)room : load->count;
  bool together = flaw == PUSH_IN_EVERY_TURN || !ring_is_renewing(turn);
  *pushed = 1;
  if (load->count == 1 || (count == 1 && flaw != PUSH_SAYS_ALL) || !together || !r->groups)
    return ring_word(turn + 1, 1, load->handles[0]);
  if (!load->group) load->group = group_take(r->groups);
  if (flaw != PUSH_WRITES_LATE) flawed_write(r, load);
  *pushed = count;
  return ring_word(turn + 1, flaw == PUSH_SAYS_ALL ? load->count : count, load->group);
}

static inline void flawed_end(ring *r, ring_load *load, uint64_t position, uint64_t entry, push_flaw flaw) {
  if (flaw == PUSH_WRITES_LATE && ring_count(entry) > 1) flawed_write(r, load);
  ring_raise_hint(r, position + (flaw == PUSH_HINT_INSIDE ? 1 : ring_count(entry)));
  if (!load->group) return;
  bool give = ring_count(entry) == 1 ? flaw != PUSH_KEEPS_GROUP : flaw == PUSH_GIVES_GROUP;
  if (give) group_give(r->groups, &load->group, 1);
}

static inline ring_status push_many_flawed(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed,
                                           push_flaw flaw) {
  ring_load load = {handles, k < RING_GROUP_MOST ? k : RING_GROUP_MOST, 0};
  uint64_t t = atomic_load_explicit(&r->tail_hint, memory_order_acquire), entry;
  ring_status status = RING_OK;
  *pushed = 0;
  for (;;) {
    uint64_t seen = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
    int64_t ahead = ring_ahead(r, t, seen);
    if (ring_handle(seen) == RING_CLOSED_HANDLE) status = RING_CLOSED;
    if (status != RING_OK) break;
    if (flaw == PUSH_UNFILLED_EXACTLY ? ahead != 0 : ahead > 0) {
      t = flaw == PUSH_STEPS_BY_ONE ? t + 1 : ring_end_of(r, t, seen, ahead);
      continue;
    }
    int64_t room = flawed_room(r, t, load.count, flaw);
    if (room <= 0) status = RING_FULL;
    if (status != RING_OK) break;
    uint32_t some;
    entry = flawed_entry(r, &load, t, room, flaw, &some);
    if (atomic_compare_exchange_strong_explicit(ring_slot(r, t), &seen, entry, memory_order_seq_cst,
                                                memory_order_seq_cst)) {
      *pushed = some;
      flawed_end(r, &load, t, entry, flaw);
      return RING_OK;
    }
  }
  if (load.group && flaw != PUSH_KEEPS_GROUP) group_give(r->groups, &load.group, 1);
  return status;
}

#endif
