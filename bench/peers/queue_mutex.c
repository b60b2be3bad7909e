/* The design that our queue replaces: an array, a mutex and two condition variables. */
#include "queue_array.h"

QUEUE_SELF_IS(array_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return array_queue_push(*self, e, false);
}
static inline void *queue_try_pop(queue_self *self) {
  return array_queue_pop(*self, false);
}

#define QUEUE_WAITS
static inline void queue_push(queue_self *self, void *e) {
  (void)array_queue_push(*self, e, true);
}
static inline void *queue_pop(queue_self *self) {
  return array_queue_pop(*self, true);
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return array_queue_push_many(*self, e, n, false);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return array_queue_pop_many(*self, e, n, false);
}
static inline void queue_push_many(queue_self *self, void *const *e, size_t n) {
  (void)array_queue_push_many(*self, e, n, true);
}
static inline size_t queue_pop_many(queue_self *self, void **e, size_t n) {
  return array_queue_pop_many(*self, e, n, true);
}

#include "../queue_loops.h"

const queue_peer queue_mutex = {"mutex+cond",       "the original design", false,     true,
                                array_queue_create, array_queue_destroy,   queue_put, queue_take,
                                QUEUE_TRY_LOOPS,    QUEUE_WAIT_LOOPS};
