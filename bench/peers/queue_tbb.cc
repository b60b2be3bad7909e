/* oneTBB's concurrent_bounded_queue. */
#include "../queue_peer.h"

#include <tbb/concurrent_queue.h>

using tbb_queue = tbb::concurrent_bounded_queue<void *>;
QUEUE_SELF_IS(tbb_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->try_push(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->try_pop(e) ? e : nullptr;
}

#define QUEUE_WAITS
static inline void queue_push(queue_self *self, void *e) {
  (*self)->push(e);
}
static inline void *queue_pop(queue_self *self) {
  void *e = nullptr;
  (*self)->pop(e);
  return e;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  auto *q = new tbb_queue;
  q->set_capacity(capacity);
  return q;
}
static void destroy(void *queue) {
  delete static_cast<tbb_queue *>(queue);
}

const queue_peer queue_tbb = {"tbb",      nullptr,         false,           true, create, destroy, queue_put,
                              queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
