#include <headrace/queue.h>

#include "check/subject.h"
#include "core/queue_internal.h"
#include "support/ring_invariants.h"
#include "support/stress.h"

static history_result result_of(batch_status status) {
  switch (status) {
  case BATCH_OK:
    return HISTORY_OK;
  case BATCH_FULL:
    return HISTORY_FULL;
  case BATCH_EMPTY:
    return HISTORY_EMPTY;
  case BATCH_CLOSED:
    return HISTORY_CLOSED;
  case BATCH_TIMEDOUT:
    return HISTORY_TIMEDOUT;
  default:
    stress_fail("batch_queue answers %s", batch_status_name(status));
  }
}

/* Of a call that answers false, NULL or 0, and the reason in the thread's last error. */
static history_result result_if(bool succeeded) {
  return succeeded ? HISTORY_OK : result_of(batch_last_error()->code);
}

static void *create(unsigned variant, uint32_t capacity, uint64_t *random) {
  (void)variant, (void)random;
  BatchQueue *queue = batch_queue_create(capacity);
  stress_check(queue, "%s", batch_last_error()->message);
  return queue;
}

static void destroy(void *queue) {
  const handle_queue *handles = &((BatchQueue *)queue)->handles;
  const char *wrong = handle_queue_is_bounded(handles) ? ring_invariants(&handles->ring) : NULL;
  stress_check(!wrong, "at rest the ring is not right: %s", wrong);
  batch_queue_free(queue);
}

static subject_element make(uint32_t value) {
  Batch *batch = batch_create(1, 1, 0);
  stress_check(batch, "%s", batch_last_error()->message);
  batch->batch_id = value;
  return (subject_element)batch;
}

static uint32_t value_of(subject_element element) {
  return (uint32_t)((Batch *)element)->batch_id;
}

static void drop(subject_element element) {
  batch_release((Batch *)element);
}

static history_result push(void *queue, subject_element element, uint64_t deadline) {
  Batch *batch = (Batch *)element;
  if (deadline == SUBJECT_NO_WAIT) return result_if(batch_queue_try_enqueue(queue, batch));
  if (deadline == SUBJECT_FOREVER) return result_if(batch_queue_enqueue(queue, batch));
  return result_of(batch_queue_enqueue_until(queue, batch, deadline));
}

static history_result push_many(void *queue, const subject_element *elements, uint32_t k, uint64_t deadline,
                                uint32_t *pushed) {
  Batch *batches[HISTORY_MANY];
  size_t entered;
  history_result result;
  for (uint32_t i = 0; i < k; i++) batches[i] = (Batch *)elements[i];
  if (deadline == SUBJECT_NO_WAIT) {
    entered = batch_queue_enqueue_many(queue, batches, k);
    result = result_if(entered > 0);
  } else if (deadline == SUBJECT_FOREVER) {
    entered = batch_queue_enqueue_many_wait(queue, batches, k);
    result = result_if(entered == k);
  } else {
    result = result_of(batch_queue_enqueue_many_until(queue, batches, k, deadline, &entered));
  }
  *pushed = (uint32_t)entered;
  return result;
}

static history_result pop(void *queue, subject_element *element, uint64_t deadline) {
  Batch *batch = NULL;
  history_result result;
  if (deadline == SUBJECT_NO_WAIT || deadline == SUBJECT_FOREVER) {
    batch = deadline == SUBJECT_NO_WAIT ? batch_queue_try_dequeue(queue) : batch_queue_dequeue(queue);
    result = result_if(batch);
  } else {
    result = result_of(batch_queue_dequeue_until(queue, &batch, deadline));
  }
  *element = (subject_element)batch;
  return result;
}

static history_result pop_many(void *queue, subject_element *elements, uint32_t k, uint32_t *taken) {
  Batch *batches[HISTORY_MANY];
  *taken = batch_queue_dequeue_many(queue, batches, k);
  for (uint32_t i = 0; i < *taken; i++) elements[i] = (subject_element)batches[i];
  return result_if(*taken > 0);
}

static history_result peek(void *queue, subject_element *element) {
  Batch *batch = batch_queue_peek(queue);
  *element = (subject_element)batch;
  return result_if(batch);
}

static history_result close_queue(void *queue) {
  batch_queue_close(queue);
  return HISTORY_ANY;
}

const subject subject_queue = {.name = "batch_queue",
                               .unlimited = true,
                               .waits = true,
                               .create = create,
                               .destroy = destroy,
                               .make = make,
                               .value_of = value_of,
                               .drop = drop,
                               .push = push,
                               .push_many = push_many,
                               .pop = pop,
                               .pop_many = pop_many,
                               .peek = peek,
                               .close = close_queue};
