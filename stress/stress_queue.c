/* Producers and consumers on one queue, in every way of calling it: no batch is lost or comes twice, and
   each consumer sees the batches of a producer in their order. Someone peeks meanwhile.

   stress_queue [seconds [threads [seed]]]     threads: producers and consumers together */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/stress.h"

enum { MAX_PRODUCERS = 32, MANY = 8 };
#define MAX_EACH (UINT32_C(1) << 20) /* batches a producer, in one scenario */

typedef enum way { TRY, WAIT, UNTIL, MANY_AT_ONCE, MANY_WAIT, MANY_UNTIL, WAYS } way;

typedef struct scenario {
  uint32_t capacity;
  way way;
  unsigned producers, consumers;
  double until; /* share of the program's seconds */
  BatchQueue *queue;
  atomic_uint producing, consuming;
  _Atomic uint64_t taken, peeked;
  uint32_t made[MAX_PRODUCERS]; /* by each producer, once it has ended */
  _Atomic uint8_t *seen;        /* [producers][MAX_EACH] */
} scenario;

static Batch *make(unsigned producer, uint32_t number) {
  Batch *batch = batch_create(1, 1, 0);
  stress_check(batch, "%s", batch_last_error()->message);
  batch->batch_id = (uint64_t)producer << 32 | number;
  batch->input.data[0] = (float)number;
  return batch;
}

static void enqueue(scenario *s, Batch *batch) {
  switch (s->way) {
  case WAIT:
    stress_check(batch_queue_enqueue(s->queue, batch), "%s", batch_last_error()->message);
    return;
  case UNTIL:
    for (batch_status status;
         (status = batch_queue_enqueue_until(s->queue, batch, batch_deadline_after(50000)));)
      stress_check(status == BATCH_TIMEDOUT, "enqueue_until answers %s", batch_status_name(status));
    return;
  default:
    while (!batch_queue_try_enqueue(s->queue, batch)) {
      stress_check(batch_last_error()->code == BATCH_FULL, "%s", batch_last_error()->message);
      sched_yield();
    }
  }
}

static size_t enqueue_many(scenario *s, Batch **batches, size_t n) {
  size_t entered;
  switch (s->way) {
  case MANY_WAIT:
    entered = batch_queue_enqueue_many_wait(s->queue, batches, n);
    stress_check(entered == n, "enqueue_many_wait: %zu of %zu are in: %s", entered, n,
                 batch_last_error()->message);
    return n;
  case MANY_UNTIL: {
    batch_status status =
        batch_queue_enqueue_many_until(s->queue, batches, n, batch_deadline_after(50000), &entered);
    stress_check(status == (entered == n ? BATCH_OK : BATCH_TIMEDOUT),
                 "enqueue_many_until: %zu of %zu are in and it answers %s", entered, n,
                 batch_status_name(status));
    return entered;
  }
  default:
    return batch_queue_enqueue_many(s->queue, batches, n);
  }
}

static uint32_t enqueue_some(scenario *s, unsigned producer, uint32_t made) {
  Batch *batches[MANY];
  uint32_t entered = 0;
  for (uint32_t i = 0; i < MANY; i++) batches[i] = make(producer, made + i);
  while (entered < MANY) {
    entered += (uint32_t)enqueue_many(s, batches + entered, MANY - entered);
    if (entered < MANY && s->way == MANY_AT_ONCE) sched_yield();
  }
  return made + MANY;
}

static void produce(stress_thread *self) {
  scenario *s = self->context;
  uint32_t made = 0;
  while (made <= MAX_EACH - MANY && (made == 0 || stress_goes_on_until(s->until))) {
    stress_step("enqueues");
    if (s->way >= MANY_AT_ONCE)
      made = enqueue_some(s, self->number, made);
    else
      enqueue(s, make(self->number, made++));
  }
  s->made[self->number] = made;
  if (atomic_fetch_sub(&s->producing, 1) == 1) batch_queue_close(s->queue);
}

static void account(scenario *s, Batch *batch, int64_t *last) {
  unsigned producer = (unsigned)(batch->batch_id >> 32);
  uint32_t number = (uint32_t)batch->batch_id;
  stress_check(producer < s->producers && number < MAX_EACH, "batch %" PRIx64 " is invented",
               batch->batch_id);
  stress_check(batch->input.data[0] == (float)number, "batch %" PRIx64 " came without its bytes",
               batch->batch_id);
  stress_check(!atomic_exchange(&s->seen[producer * MAX_EACH + number], 1), "batch %" PRIx64 " came twice",
               batch->batch_id);
  stress_check((int64_t)number > last[producer], "batch %" PRIx64 " came after %" PRId64, batch->batch_id,
               last[producer]);
  last[producer] = number;
  batch_release(batch);
}

