/* Cameron Desrochers' ConcurrentQueue at its fastest: each thread with a producer and a consumer token. */
#include "../queue_peer.h"

#include <concurrentqueue/concurrentqueue.h>
#include <new>

#if defined(__GNUC__) && !defined(__clang__)
/* enqueue_bulk, inlined, looks to gcc 12 as if it might read through a null tail. */
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

using camel = moodycamel::ConcurrentQueue<void *>;

struct queue_self {
  camel *queue;
  alignas(moodycamel::ProducerToken) unsigned char producer_bytes[sizeof(moodycamel::ProducerToken)];
  alignas(moodycamel::ConsumerToken) unsigned char consumer_bytes[sizeof(moodycamel::ConsumerToken)];
  moodycamel::ProducerToken *producer;
  moodycamel::ConsumerToken *consumer;
};

static inline void queue_enter(queue_self *self, void *queue) {
  self->queue = static_cast<camel *>(queue);
  self->producer = new (self->producer_bytes) moodycamel::ProducerToken(*self->queue);
  self->consumer = new (self->consumer_bytes) moodycamel::ConsumerToken(*self->queue);
}
static inline void queue_leave(queue_self *self) {
  self->consumer->~ConsumerToken();
  self->producer->~ProducerToken();
}

static inline bool queue_try_push(queue_self *self, void *e) {
  return self->queue->enqueue(*self->producer, e);
}
static inline void *queue_try_pop(queue_self *self) {
  void *e = nullptr;
  return self->queue->try_dequeue(*self->consumer, e) ? e : nullptr;
}

#define QUEUE_MANY
static inline size_t queue_try_push_many(queue_self *self, void *const *e, size_t n) {
  return self->queue->enqueue_bulk(*self->producer, e, n) ? n : 0;
}
static inline size_t queue_try_pop_many(queue_self *self, void **e, size_t n) {
  return self->queue->try_dequeue_bulk(*self->consumer, e, n);
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  return new camel(capacity);
}
static void destroy(void *queue) {
  delete static_cast<camel *>(queue);
}

const queue_peer queue_moodycamel_tokens = {
    "moodycamel-tokens", "unordered",     true, false, create, destroy, queue_put, queue_take,
    QUEUE_TRY_LOOPS,     QUEUE_WAIT_LOOPS};
