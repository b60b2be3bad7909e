/* A bounded ring of 24-bit handles for any number of producers and consumers: lock-free in the
   strict sense, of exact capacity, linearizable with its closing, one read-modify-write an
   operation. docs/ring.md explains why it is right.

   A slot's word is {turn, handle}. Position p lives in slot p mod m in turn p / m; the slot has
   turn(p) + 1 once it has been filled for p and turn(p) before. Producers CAS the slot, consumers
   CAS head, nobody does both. tail_hint is some position <= the first unfilled one: a hint that is
   stored, never CASed. A slot that holds RING_CLOSED_HANDLE ends the ring: nothing goes past it.

   The pairs of memory orders (docs/verification.md: what breaks without each of them):
     PUBLISH  push: CAS of the slot          -> TAKE   pop, peek: load of the slot: the element's bytes
     TAKEN    pop: CAS of head               -> ROOM   push: load of head: the slot may be filled again
     PASS_ON  push: store of cached_head     -> LEARN  push: load of cached_head: what is before it is gone
     HINT     push: store of tail_hint       -> START  push, size: load of tail_hint: all before it is filled
   PUBLISH, TAKE, TAKEN and ROOM are seq_cst because FULL and EMPTY are decided by reading one index
   after writing another (store buffering): with acquire and release two threads can get both
   answers where no order of events explains both. */
#ifndef HEADRACE_SYNC_RING_H
#define HEADRACE_SYNC_RING_H

#include "handle.h"
#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef RING_TURN_BITS
#define RING_TURN_BITS HANDLE_COUNT_BITS
#endif

#define RING_TURN_MASK     ((UINT64_C(1) << RING_TURN_BITS) - 1)
#define RING_CLOSED_HANDLE HANDLE_END
#define RING_MAX_CAPACITY  HANDLE_END /* more slots would leave fewer turns than RING_TURN_BITS */

/* RING_NO_MEMORY is of ring_list.h, RING_FREED of peek. */
typedef enum ring_status {
  RING_OK,
  RING_FULL,
  RING_EMPTY,
  RING_CLOSED,
  RING_FREED,
  RING_NO_MEMORY
} ring_status;

typedef struct ring {
  /* Written by ring_init only. */
  _Alignas(PORT_LINE) _Atomic uint64_t *slots; /* [m], m a power of two >= capacity + 1 */
  uint64_t mask;                               /* m - 1 */
  uint32_t shift;                              /* log2 m */
  uint32_t capacity;
  /* The next position to take; consumers CAS it. */
  _Alignas(PORT_LINE) _Atomic uint64_t head;
  /* Producers store both: a position <= the first unfilled one, and some earlier value of head. */
  _Alignas(PORT_LINE) _Atomic uint64_t tail_hint;
  _Atomic uint64_t cached_head;
} ring;

/* log2 of the slots that a capacity takes: one more than it is always free for the closing mark. */
static inline uint32_t ring_shift_for(uint32_t capacity) {
  uint32_t shift = 1;
  while ((UINT64_C(1) << shift) < (uint64_t)capacity + 1) shift++;
  return shift;
}

static inline uint64_t ring_handle(uint64_t word) {
  return handle_of(word);
}

static inline uint64_t ring_turn(uint64_t word) {
  return (word >> HANDLE_BITS) & RING_TURN_MASK;
}

static inline uint64_t ring_turn_of(const ring *r, uint64_t position) {
  return (position >> r->shift) & RING_TURN_MASK;
}

static inline uint64_t ring_word(uint64_t turn, uint64_t handle) {
  return (turn & RING_TURN_MASK) << HANDLE_BITS | handle;
}

static inline _Atomic uint64_t *ring_slot(const ring *r, uint64_t position) {
  return &r->slots[position & r->mask];
}

/* Whether word, seen in position's slot, says that position has been filled and no later one. */
static inline bool ring_is_filled(const ring *r, uint64_t position, uint64_t word) {
  return ring_turn(word) == ((ring_turn_of(r, position) + 1) & RING_TURN_MASK);
}

/* Makes an empty ring over slots[1 << ring_shift_for(capacity)], 1 <= capacity <= RING_MAX_CAPACITY.
   first_turn is 0 but for tests of the wrap. Not yet shared, so relaxed will do. */
static inline void ring_init(ring *r, _Atomic uint64_t *slots, uint32_t capacity, uint64_t first_turn) {
  r->slots = slots;
  r->shift = ring_shift_for(capacity);
  r->mask = (UINT64_C(1) << r->shift) - 1;
  r->capacity = capacity;
  for (uint64_t i = 0; i <= r->mask; i++)
    atomic_store_explicit(&slots[i], ring_word(first_turn, 0), memory_order_relaxed);
  atomic_store_explicit(&r->head, first_turn << r->shift, memory_order_relaxed);
  atomic_store_explicit(&r->tail_hint, first_turn << r->shift, memory_order_relaxed);
  atomic_store_explicit(&r->cached_head, first_turn << r->shift, memory_order_relaxed);
}

