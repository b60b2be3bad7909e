/* BatchQueue as a subject: item i is a batch whose batch_id is i. Each has two references: one is this file's, so that a
   queue that releases a batch leaves it here. */
#include <headrace/queue.h>

#include "schedule/descriptors.h"
#include "schedule/inside.h"
#include "schedule/subject.h"
#include "support/stress.h"

static BatchQueue *queue;
static Batch *batches[SUBJECT_ITEMS];

static void create(uint32_t capacity) {
  for (uint32_t i = 0; i < SUBJECT_ITEMS; i++) {
    if (batches[i]) continue;
    batches[i] = batch_create(1, 1, 0);
    if (!batches[i]) break;
    batches[i]->batch_id = i;
    batch_retain(batches[i]);
  }
  queue = batch_queue_create(capacity);
  stress_check(queue && batches[SUBJECT_ITEMS - 1], "no memory");
}

static void create_unlimited(uint32_t capacity) {
  (void)capacity;
  create(0);
}

static void destroy(void) {
  batch_queue_free(queue);
}

static answer answer_of(batch_status status) {
  switch (status) {
  case BATCH_OK:
    return ANSWER_DONE;
  case BATCH_FULL:
    return ANSWER_FULL;
  case BATCH_EMPTY:
    return ANSWER_EMPTY;
  case BATCH_TIMEDOUT:
    return ANSWER_TIMEDOUT;
  default:
    return ANSWER_CLOSED;
  }
}

static void poll_side(batch_queue_side side) {
  batch_queue_arm(queue, side);
  descriptor_poll(batch_queue_fd(queue, side));
}

static answer put(uint32_t item, uint64_t deadline) {
  batch_status status;
  if (deadline != SUBJECT_POLLING)
    return answer_of(batch_queue_enqueue_until(queue, batches[item], deadline));
  while ((status = batch_queue_enqueue_until(queue, batches[item], BATCH_NO_WAIT)) == BATCH_FULL)
    poll_side(BATCH_QUEUE_ENQUEUE);
  return answer_of(status);
}

static answer take(uint32_t *item, uint64_t deadline) {
  Batch *batch;
  bool polls = deadline == SUBJECT_POLLING;
  batch_status status;
  while ((status = batch_queue_dequeue_until(queue, &batch, polls ? BATCH_NO_WAIT : deadline)) ==
             BATCH_EMPTY &&
         polls)
    poll_side(BATCH_QUEUE_DEQUEUE);
  answer a = answer_of(status);
  if (a == ANSWER_DONE) *item = (uint32_t)batch->batch_id;
  return a;
}

/* The forms that never wait, wait for ever, or until a deadline. */
static answer put_many(const uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count) {
  Batch *given[SUBJECT_MANY];
  size_t entered;
  batch_status status = BATCH_OK;
  for (uint32_t i = 0; i < k; i++) given[i] = batches[items[i]];
  if (deadline == BATCH_NO_WAIT)
    entered = batch_queue_enqueue_many(queue, given, k);
  else if (deadline == BATCH_FOREVER)
    entered = batch_queue_enqueue_many_wait(queue, given, k);
  else
    status = batch_queue_enqueue_many_until(queue, given, k, deadline, &entered);
  *count = (uint32_t)entered;
  bool done = entered == k || (deadline == BATCH_NO_WAIT && entered > 0);
  return done ? ANSWER_DONE : answer_of(status ? status : batch_last_error()->code);
}

static answer take_many(uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count) {
  Batch *taken[SUBJECT_MANY];
  size_t came;
  batch_status status = BATCH_OK;
  if (deadline == BATCH_NO_WAIT)
    came = batch_queue_dequeue_many(queue, taken, k);
  else if (deadline == BATCH_FOREVER)
    came = batch_queue_dequeue_many_wait(queue, taken, k);
  else
    status = batch_queue_dequeue_many_until(queue, taken, k, deadline, &came);
  *count = (uint32_t)came;
  for (uint32_t i = 0; i < *count; i++) items[i] = (uint32_t)taken[i]->batch_id;
  return came > 0 ? ANSWER_DONE : answer_of(status ? status : batch_last_error()->code);
}

static uint32_t size(void) {
  return batch_queue_size(queue);
}

static bool is_empty(void) {
  return batch_queue_is_empty(queue);
}

static bool is_full(void) {
  return batch_queue_is_full(queue);
}

static answer peek(uint32_t *item) {
  Batch *front = batch_queue_peek(queue);
  if (!front) return answer_of(batch_last_error()->code);
  *item = (uint32_t)front->batch_id;
  batch_release(front);
  return ANSWER_DONE;
}

static void close_queue(void) {
  batch_queue_close(queue);
}

static void clear(void) {
  batch_queue_clear(queue);
}

static void recover(uint32_t *items, uint32_t *count) {
  *count = 0;
  for (uint32_t i = 0; i < SUBJECT_ITEMS; i++) {
    if (atomic_load(&batches[i]->ref_count) > 1) continue;
    batch_retain(batches[i]);
    items[(*count)++] = i;
  }
}

static bool item_is_sound(uint32_t item) {
  return batches[item]->batch_id == item && atomic_load(&batches[item]->ref_count) == 2;
}

static bool is_at_rest(void) {
  return inside_queue_is_at_rest(queue) && !descriptors_told_too_often();
}

static const char *fault_inside(uint32_t kept) {
  return inside_queue_fault(queue, kept);
}

static void arrange_groups(group_state state) {
  inside_queue_arrange_groups(queue, state);
}

/* The only strong compare-and-exchanges in ring.h are the ones at which operations take effect. */
const subject subject_queue = {.name = "queue",
                               .bounded = true,
                               .effect_file = "ring.h",
                               .effect_kind = SCHEDULE_CAS,
                               .create = create,
                               .destroy = destroy,
                               .put = put,
                               .take = take,
                               .put_many = put_many,
                               .take_many = take_many,
                               .size = size,
                               .is_empty = is_empty,
                               .is_full = is_full,
                               .peek = peek,
                               .close = close_queue,
                               .clear = clear,
                               .recover = recover,
                               .item_is_sound = item_is_sound,
                               .is_at_rest = is_at_rest,
                               .fault_inside = fault_inside,
                               .arrange_groups = arrange_groups};

const subject subject_unlimited_queue = {.name = "unlimited queue",
                                         .create = create_unlimited,
                                         .destroy = destroy,
                                         .put = put,
                                         .take = take,
                                         .put_many = put_many,
                                         .take_many = take_many,
                                         .size = size,
                                         .is_empty = is_empty,
                                         .is_full = is_full,
                                         .peek = peek,
                                         .close = close_queue,
                                         .clear = clear,
                                         .recover = recover,
                                         .item_is_sound = item_is_sound,
                                         .is_at_rest = is_at_rest,
                                         .fault_inside = fault_inside,
                                         .arrange_groups = arrange_groups};
