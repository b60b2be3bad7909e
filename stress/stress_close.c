/* A queue that is closed under the hands of waiting producers and consumers: everyone comes back, what
   was accepted comes out, nothing is accepted afterwards.

   stress_close [seconds [threads [seed]]]     threads: producers and consumers together */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/queue_internal.h"
#include "support/ring_invariants.h"
#include "support/stress.h"

enum { MAX_THREADS = 32, MANY = 3 };

typedef struct round {
  BatchQueue *queue;
  atomic_bool closed; /* after batch_queue_close has returned */
  _Atomic uint64_t entered, left;
  atomic_uint refusals;
} round_state;

static uint64_t deadline_of(uint32_t die) {
  return die == 0 ? BATCH_NO_WAIT : die == 1 ? batch_deadline_after(20000) : BATCH_FOREVER;
}

/* One batch, or several in one call. *entered of them are in, whatever it answers. */
static batch_status enqueue(round_state *r, Batch **batches, size_t n, uint32_t die, size_t *entered) {
  batch_status status;
  if (n > 1 && die == 3) {
    *entered = batch_queue_enqueue_many_wait(r->queue, batches, n);
    return *entered == n ? BATCH_OK : batch_last_error()->code;
  }
  if (n > 1) return batch_queue_enqueue_many_until(r->queue, batches, n, deadline_of(die), entered);
  /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): there is one at least */
  status = batch_queue_enqueue_until(r->queue, batches[0], deadline_of(die));
  *entered = status == BATCH_OK;
  return status;
}

static void produce(stress_thread *self) {
  round_state *r = self->context;
  Batch *batches[MANY];
  batch_status status;
  do {
    size_t n = 1 + stress_random_below(&self->random, MANY), entered;
    for (size_t i = 0; i < n; i++)
      stress_check((batches[i] = batch_create(1, 1, 0)) != NULL, "%s", batch_last_error()->message);
    bool closed = atomic_load(&r->closed);
    stress_step("enqueues, or waits for room");
    status = enqueue(r, batches, n, stress_random_below(&self->random, 4), &entered);
    stress_check(!closed || (status == BATCH_CLOSED && entered == 0),
                 "enqueue after the close answers %s, %zu are in", batch_status_name(status), entered);
    stress_check((status == BATCH_OK) == (entered == n), "enqueue answers %s, %zu of %zu are in",
                 batch_status_name(status), entered, n);
    stress_check(status == BATCH_OK || status == BATCH_CLOSED || status == BATCH_FULL ||
                     status == BATCH_TIMEDOUT,
                 "enqueue answers %s", batch_status_name(status));
    atomic_fetch_add(&r->entered, entered);
    for (size_t i = entered; i < n; i++) batch_release(batches[i]);
  } while (status != BATCH_CLOSED);
  atomic_fetch_add(&r->refusals, 1);
}

/* One batch, or several in one call. */
static batch_status dequeue(round_state *r, Batch **batches, size_t n, uint32_t die, size_t *taken) {
  batch_status status;
  if (n > 1 && die == 3) {
    *taken = batch_queue_dequeue_many_wait(r->queue, batches, n);
    return *taken > 0 ? BATCH_OK : batch_last_error()->code;
  }
  if (n > 1) return batch_queue_dequeue_many_until(r->queue, batches, n, deadline_of(die), taken);
  status = batch_queue_dequeue_until(r->queue, batches, deadline_of(die));
  *taken = status == BATCH_OK;
  return status;
}

static void consume(stress_thread *self) {
  round_state *r = self->context;
  Batch *batches[MANY];
  batch_status status;
  do {
    size_t n = 1 + stress_random_below(&self->random, MANY), taken;
    stress_step("dequeues, or waits for a batch");
    status = dequeue(r, batches, n, stress_random_below(&self->random, 4), &taken);
    stress_check((status == BATCH_OK) == (taken > 0), "dequeue answers %s, %zu came",
                 batch_status_name(status), taken);
    for (size_t i = 0; i < taken; i++) batch_release(batches[i]);
    atomic_fetch_add(&r->left, taken);
  } while (status != BATCH_CLOSED);
  stress_check(!batch_queue_try_dequeue(r->queue), "a batch after \"closed and drained\"");
}

static void close_it(stress_thread *self) {
  round_state *r = self->context;
  for (volatile uint32_t i = stress_random_below(&self->random, 20000); i > 0; i--) continue;
  stress_step("closes");
  batch_queue_close(r->queue);
  stress_check(batch_queue_is_closed(r->queue), "closed, and it denies it");
  atomic_store(&r->closed, true);
}

/* What nobody was there to take. */
static void drain(round_state *r) {
  Batch *batch;
  while ((batch = batch_queue_try_dequeue(r->queue))) {
    batch_release(batch);
    atomic_fetch_add(&r->left, 1);
  }
  stress_check(batch_last_error()->code == BATCH_CLOSED, "drained, and it says %s",
               batch_last_error()->message);
}

static uint64_t run(uint64_t *random, unsigned threads) {
  static const uint32_t capacities[] = {0, 1, 2, 3, 16};
  stress_thread producers[MAX_THREADS], consumers[MAX_THREADS], closers[2];
  round_state r = {.queue = batch_queue_create(capacities[stress_random_below(random, 5)])};
  stress_check(r.queue, "%s", batch_last_error()->message);
  unsigned p = stress_random_below(random, threads + 1), c = threads - p;
  stress_start(producers, p, "producer", produce, &r);
  stress_start(consumers, c, "consumer", consume, &r);
  stress_start(closers, 2, "closer", close_it, &r);
  stress_join(closers, 2);
  stress_join(producers, p);
  stress_join(consumers, c);
  drain(&r);
  stress_check(atomic_load(&r.refusals) == p, "%u of %u producers were refused", atomic_load(&r.refusals), p);
  stress_check(atomic_load(&r.entered) == atomic_load(&r.left),
               "%" PRIu64 " batches went in, %" PRIu64 " came out", atomic_load(&r.entered),
               atomic_load(&r.left));
  const char *wrong = batch_queue_capacity(r.queue) > 0 ? ring_invariants(&r.queue->handles.ring) : NULL;
  stress_check(!wrong, "at rest the ring is not right: %s", wrong);
  batch_queue_free(r.queue);
  return atomic_load(&r.left);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 4);
  uint64_t rounds = 0, batches = 0, random = stress_seed();
  unsigned threads = stress_threads() < MAX_THREADS ? stress_threads() : MAX_THREADS;
  do {
    batches += run(&random, threads);
    rounds++;
  } while (stress_goes_on());
  return stress_end("%" PRIu64 " queues closed while in use, %" PRIu64 " batches", rounds, batches);
}
