/* A window on numbered positions: each is published once, in any order, with a handle, and taken once, in
   order. So workers who finish in any order hand over to takers who get what they made in order:

     window_publish(&w, position, handle)                a worker, when it has done the piece of that number
     window_take(&w, look, context, &taken, deadline)    a taker: the next piece

   Who publishes a position sees to it that it is one of the `size` positions from the head on, and that nobody else
   publishes it. It must know by what happened before: something of which there are `size`, taken before the
   position's number is, and given back after the position was taken, does that (the batches of a pool).
   window_publish refuses what it sees to be outside.

   A slot's word is {turn, handle}, as in ring.h: position p lives in slot p mod m, m the power of two >= size,
   in turn p / m; the slot has turn(p) + 1 once p has been published and turn(p) before. Publishers store
   the slot, takers CAS head, nobody does both.

   What belongs to a position besides its handle may lie in an array of m, entry p mod m: written before the
   position is published and read by `look` before it is taken, since it may be written again as soon as
   it has been. What look has read counts if the CAS of head that follows succeeds: then head had not moved.

   Threads:  any number, with every function but window_init.
   Progress: publishing, and taking without waiting, is lock-free. But an order is an order: a position that is
             not published holds up those behind it, which can be published and not taken.

   The pairs of memory orders, beside those of event.h:
     PUBLISH  publish: store of the slot  ->  TAKE  take: load of the slot: what was written before
     PUBLISH, then FIRST (publish: load of head)  and  ADVANCE (take: CAS of head), then NEXT (load of the next slot),
              of which at least one sees the other (store buffering): either the publisher finds its position at the
              head, or who moved the head there finds it published; that one wakes a taker.
     TICKET   ticket: add to tail         ->  TICKET: what the earlier ones know of head
     END      end: store of total         ->  END: load of total in is_behind, asked by next and pass_on: whoever waits is
              told, by who says it or by who then moves the head there */
#ifndef HEADRACE_SYNC_WINDOW_H
#define HEADRACE_SYNC_WINDOW_H

#include "event.h"
#include "handle.h"
#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define WINDOW_TURN_MASK ((UINT64_C(1) << HANDLE_COUNT_BITS) - 1)
#define WINDOW_MAX_SIZE  HANDLE_MAX

typedef enum window_status {
  WINDOW_OK,
  WINDOW_LEFT,  /* a look has said that the position at the head stays */
  WINDOW_EMPTY, /* the position at the head is not published */
  WINDOW_TIMEDOUT,
  WINDOW_END,   /* all positions have been taken */
  WINDOW_CLOSED /* nothing is taken any more */
} window_status;

typedef struct window {
  /* Written by window_init only, but for total. */
  _Alignas(PORT_LINE) _Atomic uint64_t *slots; /* [m] */
  uint64_t mask;                               /* m - 1 */
  uint32_t shift;                              /* log2 m */
  uint32_t size;
  _Atomic uint64_t total; /* the first position that there is not; window_end lowers it, takers read it */
  /* The next position to take; takers CAS it. */
  _Alignas(PORT_LINE) _Atomic uint64_t head;
  /* Tickets of those who publish as they come. */
  _Alignas(PORT_LINE) _Atomic uint64_t tail;
  /* Takers wait on it, for the position at the head. */
  event ready;
  _Atomic bool closed; /* window_close sets it, takers read it */
} window;

typedef struct window_taken {
  uint64_t position;
  uint32_t handle;
} window_taken;

/* Reads what belongs to the position at the head, before it is taken: perhaps several times, and of positions
   that another taker gets. Reads atomics, since then they may be written at the same time. Returns whether to take the
   position; otherwise it stays at the head. */
typedef bool window_look(void *context, uint64_t position);

/* log2 of the slots, 1 <= size <= WINDOW_MAX_SIZE. */
static inline uint32_t window_shift_for(uint32_t size) {
  uint32_t shift = 0;
  while ((UINT64_C(1) << shift) < size) shift++;
  return shift;
}

static inline uint64_t window_turn_of(const window *w, uint64_t position) {
  return (position >> w->shift) & WINDOW_TURN_MASK;
}

