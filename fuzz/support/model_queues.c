#include "support/model.h"

#include <poll.h>
#include <string.h>

enum { SIDES = 2, MANY = 6 };

static void create(model *m, model_queue *q) {
  uint32_t capacity = fuzz_take_below(&m->in, 8);
  bool too_large = capacity == 7;
  if (too_large) capacity = BATCH_QUEUE_MAX_CAPACITY + 1;
  model_call(m, "batch_queue_create");
  q->queue = batch_queue_create(capacity);
  model_answer(m, q->queue, !too_large, BATCH_ERROR_INVALID_ARGUMENT);
  q->capacity = capacity;
}

static uint32_t room_of(const model_queue *q) {
  return (q->capacity ? q->capacity : INSIDE) - q->count;
}

/* What is armed is told, and stays so until it is armed again. */
static void tell(model_queue *q, batch_queue_side side) {
  if (q->has[side]) q->told[side] = true;
}

static void put_in(model *m, model_queue *q, int at) {
  q->inside[q->count++] = m->held[at];
  m->held[at] = NULL;
  tell(q, BATCH_QUEUE_DEQUEUE);
}

static model_item *take_out(model_queue *q) {
  model_item *item = q->inside[0];
  memmove(q->inside, q->inside + 1, --q->count * sizeof *q->inside);
  tell(q, BATCH_QUEUE_ENQUEUE);
  return item;
}

/* A deadline that is over, or none. */
static uint64_t take_deadline(model *m) {
  return fuzz_take_below(&m->in, 2) ? 1 : BATCH_NO_WAIT;
}

static batch_status not_entered(const model_queue *q, uint64_t deadline) {
  return q->closed ? BATCH_CLOSED : deadline == BATCH_NO_WAIT ? BATCH_FULL : BATCH_TIMEDOUT;
}

static void enqueue(model *m, model_queue *q) {
  int at = model_choose(m);
  unsigned how = fuzz_take_below(&m->in, 3);
  uint64_t deadline = how == 1 ? take_deadline(m) : BATCH_NO_WAIT;
  if (at < 0) return;
  bool good = !q->closed && room_of(q) > 0, waits = how == 2 && (good || q->closed);
  if (!q->capacity && !room_of(q)) return;
  Batch *batch = m->held[at]->batch;
  batch_status status = BATCH_OK;
  model_call(m, waits      ? "batch_queue_enqueue"
                : how == 1 ? "batch_queue_enqueue_until"
                           : "batch_queue_try_enqueue");
  bool done = waits      ? batch_queue_enqueue(q->queue, batch)
              : how == 1 ? (status = batch_queue_enqueue_until(q->queue, batch, deadline)) == BATCH_OK
                         : batch_queue_try_enqueue(q->queue, batch);
  /* NOLINTNEXTLINE(readability-suspicious-call-argument): done is the queue's answer, good the model's */
  model_answer(m, done, good, not_entered(q, deadline));
  if (how == 1 && status != (good ? BATCH_OK : not_entered(q, deadline)))
    fuzz_fail("%s: %s", m->function, batch_status_name(status));
  if (done) put_in(m, q, at);
}

static void enqueue_many(model *m, model_queue *q) {
  Batch *batches[MANY];
  int from[MANY];
  size_t n = fuzz_take_below(&m->in, MANY + 1), entered = 77, found = 0;
  unsigned how = fuzz_take_below(&m->in, 3);
  uint64_t deadline = how == 1 ? take_deadline(m) : BATCH_NO_WAIT;
  for (int at = 0; at < HELD && found < n; at++)
    if (m->held[at]) from[found] = at, batches[found++] = m->held[at]->batch;
  if ((n = found) > room_of(q) && !q->capacity) return;
  bool waits = how == 2 && (q->closed || n <= room_of(q));
  size_t most = q->closed ? 0 : n < room_of(q) ? n : room_of(q);
  batch_status status = BATCH_OK;
  model_call(m, waits      ? "batch_queue_enqueue_many_wait"
                : how == 1 ? "batch_queue_enqueue_many_until"
                           : "batch_queue_enqueue_many");
  if (waits)
    entered = batch_queue_enqueue_many_wait(q->queue, batches, n);
  else if (how == 1)
    status = batch_queue_enqueue_many_until(q->queue, batches, n, deadline, &entered);
  else
    entered = batch_queue_enqueue_many(q->queue, batches, n);
  if (entered != most) fuzz_fail("%s: %zu entered, expected %zu", m->function, entered, most);
  if (how == 1 && status != (most == n ? BATCH_OK : not_entered(q, deadline)))
    fuzz_fail("%s: %s", m->function, batch_status_name(status));
  if (most == n || (!waits && how != 1 && most > 0))
    model_good(m);
  else
    model_refused(m, not_entered(q, deadline));
  for (size_t i = 0; i < entered; i++) put_in(m, q, from[i]);
}

