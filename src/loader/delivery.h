/* The way from the workers to the trainer's threads: a window (sync/window.h) of batches in the order of their
   positions, with what a worker has to say of each, and how it ends.

   At most `size` positions are published and not taken: a worker has taken its batch from a pool of at most so many
   before it takes a number, and the batch of each position goes back to the pool after that has been taken. More
   ends the process. Nothing is allocated after delivery_init. */
#ifndef HEADRACE_LOADER_DELIVERY_H
#define HEADRACE_LOADER_DELIVERY_H

#include "base/fault.h"
#include "headrace/batch.h"
#include "loader/counts.h"
#include "sync/window.h"

typedef struct delivery_entry delivery_entry;

typedef struct delivery {
  window window;
  _Atomic uint64_t *slots; /* the window's */
  delivery_entry *entries; /* one a slot */
  bool stops;              /* at the first batch with a fault, which is left where it is */
  _Atomic bool closed;     /* delivery_close sets it, before it closes the window; takers read it */
  _Atomic int stopped;     /* delivery_stop: RUNNING, STOPPING, STOPPED, see delivery.c */
  fault stop_fault;        /* written while STOPPING, read when STOPPED */
} delivery;

/* What a worker made, and what a taker gets. */
typedef struct delivery_item {
  Batch *batch;
  uint64_t step; /* that it is */
  position_counts counts;
  fault *why; /* what is wrong with it: the maker's, or the taker's, which is written to */
  bool ends;  /* it has a fault after which nothing comes: it stays where it is, as where that `stops` */
} delivery_item;

/* For `total` batches of a pool of at most `size` >= 1, or as many as delivery_end says, which are fewer. stops: nobody gets a batch that has a fault, who would have
   stops it with that. False without memory; delivery_free also then. */
bool delivery_init(delivery *d, uint32_t size, uint64_t total, bool stops);

/* Releases what was published and not taken. Nobody else may use it any more. */
void delivery_free(delivery *d);

/* A position for a worker that does not deliver in order. */
uint64_t delivery_ticket(delivery *d);

/* Gives the item, of which *why is copied, to whoever takes `position`. */
void delivery_publish(delivery *d, uint64_t position, const delivery_item *item);

/* Takes the batch at the head, waiting until deadline. BATCH_OK, BATCH_END, BATCH_CLOSED, the fault that it was
   stopped with, BATCH_TIMEDOUT (BATCH_EMPTY with BATCH_NO_WAIT). *waited_ns: how long it waited.
   taken->why is the caller's. */
batch_status delivery_take(delivery *d, delivery_item *taken, uint64_t deadline, uint64_t *waited_ns);

/* Whether there is something to take: BATCH_OK: nothing yet; BATCH_READY: there is, or was; else what delivery_take
   answers from now on. A polled_look. */
batch_status delivery_look(void *delivery);

/* Says how many batches there are, where they are fewer than delivery_init was told. Who says it before it publishes the last one has
   whoever takes that find the end at once. */
void delivery_end(delivery *d, uint64_t total);

/* Whether there is no batch at the position, as far as has been said. */
bool delivery_is_behind(const delivery *d, uint64_t position);

/* Nobody takes anything any more: BATCH_CLOSED from now on, whatever it was stopped with. */
void delivery_close(delivery *d);

/* Ends with a fault, whose code every later delivery_take answers; the first one counts. */
void delivery_stop(delivery *d, const fault *why);

/* The fault that it was stopped with; NULL before. */
const fault *delivery_stopped(const delivery *d);

/* The smallest step that is published and not taken; UINT64_MAX when there is none. */
uint64_t delivery_least_step(const delivery *d);

/* Batches that are published and not taken, and how many have been taken. */
uint32_t delivery_depth(const delivery *d);
uint64_t delivery_taken(const delivery *d);

#endif