static inline uint64_t window_word(uint64_t turn, uint32_t handle) {
  return (turn & WINDOW_TURN_MASK) << HANDLE_BITS | handle;
}

static inline _Atomic uint64_t *window_slot(const window *w, uint64_t position) {
  return &w->slots[position & w->mask];
}

/* Whether word, seen in position's slot, says that position has been published and no later one. */
static inline bool window_is_filled(const window *w, uint64_t position, uint64_t word) {
  return word >> HANDLE_BITS == ((window_turn_of(w, position) + 1) & WINDOW_TURN_MASK);
}

/* Makes a window over slots[1 << window_shift_for(size)] with the positions from `first` (0 but for tests of the
   wrap) to `total`, which window_end may lower, nothing published. Not yet shared, so relaxed will do. */
static inline void window_init(window *w, _Atomic uint64_t *slots, uint32_t size, uint64_t first,
                               uint64_t total) {
  w->slots = slots;
  w->shift = window_shift_for(size);
  w->mask = (UINT64_C(1) << w->shift) - 1;
  w->size = size;
  atomic_store_explicit(&w->total, total, memory_order_relaxed);
  for (uint64_t p = first; p != first + w->mask + 1; p++)
    atomic_store_explicit(window_slot(w, p), window_word(window_turn_of(w, p), 0), memory_order_relaxed);
  atomic_store_explicit(&w->head, first, memory_order_relaxed);
  atomic_store_explicit(&w->tail, first, memory_order_relaxed);
  atomic_store_explicit(&w->closed, false, memory_order_relaxed);
  event_init(&w->ready);
}

/* A position for whoever publishes in no order of its own, one after the other. */
static inline uint64_t window_ticket(window *w) {
  /* TICKET: acq_rel; pairs with itself. Who had an earlier one may know of takes by which this position is inside,
     as window_publish must see. */
  return atomic_fetch_add_explicit(&w->tail, 1, memory_order_acq_rel);
}

/* Whether the position is not one of those that there are, as far as has been said. */
static inline bool window_is_behind(const window *w, uint64_t position) {
  /* END: seq_cst; pairs with the store in window_end, as event.h's NOTICE. */
  return position >= atomic_load_explicit(&w->total, memory_order_seq_cst);
}

/* Gives the handle, which is not 0, to whoever takes the position. False, and nothing is done: that is not one of
   the `size` positions from the head on. */
static inline bool window_publish(window *w, uint64_t position, uint32_t handle) {
  /* relaxed: what the caller must know of head has happened before; an earlier head errs toward refusing. */
  if (position - atomic_load_explicit(&w->head, memory_order_relaxed) >= w->size) return false;
  /* PUBLISH: seq_cst; pairs with TAKE in window_next and with NEXT in window_pass_on. */
  atomic_store_explicit(window_slot(w, position), window_word(window_turn_of(w, position) + 1, handle),
                        memory_order_seq_cst);
  /* FIRST: seq_cst; pairs with ADVANCE in window_try. */
  if (atomic_load_explicit(&w->head, memory_order_seq_cst) == position) event_notify(&w->ready, 1);
  return true;
}

/* What there is to take: WINDOW_OK, with the position at the head and its word, or an earlier one which another
   taker may have got; WINDOW_EMPTY, WINDOW_END or WINDOW_CLOSED. */
static inline window_status window_next(const window *w, uint64_t *head, uint64_t *word) {
  /* seq_cst: pairs with the store in window_close, as event.h has it. */
  if (atomic_load_explicit(&w->closed, memory_order_seq_cst)) return WINDOW_CLOSED;
  do {
    /* relaxed: an earlier head is of a position that has been published, so its slot or the CAS says that it has
       moved. */
    *head = atomic_load_explicit(&w->head, memory_order_relaxed);
    if (window_is_behind(w, *head)) return WINDOW_END;
    /* TAKE: seq_cst; pairs with PUBLISH in window_publish. EMPTY is decided here, see event.h. */
    *word = atomic_load_explicit(window_slot(w, *head), memory_order_seq_cst);
    if (*word >> HANDLE_BITS == window_turn_of(w, *head)) return WINDOW_EMPTY;
  } while (!window_is_filled(w, *head, *word));
  return WINDOW_OK;
}

