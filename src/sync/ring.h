/* A bounded ring of 24-bit handles for any number of producers and consumers: lock-free in the
   strict sense, of exact capacity, linearizable with its closing, one read-modify-write of a shared
   line an operation, also for one that puts in or takes several. docs/ring.md explains why it is right.

   Handles go in as entries: one, or a group (group.h) of up to RING_GROUP_MOST. A slot's word is
   {turn, count - 1, handle}; where count is more than 1 the handle is the group's name. Positions count
   handles: an entry of `count` at position s covers s to s + count - 1 and lies in slot s mod m, in turn
   s / m. The slot has turn(s) + 1 once it has been filled for s, and any earlier turn before: slots inside
   a group are left alone. So the only positions that anybody looks at are starts of entries and the tail.
   Producers CAS the slot, consumers CAS head, nobody does both. head is {how many handles before it
   belong to the same entry, position}. tail_hint is the end of some entry: a hint that is stored, never CASed. A slot
   that holds RING_CLOSED_HANDLE ends the ring: nothing goes past it.

   The pairs of memory orders (docs/verification.md: what breaks without each of them):
     PUBLISH  push: CAS of the slot          -> TAKE   pop, peek: load of the slot: the elements' bytes, the group
     TAKEN    pop: CAS of head               -> ROOM   push: load of head: the slot may be filled again
     PASS_ON  push: store of cached_head     -> LEARN  push: load of cached_head: what is before it is gone
     HINT     push: store of tail_hint       -> START  push, size: load of tail_hint: all before it is filled
     ANEW     push: stores of a group        -> LATE   peek: load of a group's handle: what was there before has gone
   PUBLISH, TAKE, TAKEN and ROOM are seq_cst because FULL and EMPTY are decided by reading one index
   after writing another (store buffering): with acquire and release two threads can get both
   answers where no order of events explains both. */
#ifndef HEADRACE_SYNC_RING_H
#define HEADRACE_SYNC_RING_H

#include "group.h"
#include "port.h"
#include "ring_layout.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* RING_NO_MEMORY is of ring_list.h, RING_FREED of peek. RING_LOST: one try of an operation, whose CAS another's came
   before; only tries answer it. */
typedef enum ring_status {
  RING_OK,
  RING_FULL,
  RING_EMPTY,
  RING_CLOSED,
  RING_FREED,
  RING_NO_MEMORY,
  RING_LOST
} ring_status;

/* How long who has lost a CAS waits, once an operation, for each thread that waits beside it. Whoever holds the line gets as
   long a run, and nobody has to wait twice. Consumers have fewer lines to fetch when one follows another, and come back
   sooner: with the same wait they catch up with the producers, and each element's line goes to and fro
   (docs/performance/notes.md). */
#define RING_LINGER_PUSH_NS 3000u
#define RING_LINGER_POP_NS  2000u

/* After a lost CAS. *lingered begins as false. */
static inline void ring_back_off(port_crowd *crowd, unsigned nanoseconds, bool *lingered) {
  if (*lingered)
    port_pause();
  else
    port_linger(crowd, nanoseconds);
  *lingered = true;
}

/* How many handles there is room for at position, which is or was the tail; head is left in *head. */
static inline int64_t ring_room(const ring *r, uint64_t position, uint64_t *head) {
  /* ROOM: seq_cst; pairs with TAKEN in ring_try_pop. FULL linearizes here. */
  *head = ring_head_position(atomic_load_explicit(&r->head, memory_order_seq_cst));
  return (int64_t)r->capacity - ring_distance(position, *head);
}

/* The same for who pushes `most`: looks at head only when the cached one leaves no room for all, and brings that up
   to date. */
static inline int64_t ring_room_for(ring *r, uint64_t position, uint32_t most) {
  /* LEARN: acquire; pairs with PASS_ON below. An earlier head errs toward FULL, which is read afresh;
     who learns of room here must find gone what was before it, as who reads head itself does. */
  uint64_t head = atomic_load_explicit(&r->cached_head, memory_order_acquire);
  int64_t room = (int64_t)r->capacity - ring_distance(position, head);
  if (room >= (int64_t)most) return room;
  room = ring_room(r, position, &head);
  /* PASS_ON: release; pairs with LEARN above: what this thread knows of the pops before head. */
  if (room > 0) atomic_store_explicit(&r->cached_head, head, memory_order_release);
  return room;
}

