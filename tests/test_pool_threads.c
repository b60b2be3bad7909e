#include "support/check.h"

#include <stdlib.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(pool_threads, .init = watchdog_on);

enum { WAITERS = 4, MOST = 16 };

static void allocate_one(test_thread *self) {
  thread_waits(self, "waits in batch_pool_allocate");
  self->result = batch_pool_allocate(self->context);
}

static BatchPool *drained_pool(uint32_t size, Batch **batches) {
  BatchPool *pool = batch_pool_create(size, 1, 1, 0);
  for (uint32_t i = 0; i < size; i++) batches[i] = batch_pool_allocate(pool);
  return pool;
}

static void release_results(test_thread *threads) {
  for (int i = 0; i < WAITERS; i++) {
    cr_assert_not_null(threads[i].result);
    batch_release(threads[i].result);
  }
}

Test(pool_threads, each_release_wakes_a_waiting_allocator) {
  Batch *batches[WAITERS];
  BatchPool *pool = drained_pool(WAITERS, batches);
  test_thread threads[WAITERS];
  threads_start(threads, WAITERS, "allocator", allocate_one, pool);
  threads_until_asleep(threads, WAITERS);
  for (int i = 0; i < WAITERS; i++) batch_release(batches[i]);
  threads_join(threads, WAITERS);
  release_results(threads);
  uint64_t allocations, releases, hits, misses;
  batch_pool_get_stats(pool, &allocations, &releases, &hits, &misses);
  cr_assert_eq(allocations, 2 * WAITERS);
  cr_assert_eq(releases, 2 * WAITERS);
  cr_assert_eq(hits, WAITERS);
  cr_assert_eq(misses, WAITERS); /* they had to wait */
  batch_pool_free(pool);
}

Test(pool_threads, growing_wakes_waiting_allocators) {
  Batch *batches[1];
  BatchPool *pool = drained_pool(1, batches);
  test_thread threads[WAITERS];
  threads_start(threads, WAITERS, "allocator", allocate_one, pool);
  threads_until_asleep(threads, WAITERS);
  cr_assert(batch_pool_resize(pool, 1 + WAITERS));
  threads_join(threads, WAITERS);
  release_results(threads);
  batch_release(batches[0]);
  batch_pool_free(pool);
}

Test(pool_threads, close_wakes_waiting_allocators_who_get_null) {
  Batch *batches[1];
  BatchPool *pool = drained_pool(1, batches);
  test_thread threads[WAITERS];
  threads_start(threads, WAITERS, "allocator", allocate_one, pool);
  threads_until_asleep(threads, WAITERS);
  batch_pool_close(pool);
  threads_join(threads, WAITERS);
  for (int i = 0; i < WAITERS; i++) cr_assert_null(threads[i].result);
  batch_pool_free(pool);
  batch_release(batches[0]);
}

static void allocate_until_closed(test_thread *self) {
  Batch *batch = NULL;
  thread_waits(self, "waits in batch_pool_allocate_until");
  cr_assert_eq(batch_pool_allocate_until(self->context, &batch, BATCH_FOREVER), BATCH_CLOSED);
  cr_assert_null(batch);
}

Test(pool_threads, close_answers_closed_to_those_who_wait_with_a_deadline) {
  Batch *batches[1];
  BatchPool *pool = drained_pool(1, batches);
  test_thread threads[WAITERS];
  threads_start(threads, WAITERS, "allocator", allocate_until_closed, pool);
  threads_until_asleep(threads, WAITERS);
  batch_pool_close(pool);
  threads_join(threads, WAITERS);
  batch_release(batches[0]);
  batch_pool_free(pool);
}

Test(pool_threads, a_waiting_allocator_sleeps_and_does_not_wake_without_work) {
  Batch *batches[1];
  BatchPool *pool = drained_pool(1, batches);
  test_thread thread;
  threads_start(&thread, 1, "allocator", allocate_one, pool);
  threads_until_asleep(&thread, 1);
  uint64_t sleeps = thread_sleeps(&thread);
  nanosleep(&(struct timespec){0, 50000000}, NULL); /* time in which it might wake, but must not */
  cr_assert_eq(thread_sleeps(&thread), sleeps);
  batch_release(batches[0]);
  threads_join(&thread, 1);
  batch_release(thread.result);
  batch_pool_free(pool);
}

typedef struct workshop {
  BatchPool *pool;
  atomic_bool stop;
} workshop;

static void borrow(test_thread *self) {
  workshop *shop = self->context;
  for (int i = 0; i < 3000; i++) {
    watchdog_step("allocates");
    Batch *batch = i % 3 ? batch_pool_allocate(shop->pool) : batch_pool_try_allocate(shop->pool);
    if (!batch) continue;
    cr_assert_eq(batch->batch_id, 0, "handed out twice");
    batch->batch_id = self->number + 1;
    batch->input.data[0] = (float)self->number;
    if (i % 7 == 0) sched_yield();
    cr_assert_eq(batch->batch_id, self->number + 1, "handed out twice");
    cr_assert_eq(batch->input.data[0], (float)self->number);
    batch_release(batch);
  }
}

Test(pool_threads, no_batch_is_handed_out_twice) {
  for (uint32_t size = 1; size <= 3; size++) {
    workshop shop = {.pool = batch_pool_create(size, 1, 1, 0)};
    test_thread threads[WAITERS];
    threads_start(threads, WAITERS, "borrower", borrow, &shop);
    threads_join(threads, WAITERS);
    Batch *batches[MOST];
    uint32_t n = 0;
    while ((batches[n] = batch_pool_try_allocate(shop.pool))) n++;
    cr_assert_eq(n, size);
    while (n) batch_release(batches[--n]);
    batch_pool_free(shop.pool);
  }
}

static void resize_on(test_thread *self) {
  workshop *shop = self->context;
  watchdog_step("resizes");
  for (uint32_t i = 0; !atomic_load(&shop->stop); i++, sched_yield())
    cr_assert(batch_pool_resize(shop->pool, 1 + i * 7 % 9));
}

Test(pool_threads, resize_while_others_allocate_and_release) {
  workshop shop = {.pool = batch_pool_create(4, 1, 1, 0)};
  test_thread borrowers[WAITERS], resizers[2];
  threads_start(resizers, 2, "resizer", resize_on, &shop);
  threads_start(borrowers, WAITERS, "borrower", borrow, &shop);
  threads_join(borrowers, WAITERS);
  atomic_store(&shop.stop, true);
  threads_join(resizers, 2);
  cr_assert(batch_pool_resize(shop.pool, 5));
  Batch *batches[MOST];
  uint32_t n = 0;
  while (n < MOST && (batches[n] = batch_pool_try_allocate(shop.pool))) n++;
  cr_assert_eq(n, 5);
  while (n) batch_release(batches[--n]);
  uint64_t allocations, releases;
  batch_pool_get_stats(shop.pool, &allocations, &releases, NULL, NULL);
  cr_assert_eq(allocations, releases);
  batch_pool_free(shop.pool);
}

static void bring_back(test_thread *self) {
  Batch **batches = self->context;
  batch_release(batches[self->number]);
}

Test(pool_threads, free_while_batches_come_back) {
  for (int round = 0; round < 200; round++) {
    Batch *batches[WAITERS];
    BatchPool *pool = drained_pool(WAITERS, batches);
    test_thread threads[WAITERS];
    threads_start(threads, WAITERS, "returner", bring_back, batches);
    batch_pool_free(pool);
    threads_join(threads, WAITERS);
    cr_assert_eq(batch_count_live(), 0);
  }
}
