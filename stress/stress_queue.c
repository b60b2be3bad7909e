/* Producers and consumers on one queue, in every way of calling it: no batch is lost or comes twice, and
   each consumer sees the batches of a producer in their order. What a step that puts in several has put in is side by
   side: nothing comes between, neither in what one call takes out nor, where one consumer takes everything, in all.
   Someone peeks and asks meanwhile.

   stress_queue [seconds [threads [seed]]]     threads: producers and consumers together */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/queue_internal.h"
#include "support/ring_invariants.h"
#include "support/stress.h"

/* One more than go in at once, so that there is a step that cannot take all. */
enum { MAX_PRODUCERS = 32, MANY = RING_GROUP_MOST + 1 };
#define MAX_EACH (UINT32_C(1) << 20) /* batches a producer, in one scenario */

typedef enum way { TRY, WAIT, UNTIL, MANY_AT_ONCE, MANY_WAIT, MANY_UNTIL, WAYS } way;

typedef struct scenario {
  uint32_t capacity;
  way way;
  unsigned producers, consumers;
  double until; /* share of the program's seconds */
  BatchQueue *queue;
  atomic_uint producing, consuming;
  _Atomic uint64_t taken, peeked, together; /* the last: neighbours that went in in one step */
  uint32_t made[MAX_PRODUCERS];             /* by each producer, once it has ended */
  _Atomic uint8_t *seen;                    /* [producers][MAX_EACH] */
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

/* The step in which a batch is put in next, where the call is one step; what does not go in is in the next one. */
static void label(scenario *s, Batch **batches, size_t n, uint32_t step) {
  for (size_t i = 0; i < n; i++) batches[i]->epoch_id = s->way == MANY_AT_ONCE ? step : 0;
}

static uint32_t enqueue_some(scenario *s, unsigned producer, uint32_t made, uint32_t many) {
  static _Thread_local uint32_t step; /* of all scenarios */
  Batch *batches[MANY];
  uint32_t entered = 0;
  for (uint32_t i = 0; i < many; i++) batches[i] = make(producer, made + i);
  while (entered < many) {
    label(s, batches + entered, many - entered, ++step);
    size_t some = enqueue_many(s, batches + entered, many - entered);
    stress_check(some <= many - entered && (some <= RING_GROUP_MOST || s->way != MANY_AT_ONCE),
                 "%zu of %u are in", some, many - entered);
    entered += (uint32_t)some;
    if (entered < many && s->way == MANY_AT_ONCE) sched_yield();
  }
  return made + many;
}

/* Mostly a few, so that steps and hauls are out of step. */
static uint32_t some_many(stress_thread *self) {
  return 1 + stress_random_below(&self->random, stress_random_below(&self->random, 4) == 0 ? MANY : 8);
}

static void produce(stress_thread *self) {
  scenario *s = self->context;
  uint32_t made = 0;
  while (made <= MAX_EACH - MANY && (made == 0 || stress_goes_on_until(s->until))) {
    stress_step("enqueues");
    if (s->way >= MANY_AT_ONCE)
      made = enqueue_some(s, self->number, made, some_many(self));
    else
      enqueue(s, make(self->number, made++));
  }
  s->made[self->number] = made;
  if (atomic_fetch_sub(&s->producing, 1) == 1) batch_queue_close(s->queue);
}

/* What a consumer knows of each producer. */
typedef struct account {
  int64_t last[MAX_PRODUCERS];  /* the number of its last batch */
  uint64_t step[MAX_PRODUCERS]; /* the step of that one */
  bool is_over[MAX_PRODUCERS];  /* another batch has come since, so that nothing more of the step can come */
  unsigned before;              /* the producer of the batch before */
} account;

/* Nothing is before the next batch: other consumers may take what comes between. */
static void forget_steps(account *a) {
  for (unsigned p = 0; p < MAX_PRODUCERS; p++) a->step[p] = 0;
}

/* Nothing lies between two of a step. Returns whether this one follows another one of its step. */
static bool account_step(account *a, unsigned producer, uint32_t number, uint32_t step) {
  bool follows = step != 0 && a->step[producer] == step;
  if (follows)
    stress_check(!a->is_over[producer] && a->last[producer] + 1 == (int64_t)number,
                 "batch %x%08x is not beside the one before it that went in in the same step", producer,
                 number);
  if (a->before != producer || !follows) a->is_over[a->before] = true;
  a->before = producer;
  a->step[producer] = step;
  a->is_over[producer] = false;
  return follows;
}

static void account_for(scenario *s, Batch *batch, account *a) {
  unsigned producer = (unsigned)(batch->batch_id >> 32);
  uint32_t number = (uint32_t)batch->batch_id;
  stress_check(producer < s->producers && number < MAX_EACH, "batch %" PRIx64 " is invented",
               batch->batch_id);
  stress_check(batch->input.data[0] == (float)number, "batch %" PRIx64 " came without its bytes",
               batch->batch_id);
  stress_check(!atomic_exchange(&s->seen[producer * MAX_EACH + number], 1), "batch %" PRIx64 " came twice",
               batch->batch_id);
  stress_check((int64_t)number > a->last[producer], "batch %" PRIx64 " came after %" PRId64, batch->batch_id,
               a->last[producer]);
  if (account_step(a, producer, number, batch->epoch_id))
    atomic_fetch_add_explicit(&s->together, 1, memory_order_relaxed);
  a->last[producer] = number;
  batch_release(batch);
}

/* Returns how many batches came; 0: look at the last error. */
static size_t dequeue(scenario *s, Batch **batches, uint32_t many) {
  size_t taken;
  switch (s->way) {
  case WAIT:
    return (batches[0] = batch_queue_dequeue(s->queue)) != NULL;
  case UNTIL:
    return batch_queue_dequeue_until(s->queue, batches, batch_deadline_after(50000)) == BATCH_OK;
  case MANY_AT_ONCE:
    return batch_queue_dequeue_many(s->queue, batches, many);
  case MANY_WAIT:
    return batch_queue_dequeue_many_wait(s->queue, batches, many);
  case MANY_UNTIL:
    batch_queue_dequeue_many_until(s->queue, batches, many, batch_deadline_after(50000), &taken);
    return taken;
  default:
    return (batches[0] = batch_queue_try_dequeue(s->queue)) != NULL;
  }
}

static void consume(stress_thread *self) {
  scenario *s = self->context;
  Batch *batches[MANY];
  account a = {.before = 0};
  for (unsigned i = 0; i < MAX_PRODUCERS; i++) a.last[i] = -1;
  for (;;) {
    stress_step("dequeues");
    size_t came = dequeue(s, batches, some_many(self));
    if (s->consumers > 1) forget_steps(&a);
    for (size_t i = 0; i < came; i++) account_for(s, batches[i], &a);
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
    bool full = batch_queue_is_full(s->queue);
    stress_check(!full || s->capacity > 0, "a queue without a limit is full");
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
  stress_check(batch_queue_size(s->queue) == 0 && batch_queue_is_empty(s->queue) &&
                   !batch_queue_is_full(s->queue) && batch_queue_is_closed(s->queue),
               "not drained");
  const char *wrong = s->capacity > 0 ? ring_invariants(&s->queue->handles.ring) : NULL;
  stress_check(!wrong, "at rest the ring is not right: %s", wrong);
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
  printf("  capacity %4u, %-13s, %u producers, %u consumers: %9" PRIu64 " batches, %" PRIu64 " peeks",
         s->capacity, ways[s->way], s->producers, s->consumers, atomic_load(&s->taken),
         atomic_load(&s->peeked));
  if (s->way == MANY_AT_ONCE)
    printf(", %" PRIu64 " came right after one of the same step", atomic_load(&s->together));
  printf("\n");
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
    /* One consumer sees whether anything at all came between two of a step. */
    if (i % WAYS == MANY_AT_ONCE && i / WAYS % 2 == 0) producers = threads - 1;
    scenario s = {.capacity = capacities[i / WAYS],
                  .way = (way)(i % WAYS),
                  .producers = producers,
                  .consumers = threads - producers,
                  .until = (i + 1.0) / SCENARIOS};
    batches += run(&s);
  }
  return stress_end("%" PRIu64 " batches, none lost, doubled or out of order", batches);
}
