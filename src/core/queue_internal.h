/* What queue.c, queue_many.c and lanes share of queues. */
#ifndef HEADRACE_CORE_QUEUE_INTERNAL_H
#define HEADRACE_CORE_QUEUE_INTERNAL_H

#include <headrace/queue.h>

#include "base/sanitizers.h"
#include "core/batch_header.h"
#include "sync/event.h"
#include "sync/handle_queue.h"

struct BatchQueue {
  const slab *home; /* the slab that its handles lead into: this copy's of the library */
  event not_empty, not_full;
  handle_queue handles; /* last: it may be longer than its type */
};

/* So many come out in one step at most. */
enum { QUEUE_MANY = RING_POP_MOST };

/* Ends the process over a queue of another copy of the library. */
static inline void queue_check_home(const char *function, const BatchQueue *queue) {
  if (queue->home != &batch_headers) batch_header_abort_foreign(function, "queue", queue);
}

/* Whether there is a queue, and of this copy; false: refused in the name of `function`. */
bool queue_check(const char *function, const BatchQueue *queue);

/* Say in the name of `function` why nothing, or nothing more, went in or came out. */
batch_status queue_not_enqueued(const char *function, const BatchQueue *queue, ring_status status,
                                uint64_t deadline);
batch_status queue_not_dequeued(const char *function, const BatchQueue *queue, ring_status status,
                                uint64_t deadline);

/* What has left the queue under this handle, or may be read there. */
static inline Batch *queue_batch_taken(uint32_t handle) {
  Batch *batch = &batch_header_at(handle)->batch;
  handed_over(batch);
  return batch;
}

/* Of a bounded queue, see handle_queue.h: the position that the next batch to enter gets, and the ring that it enters. */
static inline uint64_t queue_tail(const BatchQueue *queue) {
  return handle_queue_tail(&queue->handles);
}
static inline const ring *queue_ring(const BatchQueue *queue) {
  return &queue->handles.ring;
}

#endif
