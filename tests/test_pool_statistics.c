#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(pool_statistics, .init = watchdog_on);

enum { MOST = 64 };

static void assert_stats(const BatchPool *pool, uint64_t allocations, uint64_t releases, uint64_t hits,
                         uint64_t misses) {
  uint64_t got[4] = {77, 77, 77, 77};
  batch_pool_get_stats(pool, &got[0], &got[1], &got[2], &got[3]);
  cr_assert_eq(got[0], allocations, "%zu allocations", (size_t)got[0]);
  cr_assert_eq(got[1], releases, "%zu releases", (size_t)got[1]);
  cr_assert_eq(got[2], hits, "%zu hits", (size_t)got[2]);
  cr_assert_eq(got[3], misses, "%zu misses", (size_t)got[3]);
}

Test(pool_statistics, statistics_count_successes_and_refusals) {
  BatchPool *pool = batch_pool_create(2, 2, 3, 10);
  Batch *batches[MOST];
  assert_stats(pool, 0, 0, 0, 0);
  batches[0] = batch_pool_allocate(pool);
  batches[1] = batch_pool_try_allocate(pool);
  assert_stats(pool, 2, 0, 2, 0);
  cr_assert_null(batch_pool_try_allocate(pool));
  cr_assert_null(batch_pool_try_allocate(pool));
  assert_stats(pool, 2, 0, 2, 2);
  Batch *none;
  batch_pool_allocate_until(pool, &none, batch_deadline_after(1000));
  assert_stats(pool, 2, 0, 2, 3);
  batch_retain(batches[0]);
  batch_release(batches[0]);
  assert_stats(pool, 2, 0, 2, 3);
  batch_release(batches[0]);
  batch_pool_release(pool, batches[1]);
  assert_stats(pool, 2, 2, 2, 3);
  batches[0] = batch_pool_allocate(pool);
  assert_stats(pool, 3, 2, 3, 3);
  batch_release(batches[0]);
  batch_pool_free(pool);
}

Test(pool_statistics, statistics_of_refused_releases_do_not_count) {
  BatchPool *pool = batch_pool_create(1, 2, 3, 10);
  Batch *homeless = check_small_batch(1);
  batch_pool_release(pool, homeless);
  assert_stats(pool, 0, 0, 0, 0);
  batch_release(homeless);
  batch_pool_free(pool);
}

Test(pool_statistics, statistics_may_be_asked_for_one_by_one) {
  BatchPool *pool = batch_pool_create(1, 2, 3, 10);
  uint64_t hits = 77;
  batch_release(batch_pool_allocate(pool));
  batch_pool_get_stats(pool, NULL, NULL, &hits, NULL);
  cr_assert_eq(hits, 1);
  batch_pool_get_stats(pool, NULL, NULL, NULL, NULL);
  batch_pool_free(pool);
}

static void print_stats(void *pool) {
  batch_pool_print_stats(pool);
}

Test(pool_statistics, print_stats_shows_counts_and_hit_rate) {
  BatchPool *pool = batch_pool_create(37, 2, 3, 10);
  Batch *batches[MOST];
  uint32_t n = 0;
  while ((batches[n] = batch_pool_try_allocate(pool))) n++; /* 37 hits, one miss */
  while (n) batch_release(batches[--n]);
  for (int i = 0; i < 3; i++) batch_release(batch_pool_allocate(pool)); /* 40 hits, 41 tries: 97.56 % */
  char *text = check_output_of(1, print_stats, pool);
  assert_says(text, "37", "40", "97.", "%");
  free(text);
  batch_pool_free(pool);
}

Test(pool_statistics, print_stats_of_an_unused_pool_divides_nothing_by_nothing) {
  BatchPool *pool = batch_pool_create(1, 2, 3, 10);
  char *text = check_output_of(1, print_stats, pool);
  cr_assert_null(strstr(text, "nan"), "%s", text);
  free(text);
  free(check_output_of(1, print_stats, NULL));
  batch_pool_free(pool);
}

enum { RESIZES = 20000 };

static atomic_bool resizing;

static void resize_on(test_thread *self) {
  watchdog_step("resizes");
  for (int i = 0; i < RESIZES; i++) {
    batch_pool_resize(self->context, 1);
    batch_pool_resize(self->context, 8);
  }
  atomic_store(&resizing, false);
}

Test(pool_statistics, allocations_do_not_go_below_nothing_while_batches_are_retired) {
  BatchPool *pool = batch_pool_create(8, 1, 1, 10);
  test_thread resizer;
  atomic_store(&resizing, true);
  threads_start(&resizer, 1, "resizer", resize_on, pool);
  uint64_t allocations, most = 0;
  while (atomic_load(&resizing)) {
    batch_pool_get_stats(pool, &allocations, NULL, NULL, NULL);
    if (allocations > most) most = allocations;
  }
  threads_join(&resizer, 1);
  cr_assert_leq(most, RESIZES * 8, "%llu allocations", (unsigned long long)most);
  assert_stats(pool, 0, 0, 0, 0);
  batch_pool_free(pool);
}
