/* A storm of references: batches created, allocated, retained, split, merged, copied, queued, peeked at
   and released by everybody. All elements of a batch and of what is made from it are its number, so
   whoever holds one can tell whether it is whole. Then a duel: batches that pass through a queue as fast
   as can be, under the eyes of those who peek. At the end the pool has all its batches back.

   stress_refcount [seconds [threads [seed]]] */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "support/stress.h"

enum { MAX_THREADS = 32, HELD = 12, ROWS = 6, MOST_ROWS = 48, POOL = 8, MAX_NUMBER = 1 << 24 };

typedef struct shared {
  BatchPool *pool;
  BatchQueue *queue;
  atomic_uint numbers;
  _Atomic uint64_t steps;
} shared;

/* One thread's references; the same batch may be there several times. */
typedef struct hand {
  shared *shared;
  uint64_t *random;
  Batch *held[HELD];
  unsigned n;
} hand;

static void check_whole(const Batch *batch) {
  for (size_t i = 0; i < batch->input.total_size; i++)
    stress_check(batch->input.data[i] == (float)batch->batch_id, "batch %" PRIu64 " has an element of %.0f",
                 batch->batch_id, batch->input.data[i]);
}

static void keep(hand *h, Batch *batch) {
  stress_check(batch, "%s", batch_last_error()->message);
  check_whole(batch);
  h->held[h->n++] = batch;
}

static unsigned some(hand *h) {
  return stress_random_below(h->random, h->n);
}

static void let_go(hand *h, unsigned i) {
  check_whole(h->held[i]);
  batch_release(h->held[i]);
  h->held[i] = h->held[--h->n];
}

static void make(hand *h) {
  Batch *batch = stress_random_below(h->random, 2) ? batch_pool_try_allocate(h->shared->pool) : NULL;
  if (!batch) batch = batch_create(ROWS, 2, 0);
  stress_check(batch, "%s", batch_last_error()->message);
  batch->batch_id = atomic_fetch_add(&h->shared->numbers, 1) % MAX_NUMBER;
  tensor_fill(&batch->input, (float)batch->batch_id);
  keep(h, batch);
}

static void split(hand *h) {
  Batch *parts[3], *whole = h->held[some(h)];
  uint32_t n = 1 + stress_random_below(h->random, 3);
  if (n > whole->batch_size || h->n + n > HELD) return;
  stress_check(batch_split(whole, n, parts), "%s", batch_last_error()->message);
  for (uint32_t i = 0; i < n; i++) keep(h, parts[i]);
}

static void merge(hand *h) {
  Batch *pair[2] = {h->held[some(h)], h->held[some(h)]};
  if (pair[0]->batch_id != pair[1]->batch_id || pair[0]->batch_size + pair[1]->batch_size > MOST_ROWS) return;
  keep(h, batch_merge(pair, 2));
}

static void enqueue(hand *h) {
  unsigned i = some(h);
  if (batch_queue_try_enqueue(h->shared->queue, h->held[i])) h->held[i] = h->held[--h->n];
}

static void take(hand *h, Batch *batch) {
  if (batch) keep(h, batch);
}

/* Does one thing. Without references it can only get some. */
static void step(hand *h) {
  uint32_t die = stress_random_below(h->random, h->n > 0 ? 10 : 3);
  bool has_room = h->n < HELD;
  if (!has_room || die >= 8)
    let_go(h, some(h));
  else if (die == 0)
    make(h);
  else if (die == 1)
    take(h, batch_queue_try_dequeue(h->shared->queue));
  else if (die == 2)
    take(h, batch_queue_peek(h->shared->queue));
  else if (die == 3)
    batch_retain(h->held[h->n] = h->held[some(h)]), h->n++;
  else if (die == 4)
    split(h);
  else if (die == 5)
    merge(h);
  else if (die == 6)
    enqueue(h);
  else
    keep(h, batch_copy(h->held[some(h)]));
}

static void storm(stress_thread *self) {
  hand h = {.shared = self->context, .random = &self->random};
  uint64_t steps = 0;
  for (; steps % 64 || stress_goes_on_until(0.6); steps++) {
    stress_step("shares batches");
    step(&h);
  }
  while (h.n > 0) let_go(&h, 0);
  atomic_fetch_add(&h.shared->steps, steps);
}

static void pass_through(shared *s) {
  Batch *batch = batch_pool_try_allocate(s->pool);
  if (!batch) return;
  batch->batch_id = 1;
  if (!batch_queue_try_enqueue(s->queue, batch)) batch_release(batch);
  batch_release(batch_queue_try_dequeue(s->queue));
}

static void look(shared *s) {
  Batch *batch = batch_queue_peek(s->queue);
  if (!batch) return;
  stress_check(batch->batch_id == 1, "peeked at batch %" PRIu64, batch->batch_id);
  batch_release(batch);
}

/* Every other thread peeks, so that a batch often goes home between a peek's look and its grasp. */
static void duel(stress_thread *self) {
  shared *s = self->context;
  uint64_t steps = 0;
  for (; steps % 64 || stress_goes_on(); steps++) {
    stress_step("peeks, or passes batches through");
    if (self->number % 2)
      look(s);
    else
      pass_through(s);
  }
  atomic_fetch_add(&s->steps, steps);
}

/* The pool has all its batches, and each of them once. */
static void check_pool(BatchPool *pool) {
  Batch *all[POOL];
  for (unsigned i = 0; i < POOL; i++) {
    all[i] = batch_pool_try_allocate(pool);
    stress_check(all[i], "%u of %d batches have come back to the pool", i, POOL);
    for (unsigned j = 0; j < i; j++) stress_check(all[i] != all[j], "a batch is in the pool twice");
  }
  stress_check(!batch_pool_try_allocate(pool), "the pool has more batches than it was made with");
  for (unsigned i = 0; i < POOL; i++) batch_release(all[i]);
}

/* Runs a team on a pool and a queue of their own. */
static void run(void (*function)(stress_thread *self), uint32_t capacity, unsigned threads, shared *s) {
  stress_thread team[MAX_THREADS];
  s->pool = batch_pool_create(POOL, ROWS, 2, 0);
  s->queue = batch_queue_create(capacity);
  stress_check(s->pool && s->queue, "%s", batch_last_error()->message);
  stress_start(team, threads, "sharer", function, s);
  stress_join(team, threads);
  batch_queue_free(s->queue);
  check_pool(s->pool);
  batch_pool_free(s->pool);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 4);
  unsigned threads = stress_threads() < MAX_THREADS ? stress_threads() : MAX_THREADS;
  shared s = {.pool = NULL};
  run(storm, 5, threads, &s);
  run(duel, 1, threads < 2 ? 2 : threads, &s);
  return stress_end("%" PRIu64 " steps with %u batches", atomic_load(&s.steps), atomic_load(&s.numbers));
}
