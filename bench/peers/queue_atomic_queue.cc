/* Maxim Egorushkin's atomic_queue, its variant whose size is chosen at run time. */
#include "../queue_peer.h"

#include <atomic_queue/atomic_queue.h>

using atomic_queue_b = atomic_queue::AtomicQueueB<void *>;
QUEUE_SELF_IS(atomic_queue_b)

static inline bool queue_try_push(queue_self *self, void *e) {
  return (*self)->try_push(e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return (*self)->try_pop(e) ? e : nullptr;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new atomic_queue_b(capacity);
}
static void destroy(void *queue) {
  delete static_cast<atomic_queue_b *>(queue);
}

const queue_peer queue_atomic_queue = {
    "atomic_queue", "holds 64 at least", false,           true, create, destroy, queue_put,
    queue_take,     QUEUE_TRY_LOOPS,     QUEUE_WAIT_LOOPS};
