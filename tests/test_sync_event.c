#include "sync/event.h"

#include <stdlib.h>

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(sync_event, .init = watchdog_on);

/* Something to wait for: so many may pass. */
typedef struct gate {
  event changed;
  atomic_int passes; /* notifiers add, waiters take one each */
  atomic_int looks;
} gate;

static bool pass(void *context) {
  gate *g = context;
  atomic_fetch_add(&g->looks, 1);
  int n = atomic_load(&g->passes);
  while (n > 0)
    if (atomic_compare_exchange_weak(&g->passes, &n, n - 1)) return true;
  return false;
}

static gate *new_gate(void) {
  gate *g = aligned_alloc(PORT_LINE, sizeof *g);
  event_init(&g->changed);
  atomic_init(&g->passes, 0);
  atomic_init(&g->looks, 0);
  return g;
}

static void let_pass(gate *g, int n) {
  atomic_fetch_add(&g->passes, n);
  event_notify(&g->changed, (uint32_t)n);
}

static void assert_at_rest(gate *g) {
  cr_assert_eq(atomic_load(&g->changed.word), 0);
}

static void wait_for_ever(test_thread *self) {
  gate *g = self->context;
  thread_waits(self, "waits in event_wait");
  cr_assert(event_wait(&g->changed, pass, g, UINT64_MAX));
}

Test(sync_event, who_finds_it_at_once_does_not_wait) {
  gate *g = new_gate();
  atomic_store(&g->passes, 1);
  cr_assert(event_wait(&g->changed, pass, g, UINT64_MAX));
  assert_at_rest(g);
  free(g);
}

Test(sync_event, notifying_nobody_leaves_nothing) {
  gate *g = new_gate();
  event_notify(&g->changed, 1);
  event_notify(&g->changed, UINT32_MAX);
  event_notify_all(&g->changed);
  assert_at_rest(g);
  free(g);
}

Test(sync_event, a_deadline_that_passed_gives_one_last_look) {
  gate *g = new_gate();
  cr_assert_not(event_wait(&g->changed, pass, g, 1));
  cr_assert_geq(atomic_load(&g->looks), 1);
  atomic_store(&g->passes, 1);
  cr_assert(event_wait(&g->changed, pass, g, 1));
  assert_at_rest(g);
  free(g);
}

Test(sync_event, nobody_gives_up_before_the_deadline) {
  gate *g = new_gate();
  uint64_t deadline = port_clock() + 20000000;
  cr_assert_not(event_wait(&g->changed, pass, g, deadline));
  cr_assert_geq(port_clock(), deadline);
  assert_at_rest(g);
  free(g);
}

Test(sync_event, as_many_wake_as_may_pass) {
  for (int at_once = 1; at_once <= 6; at_once++) {
    gate *g = new_gate();
    test_thread threads[6];
    threads_start(threads, 6, "waiter", wait_for_ever, g);
    threads_until_asleep(threads, 6);
    cr_assert_eq(event_waiters(atomic_load(&g->changed.word)), 6);
    cr_assert_eq(event_tokens(atomic_load(&g->changed.word)), 0);
    for (int passed = 0; passed < 6; passed += at_once)
      let_pass(g, at_once < 6 - passed ? at_once : 6 - passed);
    threads_join(threads, 6);
    cr_assert_eq(atomic_load(&g->passes), 0);
    assert_at_rest(g);
    free(g);
  }
}

Test(sync_event, notifying_more_than_wait_gives_each_one_token) {
  gate *g = new_gate();
  test_thread threads[3];
  threads_start(threads, 3, "waiter", wait_for_ever, g);
  threads_until_asleep(threads, 3);
  atomic_store(&g->passes, 3);
  event_notify(&g->changed, 100000);
  threads_join(threads, 3);
  assert_at_rest(g);
  free(g);
}

Test(sync_event, a_waiter_that_finds_nothing_sleeps_again) {
  gate *g = new_gate();
  test_thread thread;
  threads_start(&thread, 1, "waiter", wait_for_ever, g);
  threads_until_asleep(&thread, 1);
  int looks = atomic_load(&g->looks);
  event_notify_all(&g->changed); /* a wake-up without anything to find */
  while (atomic_load(&g->looks) == looks) nanosleep(&(struct timespec){0, 100000}, NULL);
  threads_until_asleep(&thread, 1);
  let_pass(g, 1);
  threads_join(&thread, 1);
  assert_at_rest(g);
  free(g);
}