static batch_status not_taken(const model_queue *q, uint64_t deadline) {
  return q->closed ? BATCH_CLOSED : deadline == BATCH_NO_WAIT ? BATCH_EMPTY : BATCH_TIMEDOUT;
}

static void check_taken(model *m, model_queue *q, const Batch *batch) {
  model_item *item = take_out(q);
  if (item->batch != batch) fuzz_fail("%s: another batch", m->function);
  model_hold(m, item);
}

static void dequeue(model *m, model_queue *q) {
  unsigned how = fuzz_take_below(&m->in, 3);
  uint64_t deadline = how == 1 ? take_deadline(m) : BATCH_NO_WAIT;
  bool waits = how == 2 && (q->count > 0 || q->closed);
  Batch *batch = NULL;
  batch_status status = BATCH_OK;
  if (model_room(m) < 0) return;
  model_call(m, waits      ? "batch_queue_dequeue"
                : how == 1 ? "batch_queue_dequeue_until"
                           : "batch_queue_try_dequeue");
  if (how == 1 && !waits)
    status = batch_queue_dequeue_until(q->queue, &batch, deadline);
  else
    batch = waits ? batch_queue_dequeue(q->queue) : batch_queue_try_dequeue(q->queue);
  model_answer(m, batch, q->count > 0, not_taken(q, deadline));
  if (how == 1 && status != (batch ? BATCH_OK : not_taken(q, deadline)))
    fuzz_fail("%s: %s", m->function, batch_status_name(status));
  if (batch) check_taken(m, q, batch);
}

static void dequeue_many(model *m, model_queue *q) {
  Batch *batches[MANY] = {NULL};
  size_t n = fuzz_take_below(&m->in, MANY + 1), taken = 77, room = 0;
  unsigned how = fuzz_take_below(&m->in, 3);
  uint64_t deadline = how == 1 ? take_deadline(m) : BATCH_NO_WAIT;
  for (int i = 0; i < HELD; i++) room += !m->held[i];
  if (room < n) return;
  bool waits = how == 2 && (q->count > 0 || q->closed || n == 0);
  size_t most = n < q->count ? n : q->count;
  batch_status status = BATCH_OK;
  model_call(m, waits      ? "batch_queue_dequeue_many_wait"
                : how == 1 ? "batch_queue_dequeue_many_until"
                           : "batch_queue_dequeue_many");
  if (waits)
    taken = batch_queue_dequeue_many_wait(q->queue, batches, n);
  else if (how == 1)
    status = batch_queue_dequeue_many_until(q->queue, batches, n, deadline, &taken);
  else
    taken = batch_queue_dequeue_many(q->queue, batches, n);
  if (taken != most) fuzz_fail("%s: %zu taken, expected %zu", m->function, taken, most);
  if (how == 1 && status != (most > 0 || n == 0 ? BATCH_OK : not_taken(q, deadline)))
    fuzz_fail("%s: %s", m->function, batch_status_name(status));
  if (most > 0 || n == 0)
    model_good(m);
  else
    model_refused(m, not_taken(q, deadline));
  for (size_t i = 0; i < taken; i++) check_taken(m, q, batches[i]);
  for (size_t i = taken; i < MANY; i++)
    if (batches[i]) fuzz_fail("%s: more than it says", m->function);
}

static void peek(model *m, model_queue *q) {
  if (model_room(m) < 0) return;
  model_call(m, "batch_queue_peek");
  const Batch *batch = batch_queue_peek(q->queue);
  model_answer(m, batch, q->count > 0, not_taken(q, BATCH_NO_WAIT));
  if (!batch) return;
  if (batch != q->inside[0]->batch) fuzz_fail("batch_queue_peek: another batch");
  q->inside[0]->references++;
  model_hold(m, q->inside[0]);
}

