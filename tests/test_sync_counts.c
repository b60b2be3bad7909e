/* Reference counts and sharded counters. */
#include "sync/counters.h"
#include "sync/refcount.h"

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(sync_counts, .init = watchdog_on);

Test(sync_counts, the_last_release_is_told_from_the_others) {
  _Atomic int count = 1;
  cr_assert(refcount_retain(&count));
  cr_assert_eq(refcount_release(&count), REFCOUNT_SHARED);
  cr_assert_eq(refcount_release(&count), REFCOUNT_LAST);
  cr_assert_eq(refcount_release(&count), REFCOUNT_BROKEN);
}

Test(sync_counts, retain_fails_on_what_is_free_and_at_the_largest_count) {
  _Atomic int count = 0;
  cr_assert_not(refcount_retain(&count));
  count = -1;
  cr_assert_not(refcount_retain(&count));
  count = REFCOUNT_MAX;
  cr_assert_not(refcount_retain(&count));
}

Test(sync_counts, try_retain_never_revives_what_is_free) {
  _Atomic int count = 0;
  cr_assert_not(refcount_try_retain(&count));
  cr_assert_eq(count, 0);
  count = 1;
  cr_assert(refcount_try_retain(&count));
  cr_assert_eq(count, 2);
}

Test(sync_counts, try_retain_never_passes_the_largest_count) {
  _Atomic int count = REFCOUNT_MAX - 1;
  cr_assert(refcount_try_retain(&count));
  cr_assert_not(refcount_try_retain(&count));
  cr_assert_eq(count, REFCOUNT_MAX);
}

static counters counts;

static void count_up(test_thread *self) {
  for (unsigned i = 0; i < 10000; i++) counters_add(&counts, self->number % COUNTERS_KINDS, 1 + self->number);
}

Test(sync_counts, counters_of_all_threads_add_up_by_kind) {
  enum { THREADS = 2 * COUNTERS_KINDS };
  test_thread threads[THREADS];
  counters_reset(&counts);
  threads_start(threads, THREADS, "counter", count_up, NULL);
  threads_join(threads, THREADS);
  for (unsigned kind = 0; kind < COUNTERS_KINDS; kind++)
    cr_assert_eq(counters_sum(&counts, kind), 10000u * (1 + kind + 1 + kind + COUNTERS_KINDS));
  counters_reset(&counts);
  cr_assert_eq(counters_sum(&counts, 0), 0);
}
