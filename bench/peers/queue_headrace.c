/* Our own queue, as a user has it: the public functions of the shared library. */
#include "../queue_peer.h"

#include <headrace/queue.h>

QUEUE_SELF_IS(BatchQueue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return batch_queue_try_enqueue(*self, (Batch *)e);
}
static inline void *queue_try_pop(queue_self *self) {
  return batch_queue_try_dequeue(*self);
}

#define QUEUE_WAITS
static inline void queue_push(queue_self *self, void *e) {
  (void)batch_queue_enqueue(*self, (Batch *)e);
}
static inline void *queue_pop(queue_self *self) {
  return batch_queue_dequeue(*self);
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return batch_queue_enqueue_many(*self, (Batch *const *)e, n);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return batch_queue_dequeue_many(*self, (Batch **)e, n);
}
static inline void queue_push_many(queue_self *self, void *const *e, size_t n) {
  (void)batch_queue_enqueue_many_wait(*self, (Batch *const *)e, n);
}
static inline size_t queue_pop_many(queue_self *self, void **e, size_t n) {
  return batch_queue_dequeue_many_wait(*self, (Batch **)e, n);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return batch_queue_create(capacity);
}
static void destroy(void *queue) {
  batch_queue_free(queue);
}

const queue_peer queue_headrace = {
    "headrace", NULL, true, true, create, destroy, queue_put, queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