/* Returns how many batches came; 0: look at the last error. */
static size_t dequeue(scenario *s, Batch **batches) {
  size_t taken;
  switch (s->way) {
  case WAIT:
    return (batches[0] = batch_queue_dequeue(s->queue)) != NULL;
  case UNTIL:
    return batch_queue_dequeue_until(s->queue, batches, batch_deadline_after(50000)) == BATCH_OK;
  case MANY_AT_ONCE:
    return batch_queue_dequeue_many(s->queue, batches, MANY);
  case MANY_WAIT:
    return batch_queue_dequeue_many_wait(s->queue, batches, MANY);
  case MANY_UNTIL:
    batch_queue_dequeue_many_until(s->queue, batches, MANY, batch_deadline_after(50000), &taken);
    return taken;
  default:
    return (batches[0] = batch_queue_try_dequeue(s->queue)) != NULL;
  }
}

static void consume(stress_thread *self) {
  scenario *s = self->context;
  Batch *batches[MANY];
  int64_t last[MAX_PRODUCERS];
  for (unsigned i = 0; i < MAX_PRODUCERS; i++) last[i] = -1;
  for (;;) {
    stress_step("dequeues");
    size_t came = dequeue(s, batches);
    for (size_t i = 0; i < came; i++) account(s, batches[i], last);
    atomic_fetch_add_explicit(&s->taken, came, memory_order_relaxed);
    if (came == 0 && batch_last_error()->code == BATCH_CLOSED) break;
    if (came == 0 && (s->way == TRY || s->way == MANY_AT_ONCE)) sched_yield();
  }
  atomic_fetch_sub(&s->consuming, 1);
}

/* What is peeked at is whole, and sizes stay within bounds. */
static void look(stress_thread *self) {
  scenario *s = self->context;
  while (atomic_load(&s->consuming) > 0) {
    stress_step("peeks");
    Batch *batch = batch_queue_peek(s->queue);
    if (batch) {
      stress_check(batch->input.data[0] == (float)(uint32_t)batch->batch_id,
                   "peeked at batch %" PRIx64 " in pieces", batch->batch_id);
      batch_release(batch);
      atomic_fetch_add_explicit(&s->peeked, 1, memory_order_relaxed);
    }
    uint32_t size = batch_queue_size(s->queue);
    stress_check(s->capacity == 0 || size <= s->capacity, "size is %u of %u", size, s->capacity);
    sched_yield();
  }
}

static void check_all_seen(const scenario *s) {
  uint64_t made = 0;
  for (unsigned p = 0; p < s->producers; p++) {
    made += s->made[p];
    for (uint32_t i = 0; i < s->made[p]; i++)
      stress_check(atomic_load_explicit(&s->seen[p * MAX_EACH + i], memory_order_relaxed),
                   "batch %x%08x is lost", p, i);
  }
  stress_check(made == atomic_load(&s->taken), "made %" PRIu64 ", taken %" PRIu64, made,
               atomic_load(&s->taken));
  stress_check(batch_queue_size(s->queue) == 0 && batch_queue_is_closed(s->queue), "not drained");
}

static uint64_t run(scenario *s) {
  static const char *const ways[] = {"try", "wait", "until", "many", "many, waiting", "many, until"};
  stress_thread producers[MAX_PRODUCERS], consumers[MAX_PRODUCERS], onlooker;
  s->queue = batch_queue_create(s->capacity);
  s->seen = calloc(s->producers, MAX_EACH);
  stress_check(s->queue && s->seen, "no memory");
  atomic_store(&s->producing, s->producers);
  atomic_store(&s->consuming, s->consumers);
  stress_start(consumers, s->consumers, "consumer", consume, s);
  stress_start(&onlooker, 1, "onlooker", look, s);
  stress_start(producers, s->producers, "producer", produce, s);
  stress_join(producers, s->producers);
  stress_join(consumers, s->consumers);
  stress_join(&onlooker, 1);
  check_all_seen(s);
  printf("  capacity %4u, %-13s, %u producers, %u consumers: %9" PRIu64 " batches, %" PRIu64 " peeks\n",
         s->capacity, ways[s->way], s->producers, s->consumers, atomic_load(&s->taken),
         atomic_load(&s->peeked));
  free((void *)(uintptr_t)s->seen);
  batch_queue_free(s->queue);
  return atomic_load(&s->taken);
}

int main(int argc, char **argv) {
  static const uint32_t capacities[] = {1, 2, 3, 1024, 0};
  enum { CAPACITIES = sizeof capacities / sizeof *capacities, SCENARIOS = CAPACITIES * WAYS };
  stress_begin(argc, argv, 3.0, 4);
  uint64_t batches = 0, random = stress_seed();
  unsigned threads = stress_threads() < 2 ? 2 : stress_threads();
  if (threads > MAX_PRODUCERS) threads = MAX_PRODUCERS;
  for (unsigned i = 0; i < SCENARIOS; i++) {
    unsigned producers = i % 2 ? threads / 2 : 1 + stress_random_below(&random, threads - 1);
    scenario s = {.capacity = capacities[i / WAYS],
                  .way = (way)(i % WAYS),
                  .producers = producers,
                  .consumers = threads - producers,
                  .until = (i + 1.0) / SCENARIOS};
    batches += run(&s);
  }
  return stress_end("%" PRIu64 " batches, none lost, doubled or out of order", batches);
}