/* Succeeds once its caller is registered beside `others`, and a token has come meanwhile, whose
   notifier has not come to waking anyone yet. */
static int others;

static bool notified_while_looking(void *context) {
  gate *g = context;
  if (event_waiters(atomic_load(&g->changed.word)) <= (uint32_t)others) return false;
  atomic_fetch_add(&g->changed.word, EVENT_TOKEN);
  return true;
}

Test(sync_event, who_succeeds_before_sleeping_takes_the_token_along_that_only_it_can_have) {
  gate *g = new_gate();
  cr_assert(event_wait(&g->changed, notified_while_looking, g, UINT64_MAX));
  assert_at_rest(g);
  free(g);
}

Test(sync_event, who_succeeds_before_sleeping_leaves_the_token_to_a_sleeper) {
  gate *g = new_gate();
  test_thread thread;
  threads_start(&thread, 1, "sleeper", wait_for_ever, g);
  threads_until_asleep(&thread, 1);
  others = 1;
  cr_assert(event_wait(&g->changed, notified_while_looking, g, UINT64_MAX));
  cr_assert_eq(atomic_load(&g->changed.word), EVENT_WAITER + EVENT_TOKEN);
  atomic_store(&g->passes, 1);
  port_wake(&g->changed.word, 1); /* the notifier's */
  threads_join(&thread, 1);
  assert_at_rest(g);
  free(g);
}

static void wait_and_pass_on(test_thread *self) {
  gate **gates = self->context;
  watchdog_step("plays ping-pong");
  for (int i = 0; i < 3000; i++) {
    cr_assert(event_wait(&gates[self->number]->changed, pass, gates[self->number], UINT64_MAX));
    let_pass(gates[1 - self->number], 1);
  }
}

Test(sync_event, no_wake_up_is_lost_between_two_who_take_turns) {
  gate *gates[2] = {new_gate(), new_gate()};
  test_thread threads[2];
  threads_start(threads, 2, "player", wait_and_pass_on, gates);
  let_pass(gates[0], 1);
  threads_join(threads, 2);
  for (int i = 0; i < 2; i++) {
    assert_at_rest(gates[i]);
    free(gates[i]);
  }
}

static bool half_a_millisecond_is_over(void *begin) {
  return port_clock() - *(uint64_t *)begin > 500000;
}

Test(sync_event, one_more_than_can_be_counted_looks_again_and_again) {
  enum { FULL = EVENT_MAX_WAITERS * EVENT_WAITER };
  gate *g = new_gate();
  atomic_store(&g->changed.word, FULL);
  uint64_t begin = port_clock();
  cr_assert(event_wait(&g->changed, half_a_millisecond_is_over, &begin, UINT64_MAX));
  begin = port_clock();
  cr_assert_not(event_wait(&g->changed, pass, g, begin + 500000));
  cr_assert_geq(port_clock(), begin + 500000);
  cr_assert_eq(atomic_load(&g->changed.word), FULL);
  free(g);
}

enum { PASSES = 4000 };

static void wait_or_time_out(test_thread *self) {
  gate *g = self->context;
  watchdog_step("waits with short deadlines");
  for (int i = 0; i < PASSES; i++)
    while (!event_wait(&g->changed, pass, g, port_clock() + 1000 * (uint64_t)(i % 50))) continue;
}

static void wait_often(test_thread *self) {
  gate *g = self->context;
  watchdog_step("waits for ever");
  for (int i = 0; i < PASSES; i++) cr_assert(event_wait(&g->changed, pass, g, UINT64_MAX));
}

Test(sync_event, those_who_time_out_take_no_wake_up_from_those_who_stay) {
  gate *g = new_gate();
  test_thread quitters[2], stayers[2];
  threads_start(quitters, 2, "quitter", wait_or_time_out, g);
  threads_start(stayers, 2, "stayer", wait_often, g);
  for (int i = 0; i < 4 * PASSES; i++) let_pass(g, 1);
  threads_join(quitters, 2);
  threads_join(stayers, 2);
  cr_assert_eq(atomic_load(&g->passes), 0);
  assert_at_rest(g);
  free(g);
}
