/* The control for exactness: nothing is lost, but one push in 64 is told that a queue with room is full, and one pop in
   64 that one with elements is empty; never a first pop, which is all that emptying the queue in the end does. */
#include "queue_array.h"

typedef struct broken_self {
  array_queue *queue;
  uint32_t pushes, pops;
} queue_self;

static inline void queue_enter(queue_self *self, void *queue) {
  *self = (queue_self){.queue = queue};
}
static inline void queue_leave(queue_self *self) {
  (void)self;
}

static inline bool queue_try_push(queue_self *self, void *e) {
  return ++self->pushes % 64 != 1 && array_queue_push(self->queue, e, false);
}
static inline void *queue_try_pop(queue_self *self) {
  return ++self->pops % 64 == 49 ? NULL : array_queue_pop(self->queue, false);
}

#include "../queue_loops.h"

const queue_peer queue_broken_lies = {"broken-lies",
                                      "says full and empty when it is not",
                                      false,
                                      true,
                                      array_queue_create,
                                      array_queue_destroy,
                                      queue_put,
                                      queue_take,
                                      QUEUE_TRY_LOOPS,
                                      QUEUE_WAIT_LOOPS};
