/* Several batches in one call: they go in one by one, as there is room, and come out in one step. */
#include <headrace/queue.h>

#include "base/error.h"
#include "core/queue_internal.h"

static bool check_many(const char *function, const BatchQueue *queue, const void *batches, size_t n) {
  if (!queue_check(function, queue)) return false;
  if (batches || n == 0) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches is NULL, n is %zu", function, n);
}

/* Puts in what there is room for of n >= 1 batches, up to so many that whoever sleeps beside them should be told.
   Returns how many went in; *status is what came of the last one that was tried. */
static inline size_t enter_some(const char *function, BatchQueue *queue, Batch *const *batches, size_t n,
                                ring_status *status) {
  size_t entered = 0, most = n < QUEUE_MANY ? n : QUEUE_MANY;
  *status = RING_OK;
  while (entered < most && batches[entered]) {
    uint32_t handle = batch_header_check(function, batches[entered])->handle;
    hand_over(batches[entered]);
    *status = handle_queue_push(&queue->handles, handle);
    if (*status != RING_OK) break;
    entered++;
  }
  return entered;
}

/* One call that waits for room. */
typedef struct entering {
  const char *function;
  BatchQueue *queue;
  Batch *const *batches;
  size_t n, entered;
  ring_status status;
} entering;

static bool retry_enter(void *context) {
  entering *e = context;
  e->entered = enter_some(e->function, e->queue, e->batches, e->n, &e->status);
  return e->entered > 0 || e->status != RING_FULL;
}

COLD static size_t wait_to_enter(const char *function, BatchQueue *queue, Batch *const *batches, size_t n,
                                 ring_status *status, uint64_t deadline) {
  entering e = {function, queue, batches, n, 0, RING_FULL};
  event_wait(&queue->not_full, retry_enter, &e, deadline);
  *status = e.status;
  return e.entered;
}

/* While others make room a late call could go on from one wait to the next. */
static bool may_wait(uint64_t deadline) {
  return deadline == BATCH_FOREVER || (deadline != BATCH_NO_WAIT && port_clock() < deadline);
}

/* Each batch that went in may be what somebody sleeps for, so all are told of before this call sleeps itself. */
static batch_status enqueue_many(const char *function, BatchQueue *queue, Batch *const *batches, size_t n,
                                 uint64_t deadline, size_t *entered) {
  *entered = 0;
  if (!check_many(function, queue, batches, n)) return BATCH_ERROR_INVALID_ARGUMENT;
  ring_status status = RING_OK;
  size_t in = 0;
  while (in < n) {
    size_t some = enter_some(function, queue, batches + in, n - in, &status);
    if (some == 0 && status == RING_FULL && may_wait(deadline))
      some = wait_to_enter(function, queue, batches + in, n - in, &status, deadline);
    if (some == 0) break;
    event_notify(&queue->not_empty, (uint32_t)some);
    in += some;
    if (status == RING_FULL && deadline == BATCH_NO_WAIT) break;
  }
  *entered = in;
  if (in == n) return BATCH_OK;
  if (status != RING_OK) return queue_not_enqueued(function, queue, status, deadline);
  return error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches[%zu] is NULL", function, in);
}

/* One call that waits for batches. */
typedef struct leaving {
  BatchQueue *queue;
  uint32_t *handles, most, taken;
  ring_status status;
} leaving;

static bool retry_leave(void *context) {
  leaving *l = context;
  l->status = handle_queue_pop_many(&l->queue->handles, l->handles, l->most, &l->taken);
  return l->status != RING_EMPTY;
}

COLD static ring_status wait_to_leave(BatchQueue *queue, uint32_t *handles, uint32_t most, uint32_t *taken,
                                      uint64_t deadline) {
  leaving l = {queue, handles, most, 0, RING_EMPTY};
  event_wait(&queue->not_empty, retry_leave, &l, deadline);
  *taken = l.taken;
  return l.status;
}

static batch_status dequeue_many(const char *function, BatchQueue *queue, Batch **batches, size_t n,
                                 uint64_t deadline, size_t *taken) {
  uint32_t handles[QUEUE_MANY], most = n < QUEUE_MANY ? (uint32_t)n : QUEUE_MANY, out;
  *taken = 0;
  if (!check_many(function, queue, batches, n)) return BATCH_ERROR_INVALID_ARGUMENT;
  if (n == 0) return BATCH_OK;
  ring_status status = handle_queue_pop_many(&queue->handles, handles, most, &out);
  if (status == RING_EMPTY && deadline != BATCH_NO_WAIT)
    status = wait_to_leave(queue, handles, most, &out, deadline);
  if (status != RING_OK) return queue_not_dequeued(function, queue, status, deadline);
  event_notify(&queue->not_full, out);
  for (uint32_t i = 0; i < out; i++) batches[i] = queue_batch_taken(handles[i]);
  *taken = out;
  return BATCH_OK;
}

size_t batch_queue_enqueue_many(BatchQueue *queue, Batch *const *batches, size_t n) {
  size_t entered;
  enqueue_many("batch_queue_enqueue_many", queue, batches, n, BATCH_NO_WAIT, &entered);
  return entered;
}

size_t batch_queue_enqueue_many_wait(BatchQueue *queue, Batch *const *batches, size_t n) {
  size_t entered;
  enqueue_many("batch_queue_enqueue_many_wait", queue, batches, n, BATCH_FOREVER, &entered);
  return entered;
}

batch_status batch_queue_enqueue_many_until(BatchQueue *queue, Batch *const *batches, size_t n,
                                            uint64_t deadline, size_t *entered) {
  static const char function[] = "batch_queue_enqueue_many_until";
  if (!entered) return error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: entered is NULL", function);
  return enqueue_many(function, queue, batches, n, deadline, entered);
}

size_t batch_queue_dequeue_many(BatchQueue *queue, Batch **batches, size_t n) {
  size_t taken;
  dequeue_many("batch_queue_dequeue_many", queue, batches, n, BATCH_NO_WAIT, &taken);
  return taken;
}

size_t batch_queue_dequeue_many_wait(BatchQueue *queue, Batch **batches, size_t n) {
  size_t taken;
  dequeue_many("batch_queue_dequeue_many_wait", queue, batches, n, BATCH_FOREVER, &taken);
  return taken;
}

batch_status batch_queue_dequeue_many_until(BatchQueue *queue, Batch **batches, size_t n, uint64_t deadline,
                                            size_t *taken) {
  static const char function[] = "batch_queue_dequeue_many_until";
  if (!taken) return error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: taken is NULL", function);
  return dequeue_many(function, queue, batches, n, deadline, taken);
}