/* Moves the hint forward. Going back would be right too, and cost probes: so no RMW. */
static inline void ring_raise_hint(ring *r, uint64_t position) {
  uint64_t hint = atomic_load_explicit(&r->tail_hint, memory_order_relaxed);
  /* HINT: release; pairs with START: who starts here knows that all before is filled. */
  if ((int64_t)(position - hint) > 0) atomic_store_explicit(&r->tail_hint, position, memory_order_release);
}

/* Whether entries that begin in this turn are of one handle, as they are in two turns of every 2^(RING_TURN_BITS - 2):
   after the two every slot has been filled anew, those that lay inside groups for ever so long too. So no slot's turn
   lags by half of all turns, where ring_ahead would take it for one of the future. */
static inline bool ring_is_renewing(uint64_t turn) {
  return (turn | 1) % (UINT64_C(1) << (RING_TURN_BITS - 2)) == (UINT64_C(1) << (RING_TURN_BITS - 2)) - 1;
}

/* Up to so many handles that are to go in at once, and the group that holds them once they are known to be several. */
typedef struct ring_load {
  const uint32_t *handles;
  uint32_t count; /* in the end: how many went in */
  uint32_t group; /* 0: none */
} ring_load;

/* Whether the load is in a group that can be published. */
static inline bool ring_load_group(ring *r, ring_load *load) {
  if (load->group) return true;
  load->group = r->groups ? group_take(r->groups) : 0;
  if (!load->group) return false;
  group *g = group_at(r->groups, load->group);
  /* ANEW: release; pairs with LATE in ring_first: who still looks at what was in the group finds that it has gone. */
  for (uint32_t i = 0; i < load->count; i++)
    atomic_store_explicit(&g->handles[i], load->handles[i], memory_order_release);
  return true;
}

/* The word of an entry of as much of the load as there is room for. */
static inline uint64_t ring_entry(ring *r, ring_load *load, uint64_t position, int64_t room) {
  uint64_t turn = ring_turn_of(r, position);
  if (load->count == 1) return ring_word(turn + 1, 1, load->handles[0]);
  uint32_t count = room < (int64_t)load->count ? (uint32_t)room : load->count;
  if (count > 1 && !ring_is_renewing(turn) && ring_load_group(r, load))
    return ring_word(turn + 1, count, load->group);
  return ring_word(turn + 1, 1, load->handles[0]);
}

/* One try to fill the tail with the load or what there is room for; for the closing mark a full ring has room too. */
static inline ring_status ring_try_append(ring *r, ring_load *load, bool closing) {
  /* START: acquire; pairs with HINT in ring_raise_hint. */
  uint64_t t = atomic_load_explicit(&r->tail_hint, memory_order_acquire);
  /* seq_cst: it decides, with ROOM, that the ring is full at t. */
  uint64_t seen = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
  int64_t ahead;
  while (ring_handle(seen) != RING_CLOSED_HANDLE && (ahead = ring_ahead(r, t, seen)) > 0) {
    t = ring_end_of(r, t, seen, ahead);
    seen = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
  }
  if (ring_handle(seen) == RING_CLOSED_HANDLE) return RING_CLOSED;
  int64_t room = closing ? 1 : ring_room_for(r, t, load->count);
  if (room <= 0) return RING_FULL;
  uint64_t entry = ring_entry(r, load, t, room);
  /* PUBLISH: seq_cst; pairs with TAKE in ring_try_pop. OK linearizes here. A failure may be relaxed: the next try reads
     everything afresh. */
  if (!atomic_compare_exchange_strong_explicit(ring_slot(r, t), &seen, entry, memory_order_seq_cst,
                                               memory_order_relaxed))
    return RING_LOST;
  if (closing) return RING_OK; /* the hint must not lead past the mark */
  if (load->count > 1) load->count = ring_count(entry);
  ring_raise_hint(r, t + load->count);
  if (load->count > 1)
    port_prefetch_for_write(ring_slot(r, t + load->count));
  else if ((t & 7) == 0)
    port_prefetch_for_write(ring_slot(r, t + 8));
  return RING_OK;
}

