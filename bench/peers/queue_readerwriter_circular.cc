/* Cameron Desrochers' BlockingReaderWriterCircularBuffer, for one producer and one consumer: it spins, then waits on
   a semaphore. */
#include "../queue_peer.h"

#include <readerwriterqueue/readerwritercircularbuffer.h>

using camel = moodycamel::BlockingReaderWriterCircularBuffer<void *>;
QUEUE_SELF_IS(camel)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->try_enqueue(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->try_dequeue(e) ? e : nullptr;
}

#define QUEUE_WAITS
static inline void queue_push(queue_self *self, void *e) {
  (*self)->wait_enqueue(e);
}
static inline void *queue_pop(queue_self *self) {
  void *e = nullptr;
  (*self)->wait_dequeue(e);
  return e;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new camel(capacity);
}
static void destroy(void *queue) {
  delete static_cast<camel *>(queue);
}

const queue_peer queue_readerwriter_circular = {
    "readerwriter-circular", "one to one only", false, true, create, destroy, queue_put, queue_take,
    QUEUE_TRY_LOOPS,         QUEUE_WAIT_LOOPS};
