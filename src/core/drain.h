/* How who drains lanes learns that what was in them has been processed, see spheres.c. A worker takes a batch in a turn,
   processes it, and ends the turn. What was inside a lane is done when the lane's head has got past it, and then each worker
   has ended the turn that it was in. The waiting thread says what it waits for: a goal in the lane, and that it asks for
   the end of a turn. The worker that gets there tells it; while nobody drains it looks at one word.

   The pairs of memory orders, beside those of ring.h and event.h:
     HOLDS   worker: store of an odd turn, which the pop's CAS of head publishes -> drain: load of head
     DRAINS  drain: load of head, then of the turn: who sees the batch gone sees that its worker may hold it
     DONE    worker: seq_cst store of an even turn -> drain: load of the turn: what was processed
     ASKED   drain: seq_cst add to `count`, or to `asked`, then loads of head or the turn; worker: the pop's CAS of head and
             DONE, then loads of both. At least one sees the other
     GOAL    drain: seq_cst CAS of the goal, then load of head; worker: the pop's CAS of head, then load of the goal. The same
   Telling is a NOTICE of event.h. */
#ifndef HEADRACE_CORE_DRAIN_H
#define HEADRACE_CORE_DRAIN_H

#include "sync/event.h"
#include "sync/ring.h"

#define TURNS_NO_GOAL UINT64_MAX /* further than any position */

/* Of all lanes together. */
typedef struct drains {
  _Atomic uint32_t count; /* calls that have not returned */
  event over;             /* they wait on it */
} drains;

/* Of a lane and its worker. */
typedef struct turns {
  const ring *lane;
  _Atomic uint64_t goal; /* the nearest position of the lane's head that somebody waits for */
  _Alignas(PORT_LINE) _Atomic uint32_t asked; /* who wait for the turn to end */
  _Atomic uint64_t turn;                      /* the worker writes it: odd while it may hold a batch */
} turns;

static inline void drains_init(drains *d) {
  atomic_store_explicit(&d->count, 0, memory_order_relaxed);
  event_init(&d->over);
}

static inline void turns_init(turns *t, const ring *lane) {
  t->lane = lane;
  atomic_store_explicit(&t->goal, TURNS_NO_GOAL, memory_order_relaxed);
  atomic_store_explicit(&t->asked, 0, memory_order_relaxed);
  atomic_store_explicit(&t->turn, 0, memory_order_relaxed);
}

static inline uint64_t turns_head(const turns *t) {
  return ring_head_position(atomic_load_explicit(&t->lane->head, memory_order_seq_cst));
}

/* The worker's, before it looks into any lane. */
static inline void turn_begin(turns *t) {
  uint64_t turn = atomic_load_explicit(&t->turn, memory_order_relaxed);
  /* HOLDS: relaxed; pairs with DRAINS in drain_turn. */
  atomic_store_explicit(&t->turn, turn + 1, memory_order_relaxed);
}

/* Takes the lane's goal away if it has been reached, and says whether: those who saw it must be told. Who waits for
   more sets a goal anew. */
static inline bool turns_reach_goal(turns *t) {
  /* GOAL: seq_cst; pairs with turns_set_goal. */
  uint64_t goal = atomic_load_explicit(&t->goal, memory_order_seq_cst);
  while (goal != TURNS_NO_GOAL && ring_distance(turns_head(t), goal) >= 0)
    /* A failure may be relaxed: who has changed the goal sees this head, or tells. */
    if (atomic_compare_exchange_weak_explicit(&t->goal, &goal, TURNS_NO_GOAL, memory_order_seq_cst,
                                              memory_order_relaxed))
      return true;
  return false;
}

/* Tells who drains of the end of a turn, in which a batch of the lane of `from`, NULL: none, has been processed. */
static inline void turn_tell(drains *d, turns *t, turns *from) {
  bool reached = from && turns_reach_goal(from);
  /* ASKED: seq_cst; pairs with the add in drain_turn. */
  if (reached || atomic_load_explicit(&t->asked, memory_order_seq_cst) > 0) event_notify_all(&d->over);
}

static inline void turn_end(drains *d, turns *t, turns *from) {
  uint64_t turn = atomic_load_explicit(&t->turn, memory_order_relaxed);
  /* DONE: seq_cst; pairs with the load in turn_is_over. */
  atomic_store_explicit(&t->turn, turn + 1, memory_order_seq_cst);
  /* ASKED: seq_cst; pairs with the add in drain_begin. */
  if (atomic_load_explicit(&d->count, memory_order_seq_cst) > 0) turn_tell(d, t, from);
}

/* What somebody waits for. */
typedef struct drain_wait {
  turns *turns;
  uint64_t until; /* the position, or the turn that is to end */
} drain_wait;

/* Lets a worker tell when the lane's head has got to the position: the nearest of those that are waited for. */
static inline void turns_set_goal(turns *t, uint64_t position) {
  uint64_t goal = atomic_load_explicit(&t->goal, memory_order_seq_cst);
  while (goal == TURNS_NO_GOAL || ring_distance(position, goal) < 0)
    /* GOAL: seq_cst; pairs with turns_reach_goal. */
    if (atomic_compare_exchange_weak_explicit(&t->goal, &goal, position, memory_order_seq_cst,
                                              memory_order_seq_cst))
      return;
}

static inline bool lane_is_past(void *context) {
  const drain_wait *w = context;
  turns_set_goal(w->turns, w->until);
  return ring_distance(turns_head(w->turns), w->until) >= 0;
}

static inline bool turn_is_over(void *context) {
  const drain_wait *w = context;
  /* DONE: seq_cst; pairs with the store in turn_end. */
  return atomic_load_explicit(&w->turns->turn, memory_order_seq_cst) != w->until;
}

/* A call that waits begins: first for every lane, then for every worker. */
static inline void drain_begin(drains *d) {
  /* ASKED: seq_cst; pairs with the load in turn_end. */
  atomic_fetch_add_explicit(&d->count, 1, memory_order_seq_cst);
}

static inline void drain_end(drains *d) {
  atomic_fetch_sub_explicit(&d->count, 1, memory_order_relaxed); /* relaxed: nothing is waited for */
}

/* Waits until what is before `tail` has been taken from the lane. */
static inline void drain_lane(drains *d, turns *t, uint64_t tail) {
  drain_wait w = {t, tail};
  if (ring_distance(turns_head(t), tail) >= 0 || lane_is_past(&w)) return;
  event_wait(&d->over, lane_is_past, &w, UINT64_MAX);
}

/* Waits until what the worker may hold has been processed. */
static inline void drain_turn(drains *d, turns *t) {
  /* DRAINS: acquire; pairs with HOLDS in turn_begin, and with DONE in turn_end where that turn is over already. */
  drain_wait w = {t, atomic_load_explicit(&t->turn, memory_order_acquire)};
  if (w.until % 2 == 0) return;
  /* ASKED: seq_cst; pairs with the load in turn_tell. */
  atomic_fetch_add_explicit(&t->asked, 1, memory_order_seq_cst);
  if (!turn_is_over(&w)) event_wait(&d->over, turn_is_over, &w, UINT64_MAX);
  atomic_fetch_sub_explicit(&t->asked, 1, memory_order_relaxed); /* as in drain_end */
}

#endif