static inline ring_status ring_try_push(ring *r, uint32_t handle, bool closing) {
  ring_load load = {&handle, 1, 0};
  return ring_try_append(r, &load, closing);
}

PORT_APART ring_status ring_push_again(ring *r, uint32_t handle, bool closing) {
  bool lingered = false;
  ring_status status;
  do {
    ring_back_off(&r->late_producers, RING_LINGER_PUSH_NS, &lingered);
    status = ring_try_push(r, handle, closing);
  } while (status == RING_LOST);
  return status;
}

/* Appends handle, which is neither 0 nor RING_CLOSED_HANDLE: RING_OK, RING_FULL or RING_CLOSED. */
static inline ring_status ring_push(ring *r, uint32_t handle) {
  ring_status status = ring_try_push(r, handle, false);
  return status == RING_LOST ? ring_push_again(r, handle, false) : status;
}

/* Ends the ring: RING_OK the first time, RING_CLOSED after. What was pushed before can be popped. */
static inline ring_status ring_close(ring *r) {
  ring_status status = ring_try_push(r, RING_CLOSED_HANDLE, true);
  return status == RING_LOST ? ring_push_again(r, RING_CLOSED_HANDLE, true) : status;
}

/* Appends 1 to k consecutive handles, *pushed of them, the first ones, in one step: RING_OK, else as ring_push with
   *pushed 0. Fewer than k or RING_GROUP_MOST: there was no room for more, or, now and then, no memory for a group or no
   turn for one. k >= 1. */
static inline ring_status ring_push_many(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  ring_load load = {handles, k < RING_GROUP_MOST ? k : RING_GROUP_MOST, 0};
  bool lingered = false;
  ring_status status;
  while ((status = ring_try_append(r, &load, false)) == RING_LOST)
    ring_back_off(&r->late_producers, RING_LINGER_PUSH_NS, &lingered);
  *pushed = status == RING_OK ? load.count : 0;
  if (load.group && *pushed < 2) group_give(r->groups, &load.group, 1);
  return status;
}

/* The handle at head, of the entry that was seen filled there. */
static inline uint32_t ring_first(const ring *r, uint64_t head, uint64_t word) {
  if (ring_count(word) == 1) return (uint32_t)ring_handle(word);
  /* LATE: acquire; pairs with ANEW in ring_load_group. TAKE brings the handle; where the group is another push's
     already, who looks at head again, as peek does, finds that it has moved. */
  return atomic_load_explicit(
      &group_at(r->groups, (uint32_t)ring_handle(word))->handles[ring_head_taken(head)],
      memory_order_acquire);
}

static inline void ring_give_group(const ring *r, uint64_t word) {
  uint32_t name = (uint32_t)ring_handle(word);
  group_give(r->groups, &name, 1);
}

/* One try of ring_pop. */
static inline ring_status ring_try_pop(ring *r, uint32_t *handle) {
  for (;;) {
    /* seq_cst, here and on the CAS: EMPTY is decided by the slot after the index. */
    uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst), start = ring_head_start(h);
    /* TAKE: seq_cst; pairs with PUBLISH in ring_try_append. EMPTY and CLOSED linearize here. */
    uint64_t word = atomic_load_explicit(ring_slot(r, start), memory_order_seq_cst);
    int64_t ahead = ring_ahead(r, start, word);
    if (ahead < 1) return RING_EMPTY;
    if (ahead > 1) continue; /* head has moved on */
    if (ring_handle(word) == RING_CLOSED_HANDLE) return RING_CLOSED;
    uint32_t first = ring_first(r, h, word);
    uint64_t next = ring_head_after(h, 1, ring_count(word));
    /* TAKEN: seq_cst; pairs with ROOM in ring_room. A failure may be relaxed: the next try reads everything afresh. */
    if (!atomic_compare_exchange_strong_explicit(&r->head, &h, next, memory_order_seq_cst,
                                                 memory_order_relaxed))
      return RING_LOST;
    *handle = first;
    if (ring_count(word) > 1 && ring_head_taken(next) == 0) ring_give_group(r, word);
    return RING_OK;
  }
}

