/* A queue: batch handles in a queue of their own, and an event for each side. */
#include <headrace/queue.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/live.h"
#include "base/probes.h"
#include "core/queue_internal.h"
#include "sync/line.h"
#include "sync/refcount.h"

/* Of all queues. */
static group_store groups = GROUP_STORE_INIT;

_Static_assert(BATCH_QUEUE_MAX_CAPACITY <= RING_MAX_CAPACITY, "queue.h states the ring's limit");

bool queue_check(const char *function, const BatchQueue *queue) {
  if (!queue) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: queue is NULL", function);
  queue_check_home(function, queue);
  return true;
}

BatchQueue *batch_queue_create(uint32_t capacity) {
  if (capacity > BATCH_QUEUE_MAX_CAPACITY)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_create: capacity is %u, expected 0 to %u",
                      capacity, BATCH_QUEUE_MAX_CAPACITY);
  BatchQueue *queue = line_alloc(offsetof(BatchQueue, handles) + handle_queue_bytes(capacity));
  int answer = queue ? handle_queue_init(&queue->handles, capacity, &groups) : ENOMEM;
  if (answer != 0) {
    free(queue);
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_queue_create: no %s for a capacity of %u",
                      answer == ENOMEM ? "memory" : "thread-specific key", capacity);
  }
  queue->home = &batch_headers;
  event_init(&queue->not_empty);
  event_init(&queue->not_full);
  live_enter(queue);
  return queue;
}

/* Takes out and releases up to `limit` batches in the name of `function`. */
static void queue_release_front(const char *function, BatchQueue *queue, uint32_t limit) {
  uint32_t handles[QUEUE_MANY], taken;
  while (limit > 0) {
    if (handle_queue_pop_many(&queue->handles, handles, limit < QUEUE_MANY ? limit : QUEUE_MANY, &taken) !=
        RING_OK)
      return;
    event_notify(&queue->not_full, taken);
    for (uint32_t i = 0; i < taken; i++) batch_header_release(batch_header_at(handles[i]), function);
    limit -= taken;
  }
}

void batch_queue_free(BatchQueue *queue) {
  if (!queue) return;
  live_leave("batch_queue_free", queue);
  queue_release_front("batch_queue_free", queue, UINT32_MAX);
  port_descriptor_close(&queue->not_empty.descriptor);
  port_descriptor_close(&queue->not_full.descriptor);
  handle_queue_destroy(&queue->handles);
  free(queue);
}

/* One waiting call: what it tries again and what came of it last. */
typedef struct attempt {
  BatchQueue *queue;
  uint32_t handle;
  ring_status status;
} attempt;

static bool retry_push(void *context) {
  attempt *a = context;
  a->status = handle_queue_push(&a->queue->handles, a->handle);
  return a->status != RING_FULL;
}

static bool retry_pop(void *context) {
  attempt *a = context;
  a->status = handle_queue_pop(&a->queue->handles, &a->handle);
  return a->status != RING_EMPTY;
}

COLD static ring_status wait_to_push(BatchQueue *queue, uint32_t handle, uint64_t deadline) {
  attempt a = {queue, handle, RING_FULL};
  PROBE1(enqueue_wait_begin, queue);
  event_wait(&queue->not_full, retry_push, &a, deadline);
  PROBE2(enqueue_wait_end, queue, a.status == RING_OK);
  return a.status;
}

COLD static ring_status wait_to_pop(BatchQueue *queue, uint32_t *handle, uint64_t deadline) {
  attempt a = {queue, 0, RING_EMPTY};
  PROBE1(dequeue_wait_begin, queue);
  event_wait(&queue->not_empty, retry_pop, &a, deadline);
  PROBE2(dequeue_wait_end, queue, a.status == RING_OK);
  *handle = a.handle;
  return a.status;
}

COLD batch_status queue_not_enqueued(const char *function, const BatchQueue *queue, ring_status status,
                                     uint64_t deadline) {
  if (status == RING_CLOSED) handed_over(queue); /* by who closed it */
  if (status == RING_CLOSED) return error_note(BATCH_CLOSED, function, "the queue is closed");
  if (status == RING_NO_MEMORY)
    return error_note(BATCH_ERROR_OUT_OF_MEMORY, function, "no memory for more batches");
  if (deadline == BATCH_NO_WAIT) return error_note(BATCH_FULL, function, "the queue is full");
  return error_note(BATCH_TIMEDOUT, function, "the queue was full until the deadline");
}

COLD batch_status queue_not_dequeued(const char *function, const BatchQueue *queue, ring_status status,
                                     uint64_t deadline) {
  if (status == RING_CLOSED) handed_over(queue); /* by who closed it */
  if (status == RING_CLOSED) return error_note(BATCH_CLOSED, function, "the queue is closed and drained");
  if (deadline == BATCH_NO_WAIT) return error_note(BATCH_EMPTY, function, "the queue is empty");
  return error_note(BATCH_TIMEDOUT, function, "the queue was empty until the deadline");
}

COLD static batch_status refuse_null(const char *function, const BatchQueue *queue) {
  return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, queue ? "batch is NULL" : "queue is NULL");
}

