/* Queues that are polled: what their descriptors are armed for. */
#include "base/error.h"
#include "base/polled.h"
#include "core/queue_internal.h"

/* The event of a side; NULL: refused in the name of `function`. */
static event *event_of(const char *function, BatchQueue *queue, batch_queue_side side) {
  if (!queue_check(function, queue)) return NULL;
  if (side == BATCH_QUEUE_DEQUEUE) return &queue->not_empty;
  if (side == BATCH_QUEUE_ENQUEUE) return &queue->not_full;
  return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: side is %d, expected BATCH_QUEUE_DEQUEUE or BATCH_QUEUE_ENQUEUE", function,
                    (int)side);
}

int batch_queue_fd(BatchQueue *queue, batch_queue_side side) {
  static const char function[] = "batch_queue_fd";
  event *e = event_of(function, queue, side);
  return e ? polled_fd(function, e) : -1;
}

/* Closed is asked first: what is empty after that stays so. */
static batch_status look_for_batch(void *object) {
  const handle_queue *handles = object;
  bool closed = handle_queue_is_closed(handles);
  if (!handle_queue_is_empty(handles)) return BATCH_READY;
  return closed ? BATCH_CLOSED : BATCH_OK;
}

static batch_status look_for_room(void *object) {
  const handle_queue *handles = object;
  if (handle_queue_is_closed(handles)) return BATCH_CLOSED;
  return handle_queue_is_full(handles) ? BATCH_OK : BATCH_READY;
}

batch_status batch_queue_arm(BatchQueue *queue, batch_queue_side side) {
  static const char function[] = "batch_queue_arm";
  event *e = event_of(function, queue, side);
  if (!e) return BATCH_ERROR_INVALID_ARGUMENT;
  bool dequeues = side == BATCH_QUEUE_DEQUEUE;
  batch_status found;
  polled_arm(function, e, dequeues ? look_for_batch : look_for_room, &queue->handles, &found);
  if (found != BATCH_CLOSED) return found;
  return dequeues ? queue_not_dequeued(function, queue, RING_CLOSED, BATCH_FOREVER)
                  : queue_not_enqueued(function, queue, RING_CLOSED, BATCH_FOREVER);
}
