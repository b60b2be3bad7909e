/* Several batches in one call: a step takes in or out as many as it can, and they are consecutive. */
#include <headrace/queue.h>

#include "base/error.h"
#include "base/probes.h"
#include "core/queue_internal.h"

static bool check_many(const char *function, const BatchQueue *queue, const void *batches, size_t n) {
  if (!queue_check(function, queue)) return false;
  if (batches || n == 0) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches is NULL, n is %zu", function, n);
}

/* What is to be put in: the handles of the next batches, up to one that is NULL. */
typedef struct entering {
  BatchQueue *queue;
  uint32_t handles[RING_GROUP_MOST], most,
      next;         /* most: how many are loaded; next: how many of them are in */
  uint32_t entered; /* in the last step */
  ring_status status;
} entering;

static inline void entering_begin(entering *e, BatchQueue *queue) {
  e->queue = queue; /* the handles are not cleared: they are many */
  e->most = e->next = e->entered = 0;
}

static inline void entering_load(entering *e, const char *function, Batch *const *batches, size_t n) {
  e->next = 0;
  for (e->most = 0; e->most < RING_GROUP_MOST && e->most < n && batches[e->most]; e->most++) {
    Batch *batch = batches[e->most];
    e->handles[e->most] = batch_header_check(function, batch)->handle;
    hand_over(batch);
  }
}

static inline bool entering_step(void *context) {
  entering *e = context;
  e->status =
      handle_queue_push_many(&e->queue->handles, e->handles + e->next, e->most - e->next, &e->entered);
  return e->status != RING_FULL;
}

COLD static void wait_to_enter(entering *e, uint64_t deadline) {
  PROBE1(enqueue_wait_begin, e->queue);
  event_wait(&e->queue->not_full, entering_step, e, deadline);
  PROBE2(enqueue_wait_end, e->queue, e->status == RING_OK);
}

/* While others make room a late call could go on from one wait to the next. */
static bool may_wait(uint64_t deadline) {
  return deadline == BATCH_FOREVER || (deadline != BATCH_NO_WAIT && port_clock() < deadline);
}

/* One step, of n >= 1 batches: how many went in. What a step leaves over is for the next one as it is loaded: where
   there is mostly room for a few, each batch is looked at once and not in every step. Whoever sleeps is told of them
   before the next one waits itself. */
static inline size_t enter(const char *function, entering *e, Batch *const *batches, size_t n,
                           uint64_t deadline) {
  if (e->next == e->most) entering_load(e, function, batches, n);
  if (e->most == 0) return 0;
  if (!entering_step(e) && may_wait(deadline)) wait_to_enter(e, deadline);
  if (e->status != RING_OK) return 0;
  event_notify(&e->queue->not_empty, e->entered);
  e->next += e->entered;
  return e->entered;
}

COLD static batch_status refuse_null(const char *function, size_t next) {
  return error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches[%zu] is NULL", function, next);
}

COLD static batch_status not_entered(const char *function, const entering *e, size_t next,
                                     uint64_t deadline) {
  if (e->most > 0) return queue_not_enqueued(function, e->queue, e->status, deadline);
  return refuse_null(function, next);
}

/* Steps until all n are in; without waiting one step, if it finds room. */
static batch_status enqueue_many(const char *function, BatchQueue *queue, Batch *const *batches, size_t n,
                                 uint64_t deadline, size_t *entered) {
  *entered = 0;
  if (!check_many(function, queue, batches, n)) return BATCH_ERROR_INVALID_ARGUMENT;
  entering e;
  entering_begin(&e, queue);
  for (size_t in = 0; in < n; *entered = in) {
    size_t some = enter(function, &e, batches + in, n - in, deadline);
    if (some == 0) return not_entered(function, &e, in, deadline);
    in += some;
  }
  return BATCH_OK;
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
  PROBE1(dequeue_wait_begin, queue);
  event_wait(&queue->not_empty, retry_leave, &l, deadline);
  PROBE2(dequeue_wait_end, queue, l.status == RING_OK);
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
  static const char function[] = "batch_queue_enqueue_many";
  if (!check_many(function, queue, batches, n) || n == 0) return 0;
  entering e;
  entering_begin(&e, queue);
  size_t entered = enter(function, &e, batches, n, BATCH_NO_WAIT);
  if (entered == 0)
    not_entered(function, &e, 0, BATCH_NO_WAIT);
  else if (e.most < n && e.most < RING_GROUP_MOST)
    refuse_null(function, e.most);
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