PORT_APART ring_status ring_pop_again(ring *r, uint32_t *handle) {
  bool lingered = false;
  ring_status status;
  do {
    ring_back_off(&r->late_consumers, RING_LINGER_POP_NS, &lingered);
    status = ring_try_pop(r, handle);
  } while (status == RING_LOST);
  return status;
}

/* Takes the oldest handle: RING_OK, RING_EMPTY or RING_CLOSED (and drained). */
static inline ring_status ring_pop(ring *r, uint32_t *handle) {
  ring_status status = ring_try_pop(r, handle);
  return status == RING_LOST ? ring_pop_again(r, handle) : status;
}

/* What a walk from head on has found, and where head is to go. */
typedef struct ring_haul {
  uint32_t *handles, k, got;
  uint64_t head;
  uint32_t groups[RING_POP_MOST / 2 + 1], ended; /* of the groups that it reaches the end of */
} ring_haul;

/* Takes up what is left of the entry at head, or as much of it as is wanted. */
static inline void ring_haul_entry(const ring *r, ring_haul *haul, uint64_t word) {
  uint32_t taken = ring_head_taken(haul->head), count = ring_count(word), left = count - taken;
  uint32_t wanted = haul->k - haul->got, some = left < wanted ? left : wanted;
  if (count == 1) {
    haul->handles[haul->got] = (uint32_t)ring_handle(word);
  } else {
    const _Atomic uint32_t *from = &group_at(r->groups, (uint32_t)ring_handle(word))->handles[taken];
    uint32_t *to = &haul->handles[haul->got];
    /* relaxed: TAKE brings them; where the group is another push's already, the CAS of head fails. */
    for (uint32_t i = 0; i < some; i++) to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
    if (some == left) haul->groups[haul->ended++] = (uint32_t)ring_handle(word);
  }
  haul->got += some;
  haul->head = ring_head_after(haul->head, some, count);
}

/* One try of ring_pop_many: takes what it finds, up to haul->k. */
static inline ring_status ring_try_pop_many(ring *r, ring_haul *haul) {
  for (;;) {
    uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
    int64_t ahead = 1;
    haul->head = h;
    haul->got = haul->ended = 0;
    while (haul->got < haul->k) {
      uint64_t start = ring_head_start(haul->head);
      /* TAKE: as in ring_try_pop. */
      uint64_t word = atomic_load_explicit(ring_slot(r, start), memory_order_seq_cst);
      ahead = ring_ahead(r, start, word);
      if (ahead != 1 || ring_handle(word) == RING_CLOSED_HANDLE) break;
      ring_haul_entry(r, haul, word);
    }
    if (haul->got == 0) {
      if (ahead < 1) return RING_EMPTY;
      if (ahead == 1) return RING_CLOSED;
      continue; /* head has moved on */
    }
    /* TAKEN: as in ring_try_pop. */
    if (!atomic_compare_exchange_strong_explicit(&r->head, &h, haul->head, memory_order_seq_cst,
                                                 memory_order_relaxed))
      return RING_LOST;
    if (haul->ended > 0) group_give(r->groups, haul->groups, haul->ended);
    return RING_OK;
  }
}

/* Takes 1 to k consecutive handles in one step, *taken of them: RING_OK, else as ring_pop with
   *taken 0. Fewer than k does not mean that the ring was empty. k >= 1; of more than RING_POP_MOST so many. */
static inline ring_status ring_pop_many(ring *r, uint32_t *handles, uint32_t k, uint32_t *taken) {
  bool lingered = false;
  ring_status status;
  ring_haul haul; /* not cleared: it is long */
  haul.handles = handles;
  haul.k = k < RING_POP_MOST ? k : RING_POP_MOST;
  while ((status = ring_try_pop_many(r, &haul)) == RING_LOST)
    ring_back_off(&r->late_consumers, RING_LINGER_POP_NS, &lingered);
  *taken = status == RING_OK ? haul.got : 0;
  return status;
}

