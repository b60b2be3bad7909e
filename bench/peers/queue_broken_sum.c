/* The second control: a queue that now and then hands out the element before again instead of the
   right one, so that only the sum tells, never the count. */
#include "queue_array.h"

typedef struct broken_self {
  array_queue *queue;
  void *before;
  uint32_t pushes;
} queue_self;

static inline void queue_enter(queue_self *self, void *queue) {
  self->queue = queue;
  self->before = NULL;
  self->pushes = 0;
}
static inline void queue_leave(queue_self *self) {
  (void)self;
}

static inline bool queue_try_push(queue_self *self, void *e) {
  bool swap = self->before != NULL && self->pushes % 64 == 17;
  if (!array_queue_push(self->queue, swap ? self->before : e, false)) return false;
  self->before = e;
  self->pushes++;
  return true;
}
static inline void *queue_try_pop(queue_self *self) {
  return array_queue_pop(self->queue, false);
}

#include "../queue_loops.h"

const queue_peer queue_broken_sum = {"broken-sum",       "swaps elements",    false,     true,
                                     array_queue_create, array_queue_destroy, queue_put, queue_take,
                                     QUEUE_TRY_LOOPS,    QUEUE_WAIT_LOOPS};
