/* GLib's GAsyncQueue: a list, a mutex and a condition variable, without a limit. */
#include "../queue_peer.h"

#include <glib.h>

QUEUE_SELF_IS(GAsyncQueue)

static inline bool queue_try_push(queue_self *self, void *e) {
  g_async_queue_push(*self, e);
  return true;
}
static inline void *queue_try_pop(queue_self *self) {
  return g_async_queue_try_pop(*self);
}

#define QUEUE_WAITS
static inline void queue_push(queue_self *self, void *e) {
  g_async_queue_push(*self, e);
}
static inline void *queue_pop(queue_self *self) {
  return g_async_queue_pop(*self);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  (void)capacity;
  return g_async_queue_new();
}
static void destroy(void *queue) {
  g_async_queue_unref(queue);
}

const queue_peer queue_gasyncqueue = {
    "GAsyncQueue", NULL,      false,      false,           create,
    destroy,       queue_put, queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
