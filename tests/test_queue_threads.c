#include "support/check.h"

#include <sched.h>
#include <stdlib.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(queue_threads, .init = watchdog_on);

enum { WAITERS = 4 };

static void fill(BatchQueue *queue, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) cr_assert(batch_queue_enqueue(queue, check_small_batch(i)));
}

/* Each takes one batch, waiting, and keeps it as its result. */
static void take_one(test_thread *self) {
  thread_waits(self, "waits in batch_queue_dequeue");
  self->result = batch_queue_dequeue(self->context);
}

/* Each puts in one batch, waiting; its result is the batch that stayed its own. */
static void put_one(test_thread *self) {
  Batch *batch = check_small_batch(100 + self->number);
  thread_waits(self, "waits in batch_queue_enqueue");
  self->result = batch_queue_enqueue(self->context, batch) ? NULL : batch;
}

static void release_results(test_thread *threads) {
  for (int i = 0; i < WAITERS; i++) {
    cr_assert_not_null(threads[i].result);
    assert_count((Batch *)threads[i].result, 1);
    batch_release(threads[i].result);
  }
}

static void check_close_wakes(void (*take)(test_thread *self)) {
  for (uint32_t capacity = 0; capacity <= 2; capacity++) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread threads[WAITERS];
    threads_start(threads, WAITERS, "consumer", take, queue);
    threads_until_asleep(threads, WAITERS);
    batch_queue_close(queue);
    threads_join(threads, WAITERS);
    for (int i = 0; i < WAITERS; i++) cr_assert_null(threads[i].result);
    batch_queue_free(queue);
  }
}

Test(queue_threads, queue_close_wakes_waiting_consumers) {
  check_close_wakes(take_one);
}

Test(queue_threads, queue_close_wakes_waiting_producers_who_keep_their_batches) {
  for (uint32_t capacity = 1; capacity <= 2; capacity++) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread threads[WAITERS];
    fill(queue, capacity);
    threads_start(threads, WAITERS, "producer", put_one, queue);
    threads_until_asleep(threads, WAITERS);
    batch_queue_close(queue);
    threads_join(threads, WAITERS);
    release_results(threads);
    cr_assert_eq(batch_queue_size(queue), capacity);
    batch_queue_free(queue);
  }
}

Test(queue_threads, each_enqueue_wakes_a_waiting_consumer) {
  for (uint32_t capacity = 0; capacity <= 1; capacity++) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread threads[WAITERS];
    threads_start(threads, WAITERS, "consumer", take_one, queue);
    threads_until_asleep(threads, WAITERS);
    watchdog_step("enqueues");
    fill(queue, WAITERS);
    threads_join(threads, WAITERS);
    release_results(threads);
    batch_queue_free(queue);
  }
}

Test(queue_threads, one_enqueue_many_wakes_all_waiting_consumers) {
  BatchQueue *queue = batch_queue_create(WAITERS);
  test_thread threads[WAITERS];
  Batch *batches[WAITERS];
  for (uint64_t i = 0; i < WAITERS; i++) batches[i] = check_small_batch(i);
  threads_start(threads, WAITERS, "consumer", take_one, queue);
  threads_until_asleep(threads, WAITERS);
  cr_assert_eq(batch_queue_enqueue_many(queue, batches, WAITERS), WAITERS);
  threads_join(threads, WAITERS);
  release_results(threads);
  batch_queue_free(queue);
}

Test(queue_threads, each_dequeue_wakes_a_waiting_producer) {
  BatchQueue *queue = batch_queue_create(2);
  test_thread threads[WAITERS];
  fill(queue, 2);
  threads_start(threads, WAITERS, "producer", put_one, queue);
  threads_until_asleep(threads, WAITERS);
  watchdog_step("dequeues");
  for (int i = 0; i < 2 + WAITERS; i++) batch_release(batch_queue_dequeue(queue));
  threads_join(threads, WAITERS);
  for (int i = 0; i < WAITERS; i++) cr_assert_null(threads[i].result);
  batch_queue_free(queue);
}

Test(queue_threads, one_dequeue_many_wakes_all_waiting_producers) {
  BatchQueue *queue = batch_queue_create(WAITERS);
  test_thread threads[WAITERS];
  Batch *batches[WAITERS];
  fill(queue, WAITERS);
  threads_start(threads, WAITERS, "producer", put_one, queue);
  threads_until_asleep(threads, WAITERS);
  cr_assert_eq(batch_queue_dequeue_many(queue, batches, WAITERS), WAITERS);
  threads_join(threads, WAITERS);
  cr_assert_eq(batch_queue_size(queue), WAITERS);
  for (int i = 0; i < WAITERS; i++) batch_release(batches[i]);
  batch_queue_free(queue);
}

