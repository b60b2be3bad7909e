/* The window between workers and trainer: numbered positions, delivered in order. A worker
   publishes a batch at its position, in any order; a taker gets the batch at the head position.

   At most `size` positions are published and not yet taken, since every position has a batch of
   a pool of `size`; so no slot is written while the position before it in the same slot can still be
   taken. But as soon as that has been taken: so takers read a slot before their CAS of head, which
   fails if it was not theirs.

   The pairs of memory orders, beside those of event.h:
     PUBLISH  publish: seq_cst exchange of turn, then the seq_cst load of head
     ADVANCE  take: seq_cst CAS of head, then the seq_cst load of the next slot's turn
   of which at least one sees the other (store buffering): either the publisher finds its position
   at the head, or who moved the head there finds it published; that one wakes a taker. Whoever
   reads a turn by PUBLISH sees the batch behind it. */
#ifndef HEADRACE_SYNC_WINDOW_H
#define HEADRACE_SYNC_WINDOW_H

#include "base/fault.h"
#include "headrace/batch.h"
#include "sync/event.h"

/* Written by the publisher, read by takers, and by window_least_step. */
typedef struct window_slot {
  _Atomic uint64_t turn; /* position + 1 once that is published */
  _Atomic(Batch *) batch;
  _Atomic(fault *) why;    /* what is wrong with it; NULL: nothing, or no memory to say it */
  _Atomic uint64_t tokens; /* in it */
  _Atomic uint64_t step;   /* that it is */
} window_slot;

typedef struct window {
  _Alignas(PORT_LINE) _Atomic uint64_t head; /* the next position to take; takers CAS it */
  _Alignas(PORT_LINE) _Atomic uint64_t tail; /* tickets of those who publish as they come */
  _Alignas(PORT_LINE) event ready;
  uint64_t total;      /* positions there will be */
  _Atomic bool closed; /* window_close sets it, takers read */
  _Atomic int stopped; /* window_stop: RUNNING, STOPPING, STOPPED, see window.c */
  fault stop_fault;    /* written while STOPPING, read when STOPPED */
  uint64_t stop_step;  /* the same: the step that had it */
  uint32_t size;
  window_slot *slots; /* [size] */
} window;

/* What a worker made, and what a taker gets. */
typedef struct window_item {
  Batch *batch;
  fault *why; /* from malloc; whoever has the item frees it */
  uint64_t tokens;
  uint64_t step;
} window_item;

/* size >= 1. False without memory; window_free also then. */
bool window_init(window *w, uint32_t size, uint64_t total);

/* Releases what was published and not taken. Nobody else may use the window any more. */
void window_free(window *w);

/* A position for a worker that does not deliver in order. */
uint64_t window_ticket(window *w);

/* Gives the item to whoever takes `position`. */
void window_publish(window *w, uint64_t position, const window_item *item);

/* Takes the batch at the head, waiting until deadline. BATCH_OK, BATCH_END, BATCH_CLOSED, the
   fault that stopped the window, BATCH_TIMEDOUT (BATCH_EMPTY with BATCH_NO_WAIT). *waited_ns: how
   long it waited. */
batch_status window_take(window *w, window_item *taken, uint64_t deadline, uint64_t *waited_ns);

/* Nobody takes anything any more. */
void window_close(window *w);

/* Ends with the fault of a step, which every later window_take answers; the first one counts. */
void window_stop(window *w, uint64_t step, const fault *why);

/* The fault that the window ended with; NULL before. */
const fault *window_stopped(const window *w);

/* The smallest step that is published and not taken, or that the window ended with; UINT64_MAX when
   there is none. */
uint64_t window_least_step(const window *w);

/* Positions that are published and not taken, and the head position. */
uint32_t window_depth(const window *w);
uint64_t window_head(const window *w);

#endif
