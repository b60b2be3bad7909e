/* Cameron Desrochers' ConcurrentQueue, as its first example uses it: no tokens. Elements of different
   producers come out in any order. */
#include "../queue_peer.h"

#include <concurrentqueue/concurrentqueue.h>

using camel = moodycamel::ConcurrentQueue<void *>;
QUEUE_SELF_IS(camel)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->enqueue(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->try_dequeue(e) ? e : nullptr;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return (*self)->enqueue_bulk(e, n) ? n : 0;
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return (*self)->try_dequeue_bulk(e, n);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new camel(capacity);
}
static void destroy(void *queue) {
  delete static_cast<camel *>(queue);
}

const queue_peer queue_moodycamel = {"moodycamel",    "unordered",     true,      false,
                                     create,          destroy,         queue_put, queue_take,
                                     QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