/* Takes a reference on the element of handle unless its count is zero or can hold no more. It must be
   safe to call for a handle that has left the ring meanwhile (type-stable memory), and a refusal must
   acquire what the count was made by: who refuses an element that has left sees that it has. */
typedef bool ring_try_retain(uint32_t handle);
/* Gives back a reference that ring_try_retain took. */
typedef void ring_drop(uint32_t handle);

/* Retains the oldest element and leaves it inside: RING_OK, RING_EMPTY or RING_CLOSED (and
   drained). RING_FREED: an element inside could not be retained: somebody released it once too often,
   or its count can hold no more. */
static inline ring_status ring_peek(ring *r, ring_try_retain *try_retain, ring_drop *drop, uint32_t *handle) {
  uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  for (;;) {
    /* TAKE: as in ring_try_pop. */
    uint64_t word = atomic_load_explicit(ring_slot(r, ring_head_start(h)), memory_order_seq_cst);
    int64_t ahead = ring_ahead(r, ring_head_start(h), word);
    if (ahead < 1) return RING_EMPTY;
    if (ahead == 1 && ring_handle(word) == RING_CLOSED_HANDLE) return RING_CLOSED;
    uint32_t first = ahead == 1 ? ring_first(r, h, word) : 0;
    bool retained = first && try_retain(first);
    /* seq_cst: head still at h means that the element was inside all along. */
    uint64_t now = atomic_load_explicit(&r->head, memory_order_seq_cst);
    if (first && now == h) {
      *handle = first;
      return retained ? RING_OK : RING_FREED;
    }
    if (retained) drop(first);
    h = now;
  }
}

/* The first position that is not filled with an element at some instant of the call: the tail. */
static inline uint64_t ring_tail(const ring *r, bool *closed) {
  /* START: acquire; pairs with HINT in ring_raise_hint. */
  uint64_t t = atomic_load_explicit(&r->tail_hint, memory_order_acquire);
  for (;;) {
    uint64_t word = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
    int64_t ahead = ring_ahead(r, t, word);
    *closed = ring_handle(word) == RING_CLOSED_HANDLE;
    if (*closed) return ring_end_of(r, t, word, ahead) - 1;
    if (ahead < 1) return t;
    t = ring_end_of(r, t, word, ahead);
  }
}

/* How many elements are inside: exact when nothing else runs, within [0, capacity] always. */
static inline uint32_t ring_size(const ring *r) {
  bool closed;
  uint64_t tail = ring_tail(r, &closed);
  int64_t size =
      ring_distance(tail, ring_head_position(atomic_load_explicit(&r->head, memory_order_seq_cst)));
  if (size < 0) return 0;
  return size > (int64_t)r->capacity ? r->capacity : (uint32_t)size;
}

/* Whether nothing is inside, closed or not: decided as ring_pop decides EMPTY and CLOSED. */
static inline bool ring_is_empty(const ring *r) {
  uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  for (;;) {
    /* TAKE: as in ring_try_pop. */
    uint64_t word = atomic_load_explicit(ring_slot(r, ring_head_start(h)), memory_order_seq_cst);
    int64_t ahead = ring_ahead(r, ring_head_start(h), word);
    if (ahead < 1) return true;
    if (ahead == 1 && ring_handle(word) == RING_CLOSED_HANDLE) return true;
    uint64_t now = atomic_load_explicit(&r->head, memory_order_seq_cst);
    if (now == h) return false;
    h = now;
  }
}

/* Whether capacity elements are inside: decided as ring_push decides FULL. */
static inline bool ring_is_full(const ring *r) {
  bool closed;
  uint64_t head;
  return ring_room(r, ring_tail(r, &closed), &head) <= 0;
}

static inline bool ring_is_closed(const ring *r) {
  bool closed;
  ring_tail(r, &closed);
  return closed;
}

#endif