Test(queue_threads, clear_wakes_waiting_producers) {
  BatchQueue *queue = batch_queue_create(WAITERS);
  test_thread threads[WAITERS];
  fill(queue, WAITERS);
  threads_start(threads, WAITERS, "producer", put_one, queue);
  threads_until_asleep(threads, WAITERS);
  batch_queue_clear(queue);
  threads_join(threads, WAITERS);
  cr_assert_eq(batch_queue_size(queue), WAITERS);
  batch_queue_free(queue);
}

static void take_until(test_thread *self) {
  Batch *batch;
  thread_waits(self, "waits in batch_queue_dequeue_until");
  if (batch_queue_dequeue_until(self->context, &batch, BATCH_FOREVER) == BATCH_OK) self->result = batch;
}

Test(queue_threads, until_for_ever_is_woken_by_an_enqueue) {
  BatchQueue *queue = batch_queue_create(1);
  test_thread threads[WAITERS];
  threads_start(threads, WAITERS, "consumer", take_until, queue);
  threads_until_asleep(threads, WAITERS);
  fill(queue, WAITERS);
  threads_join(threads, WAITERS);
  release_results(threads);
  batch_queue_free(queue);
}

/* One that times out must not take a wake-up along that was meant for one who goes on waiting. */
static void time_out_often(test_thread *self) {
  Batch *batch;
  thread_waits(self, "times out in batch_queue_dequeue_until");
  for (int i = 0; i < 300; i++) {
    batch_status status =
        batch_queue_dequeue_until(self->context, &batch, batch_deadline_after(1000 + (uint64_t)i * 500));
    if (status == BATCH_OK) batch_release(batch);
    if (status == BATCH_CLOSED) return;
  }
}

static void take_all(test_thread *self) {
  Batch *batch;
  thread_waits(self, "waits in batch_queue_dequeue");
  while ((batch = batch_queue_dequeue(self->context))) batch_release(batch);
}

Test(queue_threads, consumers_that_time_out_leave_the_others_awake) {
  BatchQueue *queue = batch_queue_create(4);
  test_thread quitters[2], stayer;
  threads_start(&stayer, 1, "stayer", take_all, queue);
  threads_start(quitters, 2, "quitter", time_out_often, queue);
  watchdog_step("enqueues 2000");
  fill(queue, 2000);
  threads_join(quitters, 2);
  watchdog_step("enqueues 8 more than the ring holds");
  fill(queue, 12);
  batch_queue_close(queue);
  threads_join(&stayer, 1);
  cr_assert_eq(batch_queue_size(queue), 0);
  batch_queue_free(queue);
}

Test(queue_threads, a_waiting_consumer_sleeps_and_does_not_wake_without_work) {
  BatchQueue *queue = batch_queue_create(1);
  test_thread thread;
  threads_start(&thread, 1, "consumer", take_one, queue);
  threads_until_asleep(&thread, 1);
  uint64_t sleeps = thread_sleeps(&thread);
  cr_assert_gt(sleeps, 0);
  nanosleep(&(struct timespec){0, 100000000}, NULL); /* time in which it might wake, but must not */
  cr_assert_eq(thread_sleeps(&thread), sleeps);
  batch_queue_close(queue);
  threads_join(&thread, 1);
  batch_queue_free(queue);
}

enum { MORE = 10 };

typedef struct test_many {
  BatchQueue *queue;
  Batch *batches[MORE];
  size_t count;
  batch_status status;
} test_many;

static test_many many_of(BatchQueue *queue) {
  test_many many = {.queue = queue};
  for (uint64_t i = 0; i < MORE; i++) many.batches[i] = check_small_batch(100 + i);
  return many;
}

static void put_many(test_thread *self) {
  test_many *many = self->context;
  thread_waits(self, "waits in batch_queue_enqueue_many_wait");
  many->count = batch_queue_enqueue_many_wait(many->queue, many->batches, MORE);
  many->status = batch_last_error()->code;
}

static void put_many_until(test_thread *self) {
  test_many *many = self->context;
  thread_waits(self, "waits in batch_queue_enqueue_many_until");
  many->status =
      batch_queue_enqueue_many_until(many->queue, many->batches, MORE, BATCH_FOREVER, &many->count);
}

/* Takes once; its result is how many came, or NULL. They are released. */
static void take_many(test_thread *self) {
  Batch *batches[MORE];
  thread_waits(self, "waits in batch_queue_dequeue_many_wait");
  size_t came = batch_queue_dequeue_many_wait(self->context, batches, MORE);
  for (size_t i = 0; i < came; i++) batch_release(batches[i]);
  if (came > 0) self->result = self;
}

