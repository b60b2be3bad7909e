/* boost::lockfree::spsc_queue, a ring for one producer and one consumer. */
#include "../queue_peer.h"

#include <boost/lockfree/spsc_queue.hpp>

using boost_queue = boost::lockfree::spsc_queue<void *>;
QUEUE_SELF_IS(boost_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->push(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->pop(e) ? e : nullptr;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return (*self)->push(e, n);
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return (*self)->pop(e, n);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new boost_queue(capacity);
}
static void destroy(void *queue) {
  delete static_cast<boost_queue *>(queue);
}

const queue_peer queue_boost_spsc = {"boost-spsc",    "one to one only", true,      true,
                                     create,          destroy,           queue_put, queue_take,
                                     QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
