/* Who waits for a loader, and what wakes them: a batch, the end, closing, a deadline. */
#include <headrace/headrace.h>

#include <stdatomic.h>
#include <unistd.h>

#include "support/loader.h"
#include "support/threads.h"

TestSuite(loader_waiting, .init = loader_begin, .fini = loader_end);

Test(loader_waiting, next_keeps_its_deadline_and_says_why) {
  batch_loader_options o = small_options();
  o.pool_size = 1;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *only = next_batch(loader), *none;
  cr_assert_eq(batch_loader_next_until(loader, &none, BATCH_NO_WAIT), BATCH_EMPTY);
  cr_assert_eq(batch_loader_next_until(loader, &none, batch_deadline_after(1000000)), BATCH_TIMEDOUT);
  batch_release(only);
  batch_release(next_batch(loader));
  batch_loader_close(loader);
  assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "closed");
  batch_loader_free(loader);
}

static void take_one(test_thread *self) {
  thread_waits(self, "in batch_loader_next");
  self->result = batch_loader_next(self->context);
}

Test(loader_waiting, close_wakes_whoever_waits_and_batches_outlive_the_loader) {
  batch_loader_options o = small_options();
  o.pool_size = 2;
  o.workers = 3;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *out[2] = {next_batch(loader), next_batch(loader)};
  uint64_t hash = hash_row(out[1], 3);
  test_thread takers[3];
  threads_start(takers, 3, "taker", take_one, loader);
  threads_until_asleep(takers, 3);
  batch_loader_close(loader);
  threads_join(takers, 3);
  for (int i = 0; i < 3; i++) cr_assert_null(takers[i].result);
  batch_loader_free(loader);
  cr_assert_eq(hash_row(out[1], 3), hash);
  batch_release(out[0]);
  batch_release(out[1]);
}

/* A transform that holds the first step back until the gate is open. */
typedef struct gate {
  _Atomic int open;
} gate;

static bool wait_at_gate(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)random;
  const gate *g = context;
  if (batch->batch_id == 0 && row == 0)
    while (!atomic_load(&g->open)) usleep(100);
  return true;
}

Test(loader_waiting, the_end_wakes_everyone) {
  batch_loader_options o = small_options();
  static gate g;
  batch_transform slow = {wait_at_gate, &g};
  o.transforms = &slow;
  o.num_transforms = 1;
  o.steps = 1;
  o.batch_size = 1;
  BatchLoader *loader = start_loader(dataset, &o);
  test_thread takers[4];
  threads_start(takers, 4, "taker", take_one, loader);
  threads_until_asleep(takers, 4);
  atomic_store(&g.open, 1);
  threads_join(takers, 4);
  int got = 0;
  for (int i = 0; i < 4; i++)
    if (takers[i].result) got++, batch_release(takers[i].result);
  cr_assert_eq(got, 1);
  batch_loader_free(loader);
}

/* As they come, what is held back holds up nothing; in order, only delivery. */
Test(loader_waiting, a_slow_step_stops_neither_the_others_nor_unordered_delivery) {
  static gate g;
  batch_transform slow = {wait_at_gate, &g};
  batch_loader_options o = small_options();
  o.workers = 2;
  o.pool_size = 6;
  o.transforms = &slow;
  o.num_transforms = 1;
  o.as_they_come = true;
  BatchLoader *loader = start_loader(dataset, &o);
  for (int i = 0; i < 20; i++) {
    Batch *batch = next_batch(loader);
    cr_assert_neq(batch->batch_id, 0);
    batch_release(batch);
  }
  batch_loader_state state = state_of(loader);
  cr_assert_eq(state.step, 0, "step 0 is not delivered: it must come again");
  atomic_store(&g.open, 1);
  batch_loader_free(loader);

  atomic_store(&g.open, 0);
  o.as_they_come = false;
  loader = start_loader(dataset, &o);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  while (stats.queue_depth == 0 && stats.pool_misses == 0) stats = stats_of(loader);
  Batch *none;
  cr_assert_eq(batch_loader_next_until(loader, &none, BATCH_NO_WAIT), BATCH_EMPTY);
  atomic_store(&g.open, 1);
  Batch *batch = next_batch(loader);
  cr_assert_eq(batch->batch_id, 0);
  batch_release(batch);
  batch_loader_free(loader);
}