/* How far to step from position, whose slot was seen filled in a later turn, to one that may be
   unfilled: past every position that this slot has been filled for. */
static inline uint64_t ring_step(const ring *r, uint64_t position, uint64_t word) {
  uint64_t laps = (ring_turn(word) - ring_turn_of(r, position) - 1) & RING_TURN_MASK;
  return (laps << r->shift) + 1;
}

/* Whether head, which it leaves in *head, shows that capacity elements are inside when the tail is at position. */
static inline bool ring_is_full_at(const ring *r, uint64_t position, uint64_t *head) {
  /* ROOM: seq_cst; pairs with TAKEN in ring_pop. FULL linearizes here. */
  *head = atomic_load_explicit(&r->head, memory_order_seq_cst);
  return (int64_t)(position - *head) >= (int64_t)r->capacity;
}

/* The same for who pushes: looks at head only when the cached one leaves no room, and brings that up to date. */
static inline bool ring_has_no_room(ring *r, uint64_t position) {
  /* LEARN: acquire; pairs with PASS_ON below. An earlier head errs toward FULL, which is read afresh;
     who learns of room here must find gone what was before it, as who reads head itself does. */
  uint64_t head = atomic_load_explicit(&r->cached_head, memory_order_acquire);
  if ((int64_t)(position - head) < (int64_t)r->capacity) return false;
  if (ring_is_full_at(r, position, &head)) return true;
  /* PASS_ON: release; pairs with LEARN above: what this thread knows of the pops before head. */
  atomic_store_explicit(&r->cached_head, head, memory_order_release);
  return false;
}

/* Moves the hint forward. Going back would be right too, and cost probes: so no RMW. */
static inline void ring_raise_hint(ring *r, uint64_t position) {
  uint64_t hint = atomic_load_explicit(&r->tail_hint, memory_order_relaxed);
  /* HINT: release; pairs with START: who starts here knows that all before is filled. */
  if ((int64_t)(position - hint) > 0) atomic_store_explicit(&r->tail_hint, position, memory_order_release);
}

/* Fills the first unfilled position; for the closing mark a full ring has room too. */
static inline ring_status ring_append(ring *r, uint64_t handle, bool closing) {
  unsigned ceiling = 0;
  /* START: acquire; pairs with HINT in ring_raise_hint. */
  uint64_t t = atomic_load_explicit(&r->tail_hint, memory_order_acquire);
  /* seq_cst: it decides, with ROOM, that the ring is full at t. */
  uint64_t seen = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
  for (;;) {
    if (ring_handle(seen) == RING_CLOSED_HANDLE) return RING_CLOSED;
    if (ring_turn(seen) != ring_turn_of(r, t)) {
      t += ring_step(r, t, seen);
      seen = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
      continue;
    }
    if (!closing && ring_has_no_room(r, t)) return RING_FULL;
    /* PUBLISH: seq_cst; pairs with TAKE in ring_pop. OK linearizes here; failing reloads seen,
       which is then of another turn. */
    if (atomic_compare_exchange_strong_explicit(ring_slot(r, t), &seen,
                                                ring_word(ring_turn_of(r, t) + 1, handle),
                                                memory_order_seq_cst, memory_order_seq_cst))
      break;
    port_backoff(&ceiling);
  }
  if (closing) return RING_OK; /* the hint must not lead past the mark */
  ring_raise_hint(r, t + 1);
  if ((t & 7) == 0) port_prefetch_for_write(ring_slot(r, t + 8));
  return RING_OK;
}

/* Appends handle, which is neither 0 nor RING_CLOSED_HANDLE: RING_OK, RING_FULL or RING_CLOSED. */
static inline ring_status ring_push(ring *r, uint32_t handle) {
  return ring_append(r, handle, false);
}

/* Ends the ring: RING_OK the first time, RING_CLOSED after. What was pushed before can be popped. */
static inline ring_status ring_close(ring *r) {
  return ring_append(r, RING_CLOSED_HANDLE, true);
}

/* Takes the oldest handle: RING_OK, RING_EMPTY or RING_CLOSED (and drained). */
static inline ring_status ring_pop(ring *r, uint32_t *handle) {
  unsigned ceiling = 0;
  /* seq_cst, here and on the CAS: EMPTY is decided by the slot after the index. */
  uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  for (;;) {
    /* TAKE: seq_cst; pairs with PUBLISH in ring_append. EMPTY and CLOSED linearize here. */
    uint64_t word = atomic_load_explicit(ring_slot(r, h), memory_order_seq_cst);
    if (ring_turn(word) == ring_turn_of(r, h)) return RING_EMPTY;
    if (!ring_is_filled(r, h, word)) {
      h = atomic_load_explicit(&r->head, memory_order_seq_cst);
      continue;
    }
    if (ring_handle(word) == RING_CLOSED_HANDLE) return RING_CLOSED;
    /* TAKEN: seq_cst; pairs with ROOM in ring_is_full_at. A failure may be relaxed: after backing off
       head is read afresh. */
    if (atomic_compare_exchange_strong_explicit(&r->head, &h, h + 1, memory_order_seq_cst,
                                                memory_order_relaxed)) {
      *handle = (uint32_t)ring_handle(word);
      return RING_OK;
    }
    port_backoff(&ceiling);
    h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  }
}