static void take_many_until_closed(test_thread *self) {
  Batch *batches[MORE];
  size_t came;
  watchdog_step("dequeues many");
  while (batch_queue_dequeue_many_until(self->context, batches, MORE, BATCH_FOREVER, &came) == BATCH_OK)
    for (size_t i = 0; i < came; i++) batch_release(batches[i]);
}

Test(queue_threads, enqueue_many_waits_until_all_are_in_though_they_are_more_than_the_capacity) {
  void (*const puts[])(test_thread *) = {put_many, put_many_until};
  for (uint32_t capacity = 1; capacity <= 3; capacity++)
    for (int form = 0; form < 2; form++) {
      BatchQueue *queue = batch_queue_create(capacity);
      test_many many = many_of(queue);
      test_thread producer;
      threads_start(&producer, 1, "producer", puts[form], &many);
      threads_until_asleep(&producer, 1);
      cr_assert_eq(batch_queue_size(queue), capacity);
      watchdog_step("dequeues");
      for (uint64_t i = 0; i < MORE; i++) {
        Batch *batch = batch_queue_dequeue(queue);
        cr_assert_eq(batch->batch_id, 100 + i);
        assert_count(batch, 1);
        batch_release(batch);
      }
      threads_join(&producer, 1);
      cr_assert_eq(many.count, MORE);
      batch_queue_free(queue);
    }
}

/* The one asleep in enqueue_many has put in what the consumer sleeps for: they wake each other in turn. */
Test(queue_threads, many_that_wait_for_room_wake_who_waits_for_them) {
  for (uint32_t capacity = 1; capacity <= 3; capacity++) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread consumers[2], producers[2];
    test_many many[2] = {many_of(queue), many_of(queue)};
    threads_start(consumers, 1, "consumer", take_many_until_closed, queue);
    threads_start(consumers + 1, 1, "consumer", take_all, queue);
    for (int i = 0; i < 2; i++) threads_start(producers + i, 1, "producer", put_many, &many[i]);
    threads_join(producers, 2);
    batch_queue_close(queue);
    threads_join(consumers, 2);
    cr_assert_eq(many[0].count + many[1].count, 2 * MORE);
    cr_assert_eq(batch_queue_size(queue), 0);
    batch_queue_free(queue);
  }
}

Test(queue_threads, closing_wakes_enqueue_many_which_keeps_what_is_not_in) {
  void (*const puts[])(test_thread *) = {put_many, put_many_until};
  for (int form = 0; form < 2; form++) {
    BatchQueue *queue = batch_queue_create(3);
    test_many many = many_of(queue);
    test_thread producer;
    threads_start(&producer, 1, "producer", puts[form], &many);
    threads_until_asleep(&producer, 1);
    batch_queue_close(queue);
    threads_join(&producer, 1);
    cr_assert_eq(many.count, 3);
    cr_assert_eq(many.status, BATCH_CLOSED);
    for (size_t i = 3; i < MORE; i++) {
      assert_count(many.batches[i], 1);
      batch_release(many.batches[i]);
    }
    cr_assert_eq(batch_queue_size(queue), 3);
    batch_queue_free(queue);
  }
}

Test(queue_threads, closing_wakes_dequeue_many) {
  check_close_wakes(take_many);
}

Test(queue_threads, each_enqueue_wakes_one_who_waits_for_many) {
  for (uint32_t capacity = 0; capacity <= 1; capacity++) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread threads[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
      threads_start(threads + i, 1, "consumer", take_many, queue);
      threads_until_asleep(threads + i, 1);
      fill(queue, 1);
      threads_join(threads + i, 1);
      cr_assert_not_null(threads[i].result);
    }
    batch_queue_free(queue);
  }
}

/* Places that become free go to one who wants many and to those who want one each: everybody gets theirs. */
Test(queue_threads, who_takes_several_places_leaves_the_others_awake) {
  BatchQueue *queue = batch_queue_create(WAITERS);
  test_thread producers[WAITERS], one;
  test_many many = many_of(queue);
  Batch *taken[WAITERS];
  fill(queue, WAITERS);
  threads_start(&one, 1, "producer of many", put_many, &many);
  threads_start(producers, WAITERS, "producer", put_one, queue);
  threads_until_asleep(&one, 1);
  threads_until_asleep(producers, WAITERS);
  size_t out = 0;
  while (out < WAITERS + MORE + WAITERS) {
    watchdog_step("dequeues many");
    size_t came = batch_queue_dequeue_many_wait(queue, taken, WAITERS);
    for (size_t i = 0; i < came; i++) batch_release(taken[i]);
    out += came;
  }
  threads_join(&one, 1);
  threads_join(producers, WAITERS);
  cr_assert_eq(batch_queue_size(queue), 0);
  batch_queue_free(queue);
}

enum { SIDES = 3, EACH = 3000 };

