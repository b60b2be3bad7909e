/* Cameron Desrochers' ReaderWriterQueue, for one producer and one consumer, by the call that never allocates. */
#include "../queue_peer.h"

#include <readerwriterqueue/readerwriterqueue.h>

using camel = moodycamel::ReaderWriterQueue<void *>;
QUEUE_SELF_IS(camel)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->try_enqueue(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->try_dequeue(e) ? e : nullptr;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new camel(capacity);
}
static void destroy(void *queue) {
  delete static_cast<camel *>(queue);
}

const queue_peer queue_readerwriter = {"readerwriter",
                                       "one to one only, holds more",
                                       true,
                                       true,
                                       create,
                                       destroy,
                                       queue_put,
                                       queue_take,
                                       QUEUE_TRY_LOOPS,
                                       QUEUE_WAIT_LOOPS};