/* Takes the position at the head: WINDOW_OK, WINDOW_LEFT (it stays: so look has said), WINDOW_EMPTY, WINDOW_END or
   WINDOW_CLOSED. */
static inline window_status window_try(window *w, window_look *look, void *context, window_taken *taken) {
  uint64_t head, word;
  for (;;) {
    window_status status = window_next(w, &head, &word);
    if (status != WINDOW_OK) return status;
    bool wanted = look(context, head);
    taken->position = head;
    taken->handle = handle_of(word);
    /* ADVANCE: seq_cst; pairs with FIRST in window_publish. Who leaves the position there writes head as it is: so what
       look has read was that position's. relaxed: after a failure head is read afresh. */
    if (atomic_compare_exchange_strong_explicit(&w->head, &head, head + wanted, memory_order_seq_cst,
                                                memory_order_relaxed))
      return wanted ? WINDOW_OK : WINDOW_LEFT;
  }
}

/* Whoever moved the head passes the news on: the next position may have been published before, and the end
   concerns everyone. */
static inline void window_pass_on(window *w, uint64_t next) {
  if (window_is_behind(w, next)) {
    event_notify_all(&w->ready);
    return;
  }
  /* NEXT: seq_cst; pairs with PUBLISH in window_publish. */
  uint64_t word = atomic_load_explicit(window_slot(w, next), memory_order_seq_cst);
  if (window_is_filled(w, next, word)) event_notify(&w->ready, 1);
}

typedef struct window_attempt {
  window *window;
  window_look *look;
  void *context;
  window_taken *taken;
  window_status status;
} window_attempt;

static inline bool window_retry(void *attempt) {
  window_attempt *a = attempt;
  a->status = window_try(a->window, a->look, a->context, a->taken);
  return a->status != WINDOW_EMPTY;
}

/* Takes the position at the head, waiting while it is not published until the deadline (as event_wait; 0: not at
   all, then WINDOW_EMPTY). WINDOW_OK, WINDOW_LEFT, WINDOW_EMPTY, WINDOW_TIMEDOUT, WINDOW_END or WINDOW_CLOSED. Who
   leaves a position closes the window: nobody else is woken for it. */
static inline window_status window_take(window *w, window_look *look, void *context, window_taken *taken,
                                        uint64_t deadline) {
  window_attempt a = {w, look, context, taken, WINDOW_EMPTY};
  if (!window_retry(&a) && deadline > 0 && !event_wait(&w->ready, window_retry, &a, deadline))
    a.status = WINDOW_TIMEDOUT;
  if (a.status == WINDOW_OK) window_pass_on(w, taken->position + 1);
  return a.status;
}

/* Nobody takes anything any more; what is published may still be, and stays. */
static inline void window_close(window *w) {
  /* seq_cst: pairs with the load in window_next, as event.h's NOTICE. */
  atomic_store_explicit(&w->closed, true, memory_order_seq_cst);
  event_notify_all(&w->ready);
}

/* Says that the positions from `total` on are none: no one of them is ever published. Of a window that was made for
   more of them; whoever says it says the same. */
static inline void window_end(window *w, uint64_t total) {
  /* END: seq_cst; pairs with the load in window_is_behind. */
  atomic_store_explicit(&w->total, total, memory_order_seq_cst);
  event_notify_all(&w->ready);
}

/* relaxed: the head when it was read, or an earlier one; not before what has happened before. */
static inline uint64_t window_head(const window *w) {
  return atomic_load_explicit(&w->head, memory_order_relaxed);
}

/* The handle that is published at the position, taken or not; 0: none yet, or one a lap later. */
static inline uint32_t window_at(const window *w, uint64_t position) {
  /* acquire: pairs with PUBLISH: who sees it published sees what was written before. */
  uint64_t word = atomic_load_explicit(window_slot(w, position), memory_order_acquire);
  return window_is_filled(w, position, word) ? handle_of(word) : 0;
}

/* Positions that are published and not taken: what changes meanwhile is counted or not. */
static inline uint32_t window_depth(const window *w) {
  uint64_t head = window_head(w);
  uint32_t depth = 0;
  for (uint32_t i = 0; i < w->size; i++) depth += window_at(w, head + i) != 0;
  return depth;
}

#endif
