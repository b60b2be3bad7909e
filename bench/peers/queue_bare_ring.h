/* The ring inside our queue, without batches and shared library, for two adaptors: with NOTIFY(event, n)
   empty, and with the notifications that let others wait. The difference between the two is what waiting
   costs when nobody waits; the difference to "headrace" is what the public functions add. */
#ifndef BENCH_QUEUE_BARE_RING_H
#define BENCH_QUEUE_BARE_RING_H

#include "../queue_peer.h"

#include <headrace/batch.h>
#include <stdlib.h>

#include "sync/event.h"
#include "sync/line.h"
#include "sync/ring.h"

typedef struct bare_queue {
  ring ring;
  event not_empty, not_full;
  _Alignas(PORT_LINE) _Atomic uint64_t slots[];
} bare_queue;

static group_store groups = GROUP_STORE_INIT;

QUEUE_SELF_IS(bare_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  if (ring_push(&(*self)->ring, (uint32_t)((Batch *)e)->batch_id) != RING_OK) return false;
  NOTIFY(&(*self)->not_empty, 1);
  return true;
}
static inline void *queue_try_pop(queue_self *self) {
  uint32_t handle;
  if (ring_pop(&(*self)->ring, &handle) != RING_OK) return NULL;
  NOTIFY(&(*self)->not_full, 1);
  return queue_element_of[handle];
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  uint32_t handles[BENCH_MANY], in;
  for (size_t i = 0; i < n; i++) handles[i] = (uint32_t)((Batch *)e[i])->batch_id;
  if (ring_push_many(&(*self)->ring, handles, (uint32_t)n, &in) != RING_OK) return 0;
  NOTIFY(&(*self)->not_empty, in);
  return in;
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  uint32_t handles[BENCH_MANY], out;
  if (ring_pop_many(&(*self)->ring, handles, (uint32_t)n, &out) != RING_OK) return 0;
  for (uint32_t i = 0; i < out; i++) e[i] = queue_element_of[handles[i]];
  NOTIFY(&(*self)->not_full, out);
  return out;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  size_t slots = (size_t)1 << ring_shift_for(capacity);
  size_t bytes = sizeof(bare_queue) + slots * sizeof(uint64_t);
  bare_queue *q = line_alloc(bytes);
  if (q == NULL) return NULL;
  ring_init(&q->ring, q->slots, capacity, 0, &groups);
  event_init(&q->not_empty);
  event_init(&q->not_full);
  return q;
}

#endif
