/* A queue of 24-bit handles: a ring, of exact capacity, or a list of rings, without a limit. Which of the two it
   is, is decided when it is made. What both promise, and why, is in ring.h and ring_list.h; the answers are those of
   ring.h. */
#ifndef HEADRACE_SYNC_HANDLE_QUEUE_H
#define HEADRACE_SYNC_HANDLE_QUEUE_H

#include "sync/ring_list.h"

#include <stddef.h>

typedef struct handle_queue {
  ring ring;      /* without slots: there is no limit. With them, they follow in memory */
  ring_list list; /* used only without a limit */
} handle_queue;

static inline bool handle_queue_is_bounded(const handle_queue *q) {
  return q->ring.slots;
}

/* What a queue of that capacity takes in memory, itself included. */
static inline size_t handle_queue_bytes(uint32_t capacity) {
  return sizeof(handle_queue) + (capacity ? sizeof(uint64_t) << ring_shift_for(capacity) : 0);
}

/* Makes an empty queue in handle_queue_bytes(capacity) bytes, on a line, of 1 to RING_MAX_CAPACITY handles, or 0: as
   many as there is memory for; with the store of ring_init. Returns 0, or the errno of what the system did not give to one without a limit. */
static inline int handle_queue_init(handle_queue *q, uint32_t capacity, group_store *groups) {
  q->ring.slots = NULL;
  if (capacity == 0) return ring_list_init(&q->list, groups);
  ring_init(&q->ring, (_Atomic uint64_t *)(q + 1), capacity, 0, groups);
  return 0;
}

/* Gives back what handle_queue_init took; nobody may use the queue any more. What is inside is forgotten. */
static inline void handle_queue_destroy(handle_queue *q) {
  if (!handle_queue_is_bounded(q)) ring_list_destroy(&q->list);
}

/* Without a limit RING_NO_MEMORY takes the place of RING_FULL. */
static inline ring_status handle_queue_push(handle_queue *q, uint32_t handle) {
  return handle_queue_is_bounded(q) ? ring_push(&q->ring, handle) : ring_list_push(&q->list, handle);
}

static inline ring_status handle_queue_push_many(handle_queue *q, const uint32_t *handles, uint32_t k,
                                                 uint32_t *pushed) {
  return handle_queue_is_bounded(q) ? ring_push_many(&q->ring, handles, k, pushed)
                                    : ring_list_push_many(&q->list, handles, k, pushed);
}

static inline ring_status handle_queue_pop(handle_queue *q, uint32_t *handle) {
  return handle_queue_is_bounded(q) ? ring_pop(&q->ring, handle) : ring_list_pop(&q->list, handle);
}

static inline ring_status handle_queue_pop_many(handle_queue *q, uint32_t *handles, uint32_t k,
                                                uint32_t *taken) {
  return handle_queue_is_bounded(q) ? ring_pop_many(&q->ring, handles, k, taken)
                                    : ring_list_pop_many(&q->list, handles, k, taken);
}

static inline ring_status handle_queue_peek(handle_queue *q, ring_try_retain *try_retain, ring_drop *drop,
                                            uint32_t *handle) {
  return handle_queue_is_bounded(q) ? ring_peek(&q->ring, try_retain, drop, handle)
                                    : ring_list_peek(&q->list, try_retain, drop, handle);
}

static inline void handle_queue_close(handle_queue *q) {
  if (handle_queue_is_bounded(q))
    ring_close(&q->ring);
  else
    ring_list_close(&q->list);
}

static inline bool handle_queue_is_closed(const handle_queue *q) {
  return handle_queue_is_bounded(q) ? ring_is_closed(&q->ring) : ring_list_is_closed(&q->list);
}

static inline bool handle_queue_is_empty(const handle_queue *q) {
  return handle_queue_is_bounded(q) ? ring_is_empty(&q->ring) : ring_list_is_empty(&q->list);
}

static inline bool handle_queue_is_full(const handle_queue *q) {
  return handle_queue_is_bounded(q) && ring_is_full(&q->ring);
}

static inline uint32_t handle_queue_size(const handle_queue *q) {
  return handle_queue_is_bounded(q) ? ring_size(&q->ring) : ring_list_size(&q->list);
}

/* How many it holds at most; 0: there is no limit. */
static inline uint32_t handle_queue_capacity(const handle_queue *q) {
  return handle_queue_is_bounded(q) ? q->ring.capacity : 0;
}

/* Of a bounded queue: handles are numbered as they enter, modulo a number that ring_distance knows; the next one to
   leave has the ring's ring_head_position. Returns the number that the next one to enter gets. */
static inline uint64_t handle_queue_tail(const handle_queue *q) {
  bool closed;
  return ring_tail(&q->ring, &closed);
}

#endif