/* Takes 1 to k consecutive handles in one step, *taken of them: RING_OK, else as ring_pop with
   *taken 0. Fewer than k does not mean that the ring was empty. k >= 1. */
static inline ring_status ring_pop_many(ring *r, uint32_t *handles, uint32_t k, uint32_t *taken) {
  unsigned ceiling = 0;
  *taken = 0;
  uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  for (;;) {
    uint32_t got = 0;
    uint64_t word = 0;
    while (got < k) {
      /* TAKE: as in ring_pop. */
      word = atomic_load_explicit(ring_slot(r, h + got), memory_order_seq_cst);
      if (!ring_is_filled(r, h + got, word) || ring_handle(word) == RING_CLOSED_HANDLE) break;
      handles[got++] = (uint32_t)ring_handle(word);
    }
    if (got == 0) {
      if (ring_is_filled(r, h, word)) return RING_CLOSED;
      if (ring_turn(word) == ring_turn_of(r, h)) return RING_EMPTY;
      h = atomic_load_explicit(&r->head, memory_order_seq_cst);
      continue;
    }
    /* TAKEN: as in ring_pop. */
    if (atomic_compare_exchange_strong_explicit(&r->head, &h, h + got, memory_order_seq_cst,
                                                memory_order_relaxed)) {
      *taken = got;
      return RING_OK;
    }
    port_backoff(&ceiling);
    h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  }
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
    /* TAKE: as in ring_pop. */
    uint64_t word = atomic_load_explicit(ring_slot(r, h), memory_order_seq_cst);
    if (ring_turn(word) == ring_turn_of(r, h)) return RING_EMPTY;
    bool filled = ring_is_filled(r, h, word);
    if (filled && ring_handle(word) == RING_CLOSED_HANDLE) return RING_CLOSED;
    bool retained = filled && try_retain((uint32_t)ring_handle(word));
    /* seq_cst: head still at h means that the element was inside all along. */
    uint64_t now = atomic_load_explicit(&r->head, memory_order_seq_cst);
    if (filled && now == h) {
      *handle = (uint32_t)ring_handle(word);
      return retained ? RING_OK : RING_FREED;
    }
    if (retained) drop((uint32_t)ring_handle(word));
    h = now;
  }
}

/* The first position that is not filled with an element at some instant of the call: the tail. */
static inline uint64_t ring_tail(const ring *r, bool *closed) {
  /* START: acquire; pairs with HINT in ring_raise_hint. */
  uint64_t t = atomic_load_explicit(&r->tail_hint, memory_order_acquire);
  for (;;) {
    uint64_t word = atomic_load_explicit(ring_slot(r, t), memory_order_seq_cst);
    *closed = ring_handle(word) == RING_CLOSED_HANDLE;
    if (*closed) return t + ring_step(r, t, word) - 1;
    if (ring_turn(word) == ring_turn_of(r, t)) return t;
    t += ring_step(r, t, word);
  }
}

/* How many elements are inside: exact when nothing else runs, within [0, capacity] always. */
static inline uint32_t ring_size(const ring *r) {
  bool closed;
  uint64_t tail = ring_tail(r, &closed);
  int64_t size = (int64_t)(tail - atomic_load_explicit(&r->head, memory_order_seq_cst));
  if (size < 0) return 0;
  return size > (int64_t)r->capacity ? r->capacity : (uint32_t)size;
}

/* Whether nothing is inside, closed or not: decided as ring_pop decides EMPTY and CLOSED. */
static inline bool ring_is_empty(const ring *r) {
  uint64_t h = atomic_load_explicit(&r->head, memory_order_seq_cst);
  for (;;) {
    /* TAKE: as in ring_pop. */
    uint64_t word = atomic_load_explicit(ring_slot(r, h), memory_order_seq_cst);
    if (ring_turn(word) == ring_turn_of(r, h)) return true;
    bool filled = ring_is_filled(r, h, word);
    if (filled && ring_handle(word) == RING_CLOSED_HANDLE) return true;
    uint64_t now = atomic_load_explicit(&r->head, memory_order_seq_cst);
    if (now == h) return false;
    h = now;
  }
}

/* Whether capacity elements are inside: decided as ring_push decides FULL. */
static inline bool ring_is_full(const ring *r) {
  bool closed;
  uint64_t head;
  return ring_is_full_at(r, ring_tail(r, &closed), &head);
}

static inline bool ring_is_closed(const ring *r) {
  bool closed;
  ring_tail(r, &closed);
  return closed;
}

#endif