/* The enqueues and dequeues, each in the name of the public function. */
static inline batch_status enqueue(const char *function, BatchQueue *queue, Batch *batch, uint64_t deadline) {
  if (!queue || !batch) return refuse_null(function, queue);
  queue_check_home(function, queue);
  uint32_t handle = batch_header_check(function, batch)->handle;
  hand_over(batch);
  ring_status status = handle_queue_push(&queue->handles, handle);
  if (status == RING_FULL && deadline != BATCH_NO_WAIT) status = wait_to_push(queue, handle, deadline);
  if (status != RING_OK) return queue_not_enqueued(function, queue, status, deadline);
  event_notify(&queue->not_empty, 1);
  return BATCH_OK;
}

static inline batch_status dequeue(const char *function, BatchQueue *queue, Batch **batch,
                                   uint64_t deadline) {
  *batch = NULL;
  if (!queue) return refuse_null(function, queue);
  queue_check_home(function, queue);
  uint32_t handle;
  ring_status status = handle_queue_pop(&queue->handles, &handle);
  if (status == RING_EMPTY && deadline != BATCH_NO_WAIT) status = wait_to_pop(queue, &handle, deadline);
  if (status != RING_OK) return queue_not_dequeued(function, queue, status, deadline);
  event_notify(&queue->not_full, 1);
  *batch = queue_batch_taken(handle);
  return BATCH_OK;
}

bool batch_queue_enqueue(BatchQueue *queue, Batch *batch) {
  return enqueue("batch_queue_enqueue", queue, batch, BATCH_FOREVER) == BATCH_OK;
}

bool batch_queue_try_enqueue(BatchQueue *queue, Batch *batch) {
  return enqueue("batch_queue_try_enqueue", queue, batch, BATCH_NO_WAIT) == BATCH_OK;
}

batch_status batch_queue_enqueue_until(BatchQueue *queue, Batch *batch, uint64_t deadline) {
  return enqueue("batch_queue_enqueue_until", queue, batch, deadline);
}

Batch *batch_queue_dequeue(BatchQueue *queue) {
  Batch *batch;
  dequeue("batch_queue_dequeue", queue, &batch, BATCH_FOREVER);
  return batch;
}

Batch *batch_queue_try_dequeue(BatchQueue *queue) {
  Batch *batch;
  dequeue("batch_queue_try_dequeue", queue, &batch, BATCH_NO_WAIT);
  return batch;
}

batch_status batch_queue_dequeue_until(BatchQueue *queue, Batch **batch, uint64_t deadline) {
  if (!batch) return refuse_null("batch_queue_dequeue_until", queue);
  return dequeue("batch_queue_dequeue_until", queue, batch, deadline);
}

COLD static void peek_abort(const Batch *batch) {
  int count = atomic_load_explicit(&batch->ref_count, memory_order_relaxed);
  error_abort("batch_queue_peek: batch %p inside the queue %s: its count is %d, expected 1 to %d",
              (const void *)batch, count > 0 ? "is held too often" : "was released once too often", count,
              REFCOUNT_MAX - 1);
}

Batch *batch_queue_peek(BatchQueue *queue) {
  uint32_t handle = 0;
  if (!queue_check("batch_queue_peek", queue)) return NULL;
  ring_status status =
      handle_queue_peek(&queue->handles, batch_header_try_retain, batch_header_drop, &handle);
  if (status == RING_FREED) peek_abort(&batch_header_at(handle)->batch);
  if (status == RING_OK) return queue_batch_taken(handle);
  queue_not_dequeued("batch_queue_peek", queue, status, BATCH_NO_WAIT);
  return NULL;
}

uint32_t batch_queue_capacity(const BatchQueue *queue) {
  return queue_check("batch_queue_capacity", queue) ? handle_queue_capacity(&queue->handles) : 0;
}

uint32_t batch_queue_size(const BatchQueue *queue) {
  return queue_check("batch_queue_size", queue) ? handle_queue_size(&queue->handles) : 0;
}

bool batch_queue_is_empty(const BatchQueue *queue) {
  return !queue_check("batch_queue_is_empty", queue) || handle_queue_is_empty(&queue->handles);
}

bool batch_queue_is_full(const BatchQueue *queue) {
  return queue_check("batch_queue_is_full", queue) && handle_queue_is_full(&queue->handles);
}

void batch_queue_close(BatchQueue *queue) {
  if (!queue_check("batch_queue_close", queue)) return;
  PROBE1(queue_close, queue);
  hand_over(queue);
  handle_queue_close(&queue->handles);
  event_notify_all(&queue->not_empty);
  event_notify_all(&queue->not_full);
}

bool batch_queue_is_closed(const BatchQueue *queue) {
  if (!queue_check("batch_queue_is_closed", queue)) return false;
  bool closed = handle_queue_is_closed(&queue->handles);
  if (closed) handed_over(queue); /* by who closed it */
  return closed;
}

void batch_queue_clear(BatchQueue *queue) {
  static const char function[] = "batch_queue_clear";
  if (queue_check(function, queue)) queue_release_front(function, queue, batch_queue_size(queue));
}
