#include "sync/rcu.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

/* Inside while the test wants it; more of them than the table has records. */
enum { CROWD = 1100 };

static atomic_uint arrived;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* the test has it while readers are to stay */
static unsigned freed;

static void begin(void) {
  watchdog_on();
  cr_assert_eq(rcu_prepare(), 0);
}

TestSuite(sync_rcu, .init = begin);

static void count_free(rcu_object *object) {
  free(object);
  freed++;
}

static void retire_one(rcu_limbo *limbo) {
  rcu_object *object = malloc(sizeof *object);
  cr_assert_not_null(object);
  rcu_retire(limbo, object);
}

static void assert_freed(rcu_limbo *limbo, unsigned expected) {
  rcu_reclaim(limbo, count_free);
  cr_assert_eq(freed, expected, "%u freed, expected %u", freed, expected);
}

static void stay_inside(test_thread *self) {
  (void)self;
  rcu_reader *me = rcu_enter();
  atomic_fetch_add(&arrived, 1);
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
  rcu_leave(me);
}

static void start(test_thread *threads, unsigned n) {
  unsigned before = atomic_load(&arrived);
  pthread_mutex_lock(&gate);
  watchdog_step("waits until all readers are inside");
  threads_start(threads, n, "reader", stay_inside, NULL);
  while (atomic_load(&arrived) < before + n) usleep(1000);
}

static void let_leave(test_thread *threads, unsigned n) {
  watchdog_step("waits until all readers have left");
  pthread_mutex_unlock(&gate);
  threads_join(threads, n);
}

Test(sync_rcu, what_nobody_looks_at_goes_at_once) {
  rcu_limbo limbo = {NULL};
  retire_one(&limbo);
  retire_one(&limbo);
  assert_freed(&limbo, 2);
  assert_freed(&limbo, 2);
}

Test(sync_rcu, a_reader_keeps_what_was_retired_after_it_came_and_nothing_older) {
  rcu_limbo limbo = {NULL};
  test_thread reader;
  retire_one(&limbo);
  start(&reader, 1);
  retire_one(&limbo);
  retire_one(&limbo);
  assert_freed(&limbo, 1);
  let_leave(&reader, 1);
  assert_freed(&limbo, 3);
}

Test(sync_rcu, a_reader_that_came_later_keeps_nothing) {
  rcu_limbo limbo = {NULL};
  test_thread reader;
  retire_one(&limbo);
  start(&reader, 1);
  assert_freed(&limbo, 1);
  let_leave(&reader, 1);
}

Test(sync_rcu, a_call_inside_of_another_keeps_what_either_may_reach) {
  rcu_limbo limbo = {NULL};
  rcu_reader *outer = rcu_enter(), *inner = rcu_enter();
  retire_one(&limbo);
  assert_freed(&limbo, 0);
  rcu_leave(inner);
  assert_freed(&limbo, 0);
  inner = rcu_enter();
  rcu_leave(outer);
  assert_freed(&limbo, 0);
  rcu_leave(inner);
  assert_freed(&limbo, 1);
}

Test(sync_rcu, more_threads_than_the_table_has_records_are_guests) {
  static test_thread crowd[CROWD];
  rcu_limbo limbo = {NULL};
  start(crowd, CROWD);
  retire_one(&limbo);
  assert_freed(&limbo, 0);
  let_leave(crowd, CROWD);
  assert_freed(&limbo, 1);
}

static void visit(test_thread *self) {
  rcu_reader *me = rcu_enter();
  self->result = me;
  rcu_leave(me);
}

Test(sync_rcu, a_thread_that_ends_leaves_its_record_to_the_next) {
  for (unsigned i = 0; i < CROWD; i++) {
    test_thread visitor;
    threads_start(&visitor, 1, "visitor", visit, NULL);
    threads_join(&visitor, 1);
    cr_assert_not_null(visitor.result, "thread %u found no record", i);
  }
}

static void end_inside(test_thread *self) {
  self->result = rcu_enter();
}

Test(sync_rcu, a_thread_that_ends_inside_of_a_call_keeps_nothing) {
  rcu_limbo limbo = {NULL};
  for (unsigned i = 0; i < 2; i++) {
    test_thread reader;
    threads_start(&reader, 1, "reader", end_inside, NULL);
    threads_join(&reader, 1);
    cr_assert_not_null(reader.result, "thread %u found no record", i);
    retire_one(&limbo);
    assert_freed(&limbo, i + 1);
  }
}

/* The parent's readers are inside for ever, as seen from the child. */
Test(sync_rcu, a_child_does_not_wait_for_its_parents_threads) {
  rcu_limbo limbo = {NULL};
  test_thread readers[2];
  start(readers, 2);
  pid_t child = fork();
  if (child == 0) {
    retire_one(&limbo);
    rcu_reader *me = rcu_enter();
    rcu_leave(me);
    rcu_reclaim(&limbo, count_free);
    _exit(me && freed == 1 ? 0 : 1);
  }
  int status;
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
  retire_one(&limbo);
  assert_freed(&limbo, 0);
  let_leave(readers, 2);
  assert_freed(&limbo, 1);
}

Test(sync_rcu, the_end_frees_everything) {
  rcu_limbo limbo = {NULL};
  rcu_reader *me = rcu_enter();
  retire_one(&limbo);
  retire_one(&limbo);
  rcu_leave(me);
  rcu_reclaim_all(&limbo, count_free);
  cr_assert_eq(freed, 2);
}