typedef struct test_traffic {
  BatchQueue *queue;
  atomic_uint count;
  atomic_ullong sum;
} test_traffic;

static void produce(test_thread *self) {
  test_traffic *traffic = self->context;
  for (uint64_t i = 0; i < EACH; i++) {
    Batch *batch = check_small_batch((uint64_t)self->number << 32 | i);
    batch->input.data[0] = (float)i;
    watchdog_step("enqueues");
    cr_assert(batch_queue_enqueue(traffic->queue, batch));
  }
}

/* What one consumer takes of one producer comes in the order it went in. */
static void consume(test_thread *self) {
  test_traffic *traffic = self->context;
  uint64_t next[SIDES] = {0};
  Batch *batch;
  watchdog_step("dequeues");
  while ((batch = batch_queue_dequeue(traffic->queue))) {
    uint64_t from = batch->batch_id >> 32, number = batch->batch_id & UINT32_MAX;
    cr_assert_geq(number, next[from]);
    cr_assert_eq(batch->input.data[0], (float)number);
    next[from] = number + 1;
    atomic_fetch_add_explicit(&traffic->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&traffic->sum, number, memory_order_relaxed);
    batch_release(batch);
  }
}

Test(queue_threads, what_many_producers_put_in_many_consumers_take_out_once_and_in_order) {
  static const uint32_t sizes[] = {1, 3, 64, 0};
  for (int i = 0; i < 4; i++) {
    test_traffic traffic = {batch_queue_create(sizes[i]), 0, 0};
    test_thread producers[SIDES], consumers[SIDES];
    threads_start(consumers, SIDES, "consumer", consume, &traffic);
    threads_start(producers, SIDES, "producer", produce, &traffic);
    threads_join(producers, SIDES);
    batch_queue_close(traffic.queue);
    threads_join(consumers, SIDES);
    cr_assert_eq(atomic_load(&traffic.count), SIDES * EACH);
    cr_assert_eq(atomic_load(&traffic.sum), (unsigned long long)SIDES * EACH * (EACH - 1) / 2);
    batch_queue_free(traffic.queue);
  }
}

static void peek_on(test_thread *self) {
  uint64_t last = 0;
  watchdog_step("peeks");
  while (!batch_queue_is_closed(self->context) || !batch_queue_is_empty(self->context)) {
    Batch *front = batch_queue_peek(self->context);
    sched_yield(); /* who spins takes the others' processors from them */
    if (!front) continue;
    cr_assert_geq(front->batch_id, last);
    last = front->batch_id;
    batch_release(front);
  }
}

Test(queue_threads, peek_while_others_take_shows_living_batches_in_order) {
  for (uint32_t capacity = 0; capacity <= 2; capacity += 2) {
    BatchQueue *queue = batch_queue_create(capacity);
    test_thread peekers[2], consumer;
    threads_start(peekers, 2, "peeker", peek_on, queue);
    threads_start(&consumer, 1, "consumer", take_all, queue);
    watchdog_step("enqueues");
    fill(queue, 5000);
    batch_queue_close(queue);
    threads_join(&consumer, 1);
    threads_join(peekers, 2);
    batch_queue_free(queue);
  }
}

static void produce_until_closed(test_thread *self) {
  test_traffic *traffic = self->context;
  Batch *batch;
  watchdog_step("enqueues until the queue is closed");
  while (batch_queue_enqueue(traffic->queue, batch = check_small_batch(1)))
    atomic_fetch_add_explicit(&traffic->count, 1, memory_order_relaxed);
  batch_release(batch);
}

static void count_taken(test_thread *self) {
  test_traffic *traffic = self->context;
  Batch *batch;
  watchdog_step("dequeues until the queue is drained");
  while ((batch = batch_queue_dequeue(traffic->queue))) {
    atomic_fetch_add_explicit(&traffic->sum, 1, memory_order_relaxed);
    batch_release(batch);
  }
}

Test(queue_threads, what_went_in_before_close_comes_out) {
  for (uint32_t round = 0; round < 40; round++) {
    test_traffic traffic = {batch_queue_create(round % 4), 0, 0};
    test_thread producers[SIDES], consumers[SIDES];
    threads_start(producers, SIDES, "producer", produce_until_closed, &traffic);
    threads_start(consumers, SIDES, "consumer", count_taken, &traffic);
    while (atomic_load(&traffic.sum) < 20) nanosleep(&(struct timespec){0, 10000}, NULL);
    batch_queue_close(traffic.queue);
    threads_join(producers, SIDES);
    threads_join(consumers, SIDES);
    cr_assert_eq(atomic_load(&traffic.count), atomic_load(&traffic.sum));
    batch_queue_free(traffic.queue);
  }
}