static void ask(model *m, model_queue *q) {
  model_call(m, "batch_queue_size");
  if (batch_queue_size(q->queue) != q->count || batch_queue_capacity(q->queue) != q->capacity ||
      batch_queue_is_empty(q->queue) != (q->count == 0) || batch_queue_is_closed(q->queue) != q->closed ||
      batch_queue_is_full(q->queue) != (q->capacity && q->count == q->capacity))
    fuzz_fail("a queue of %u has %u inside, and says something else", q->capacity, q->count);
  model_good(m);
}

static bool is_readable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, 0) == 1;
}

static void check_told(model_queue *q) {
  for (int side = 0; side < SIDES; side++)
    if (q->queue && q->told[side] && !is_readable(batch_queue_fd(q->queue, (batch_queue_side)side)))
      fuzz_fail("what is armed on side %d is not told", side);
}

static void arm(model *m, model_queue *q) {
  batch_queue_side side = fuzz_take_below(&m->in, 2) ? BATCH_QUEUE_ENQUEUE : BATCH_QUEUE_DEQUEUE;
  bool ready = side == BATCH_QUEUE_DEQUEUE ? q->count > 0 : !q->capacity || q->count < q->capacity;
  batch_status expected = q->closed && (side == BATCH_QUEUE_ENQUEUE || !ready) ? BATCH_CLOSED
                          : ready                                              ? BATCH_READY
                                                                               : BATCH_OK;
  model_call(m, "batch_queue_arm");
  batch_status status = batch_queue_arm(q->queue, side);
  if (status != expected)
    fuzz_fail("batch_queue_arm: %s, expected %s", batch_status_name(status), batch_status_name(expected));
  if (status == BATCH_CLOSED) model_refused(m, BATCH_CLOSED);
  q->has[side] = true;
  q->told[side] = status != BATCH_OK;
  if (is_readable(batch_queue_fd(q->queue, side)) != q->told[side])
    fuzz_fail("batch_queue_arm: readable, or not");
}

static void release_all(model *m, model_queue *q) {
  while (q->count > 0) model_item_drop(m, take_out(q));
}

static void empty(model *m, model_queue *q) {
  model_call(m, "batch_queue_clear");
  batch_queue_clear(q->queue);
  model_good(m);
  release_all(m, q);
}

static void close_one(model *m, model_queue *q) {
  model_call(m, "batch_queue_close");
  batch_queue_close(q->queue);
  model_good(m);
  q->closed = true;
  tell(q, BATCH_QUEUE_DEQUEUE);
  tell(q, BATCH_QUEUE_ENQUEUE);
}

static void free_one(model *m, model_queue *q) {
  model_call(m, "batch_queue_free");
  batch_queue_free(q->queue);
  model_good(m);
  release_all(m, q);
  *q = (model_queue){0};
}

static void without_queue(model *m) {
  model_call(m, "batch_queue_try_dequeue");
  if (batch_queue_try_dequeue(NULL)) fuzz_fail("a batch of no queue");
  model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
  model_call(m, "batch_queue_enqueue");
  if (batch_queue_enqueue(NULL, NULL)) fuzz_fail("a batch in no queue");
  model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
}

void model_queue_call(model *m) {
  static void (*const calls[])(model *, model_queue *) = {
      enqueue,      enqueue, enqueue, dequeue, dequeue, dequeue, enqueue_many, enqueue_many, dequeue_many,
      dequeue_many, peek,    ask,     arm,     arm,     empty,   close_one,    free_one};
  model_queue *q = &m->queues[fuzz_take_below(&m->in, QUEUES)];
  unsigned call = fuzz_take_below(&m->in, sizeof calls / sizeof *calls + 1);
  if (call == sizeof calls / sizeof *calls)
    without_queue(m);
  else if (!q->queue)
    create(m, q);
  else
    calls[call](m, q);
  check_told(q);
}

void model_queues_end(model *m) {
  for (int i = 0; i < QUEUES; i++)
    if (m->queues[i].queue) free_one(m, &m->queues[i]);
}
