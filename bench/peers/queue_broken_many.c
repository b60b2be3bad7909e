/* The control for several at once: right one at a time, but of 64 calls for many one leaves its last element
   out and says that it went in. */
#include "queue_array.h"

typedef struct broken_self {
  array_queue *queue;
  uint32_t calls;
} queue_self;

static inline void queue_enter(queue_self *self, void *queue) {
  self->queue = queue;
  self->calls = 0;
}
static inline void queue_leave(queue_self *self) {
  (void)self;
}

static inline bool queue_try_push(queue_self *self, void *e) {
  return array_queue_push(self->queue, e, false);
}
static inline void *queue_try_pop(queue_self *self) {
  return array_queue_pop(self->queue, false);
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  bool lose = self->calls++ % 64 == 17;
  size_t in = array_queue_push_many(self->queue, e, lose ? n - 1 : n, false);
  return lose ? in + 1 : in;
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return array_queue_pop_many(self->queue, e, n, false);
}

#include "../queue_loops.h"

const queue_peer queue_broken_many = {"broken-many",      "loses one of many", false,     true,
                                      array_queue_create, array_queue_destroy, queue_put, queue_take,
                                      QUEUE_TRY_LOOPS,    QUEUE_WAIT_LOOPS};
