/* A queue that is closed under the hands of waiting producers and consumers: everyone comes back, what
   was accepted comes out, nothing is accepted afterwards.

   stress_close [seconds [threads [seed]]]     threads: producers and consumers together */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support/stress.h"

enum { MAX_THREADS = 32 };

typedef struct round {
  BatchQueue *queue;
  atomic_bool closed; /* after batch_queue_close has returned */
  _Atomic uint64_t entered, left;
  atomic_uint refusals;
} round_state;

static batch_status enqueue(round_state *r, Batch *batch, uint32_t die) {
  uint64_t deadline = die == 0 ? BATCH_NO_WAIT : die == 1 ? batch_deadline_after(20000) : BATCH_FOREVER;
  return batch_queue_enqueue_until(r->queue, batch, deadline);
}

static void produce(stress_thread *self) {
  round_state *r = self->context;
  for (;;) {
    Batch *batch = batch_create(1, 1, 0);
    stress_check(batch, "%s", batch_last_error()->message);
    bool closed = atomic_load(&r->closed);
    stress_step("enqueues, or waits for room");
    batch_status status = enqueue(r, batch, stress_random_below(&self->random, 4));
    stress_check(!closed || status == BATCH_CLOSED, "enqueue after the close answers %s",
                 batch_status_name(status));
    if (status == BATCH_OK) {
      atomic_fetch_add(&r->entered, 1);
      continue;
    }
    batch_release(batch);
    if (status == BATCH_CLOSED) break;
    stress_check(status == BATCH_FULL || status == BATCH_TIMEDOUT, "enqueue answers %s",
                 batch_status_name(status));
  }
  atomic_fetch_add(&r->refusals, 1);
}

static void consume(stress_thread *self) {
  round_state *r = self->context;
  for (;;) {
    Batch *batch;
    uint32_t die = stress_random_below(&self->random, 4);
    uint64_t deadline = die == 0 ? BATCH_NO_WAIT : die == 1 ? batch_deadline_after(20000) : BATCH_FOREVER;
    stress_step("dequeues, or waits for a batch");
    batch_status status = batch_queue_dequeue_until(r->queue, &batch, deadline);
    if (status == BATCH_CLOSED) break;
    if (status != BATCH_OK) continue;
    batch_release(batch);
    atomic_fetch_add(&r->left, 1);
  }
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
