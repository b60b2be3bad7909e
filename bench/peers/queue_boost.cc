/* boost::lockfree::queue (Michael and Scott's, nodes recycled on a free list), with its nodes allocated
   at creation and bounded_push, which takes no others. */
#include "../queue_peer.h"

#include <boost/lockfree/queue.hpp>

using boost_queue = boost::lockfree::queue<void *>;
QUEUE_SELF_IS(boost_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->bounded_push(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->pop(e) ? e : nullptr;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new boost_queue(capacity);
}
static void destroy(void *queue) {
  delete static_cast<boost_queue *>(queue);
}

const queue_peer queue_boost = {
    "boost", nullptr, true, true, create, destroy, queue_put, queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
