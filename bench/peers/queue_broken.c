/* The control: a queue that loses one push in 64 and doubles one in 64, so that whoever checks what came
   out against what went in must object. (Counts alone: see queue_broken_sum.c.) */
#include "queue_array.h"

typedef struct broken_self {
  array_queue *queue;
  uint32_t pushes;
} queue_self;

static inline void queue_enter(queue_self *self, void *queue) {
  self->queue = queue;
  self->pushes = 0;
}
static inline void queue_leave(queue_self *self) {
  (void)self;
}

static inline bool queue_try_push(queue_self *self, void *e) {
  uint32_t push = ++self->pushes;
  if (push % 64 == 17) return true;
  if (push % 64 == 49) (void)array_queue_push(self->queue, e, false);
  return array_queue_push(self->queue, e, false);
}
static inline void *queue_try_pop(queue_self *self) {
  return array_queue_pop(self->queue, false);
}

#include "../queue_loops.h"

const queue_peer queue_broken = {"broken",
                                 "loses and doubles elements",
                                 false,
                                 true,
                                 array_queue_create,
                                 array_queue_destroy,
                                 queue_put,
                                 queue_take,
                                 QUEUE_TRY_LOOPS,
                                 QUEUE_WAIT_LOOPS};
