/* Queues, bounded and unlimited, closed while they are in use and made again. */
#include "soak/polls.h"
#include "soak/soak.h"

enum { SIDE = 3, BURST = 40, MOST_PUTS = 60 };

typedef struct use {
  hand *h;
  BatchQueue *queue;
  BatchPool *pool; /* where batches come from; NULL: each is made */
  uint64_t random, close_after;
  _Atomic uint64_t put, taken, sum_put, sum_taken;
} use;

static Batch *make(use *u, uint64_t *random) {
  uint64_t id = stress_random(random) >> 40;
  Batch *batch = u->pool ? NULL : soak_batch(id);
  if (!u->pool) return hand_allows(u->h, batch, "batch_create") ? batch : NULL;
  batch_status status = stress_random_below(random, 2)
                            ? poll_allocate(u->pool, &batch)
                            : batch_pool_allocate_until(u->pool, &batch, BATCH_FOREVER);
  if (status != BATCH_OK) return NULL; /* closed */
  batch->batch_id = id;
  return batch;
}

/* Answers whether to go on. */
static bool put_one(use *u, uint64_t *random) {
  Batch *batch = make(u, random);
  if (!batch) return false;
  uint64_t id = batch->batch_id;
  batch_status status = BATCH_TIMEDOUT;
  uint32_t how = stress_random_below(random, 3);
  while (status == BATCH_TIMEDOUT)
    status = how == 0 ? poll_enqueue(u->queue, batch)
                      : batch_queue_enqueue_until(u->queue, batch,
                                                  how == 1 ? BATCH_FOREVER : batch_deadline_after(100000));
  if (status == BATCH_OK) {
    atomic_fetch_add(&u->put, 1);
    atomic_fetch_add(&u->sum_put, id);
    return true;
  }
  batch_release(batch);
  return status != BATCH_CLOSED && hand_allows(u->h, false, "batch_queue_enqueue");
}

/* Many at once: what does not go in is released. */
static bool put_many(use *u, uint64_t *random) {
  Batch *batches[BURST];
  uint64_t ids[BURST];
  size_t n = 0, most = 1 + stress_random_below(random, u->pool ? 2 : BURST);
  while (n < most && (batches[n] = make(u, random))) ids[n] = batches[n]->batch_id, n++;
  if (n == 0) return false;
  size_t entered = stress_random_below(random, 2) ? batch_queue_enqueue_many(u->queue, batches, n)
                                                  : batch_queue_enqueue_many_wait(u->queue, batches, n);
  batch_status why = entered < n ? batch_last_error()->code : BATCH_OK;
  atomic_fetch_add(&u->put, entered);
  for (size_t i = 0; i < entered; i++) atomic_fetch_add(&u->sum_put, ids[i]);
  for (size_t i = entered; i < n; i++) batch_release(batches[i]);
  return entered > 0 || why != BATCH_CLOSED;
}

static void put(stress_thread *self) {
  use *u = self->context;
  uint64_t random = self->random ^ u->random;
  for (uint64_t n = 0;; n++) {
    if (n > u->close_after) batch_queue_close(u->queue);
    if (!(stress_random_below(&random, 3) ? put_one(u, &random) : put_many(u, &random))) break;
  }
  batch_queue_close(u->queue);
}

static void account(use *u, Batch **batches, size_t n) {
  atomic_fetch_add(&u->taken, n);
  for (size_t i = 0; i < n; i++) {
    atomic_fetch_add(&u->sum_taken, batches[i]->batch_id);
    batch_release(batches[i]);
  }
}

static void look(use *u) {
  Batch *first = batch_queue_peek(u->queue);
  if (first) batch_release(first);
  uint32_t capacity = batch_queue_capacity(u->queue), size = batch_queue_size(u->queue);
  stress_check(!capacity || size <= capacity, "%u batches in a queue of %u", size, capacity);
}

static void get(stress_thread *self) {
  use *u = self->context;
  uint64_t random = self->random ^ u->random;
  for (;;) {
    Batch *batches[BURST];
    size_t n = 1;
    batch_status status = BATCH_OK;
    switch (stress_random_below(&random, 4)) {
    case 0:
      status = poll_dequeue(u->queue, &batches[0]);
      break;
    case 1:
      n = batch_queue_dequeue_many_wait(u->queue, batches, BURST);
      break;
    case 2:
      status = batch_queue_dequeue_until(u->queue, &batches[0], batch_deadline_after(100000));
      break;
    default:
      n = (batches[0] = batch_queue_dequeue(u->queue)) != NULL;
    }
    if (status == BATCH_CLOSED || n == 0) return;
    if (status != BATCH_TIMEDOUT && hand_allows(u->h, status == BATCH_OK, "batch_queue_dequeue"))
      account(u, batches, n);
    if (stress_random_below(&random, 8) == 0) look(u);
  }
}

static void use_queue(hand *h, BatchPool *pool) {
  static const uint32_t capacities[] = {0, 1, 2, 3, 7, 64, 1024};
  stress_thread putting[SIDE], getting[SIDE];
  unsigned puts = 1 + hand_below(h, SIDE), gets = 1 + hand_below(h, SIDE);
  use u = {
      .h = h, .pool = pool, .random = stress_random(&h->random), .close_after = hand_below(h, MOST_PUTS)};
  hand_step(h, "makes a queue");
  u.queue = batch_queue_create(capacities[hand_below(h, 7)]);
  if (!hand_allows(h, u.queue, "batch_queue_create")) return;
  hand_start(h, getting, gets, "getter", get, &u);
  hand_start(h, putting, puts, "putter", put, &u);
  hand_join(h, putting, puts);
  hand_join(h, getting, gets);
  if (u.put != u.taken || u.sum_put != u.sum_taken)
    stress_fail("%" PRIu64 " batches went into a queue, %" PRIu64 " came out", u.put, u.taken);
  batch_queue_free(u.queue);
  soak_count(SOAK_QUEUES, 1);
  soak_count(SOAK_PASSED, u.taken);
}

void scene_queue(hand *h) {
  BatchPool *pool = NULL;
  if (hand_once_in(h, 2) &&
      !hand_allows(h, (pool = batch_pool_create(2 + 2 * SIDE * 2 + hand_below(h, 30), 1, 2, 0)),
                   "batch_pool_create"))
    return;
  for (unsigned again = 1 + hand_below(h, 4); again > 0; again--) use_queue(h, pool);
  if (pool && batch_pool_outstanding(pool) != 0) stress_fail("a batch of the pool is missing");
  batch_pool_free(pool);
}
