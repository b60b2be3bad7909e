#include "support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(spheres, .init = watchdog_on);

enum { SPHERES = 4, PATIENCE_NS = 200000 };

/* What the workers see and do. While `held` has a bit, that worker stays inside process. */
typedef struct lanes_record {
  BatchSpheres *spheres;
  atomic_uint processed, by[SPHERES], held, inside;
  atomic_ullong sum, order;
  test_thread *workers; /* of note_thread */
} lanes_record;

static void note(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  cr_assert_lt(sphere, SPHERES);
  atomic_fetch_or(&record->inside, 1u << sphere);
  while (atomic_load(&record->held) >> sphere & 1) nanosleep(&(struct timespec){0, PATIENCE_NS}, NULL);
  atomic_fetch_and(&record->inside, ~(1u << sphere));
  atomic_fetch_add(&record->by[sphere], 1);
  atomic_fetch_add(&record->sum, batch->batch_id & 0xffffffff);
  atomic_fetch_add(&record->processed, 1);
}

static void start_with(lanes_record *record, uint32_t num_spheres, uint32_t lane_capacity,
                       void (*process)(void *context, uint32_t sphere, Batch *batch)) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = num_spheres;
  options.lane_capacity = lane_capacity;
  options.process = process;
  options.context = record;
  record->spheres = batch_spheres_start(&options);
  cr_assert_not_null(record->spheres, "%s", batch_last_error()->message);
}

static void start(lanes_record *record, uint32_t lane_capacity) {
  start_with(record, SPHERES, lane_capacity, note);
}

static void give(lanes_record *record, uint32_t lane, uint64_t id) {
  watchdog_step("dispatches");
  cr_assert(batch_spheres_dispatch(record->spheres, lane, check_small_batch(id)), "%s",
            batch_last_error()->message);
}

static void wait_until_inside(lanes_record *record, unsigned workers) {
  watchdog_step("waits until workers are in process");
  while (atomic_load(&record->inside) != workers) nanosleep(&(struct timespec){0, PATIENCE_NS}, NULL);
}

static batch_sphere_stats stats_of(lanes_record *record, uint32_t sphere) {
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  cr_assert(batch_spheres_get_stats(record->spheres, sphere, &stats));
  return stats;
}

Test(spheres, start_and_stop_without_work) {
  lanes_record record = {0};
  start(&record, 0);
  batch_spheres_drain(record.spheres);
  for (uint32_t i = 0; i < SPHERES; i++) cr_assert_eq(stats_of(&record, i).processed, 0);
  batch_spheres_stop(record.spheres);
  batch_spheres_stop(NULL);
}

Test(spheres, everything_dispatched_is_processed_once) {
  lanes_record record = {0};
  start(&record, 2);
  for (uint32_t i = 0; i < 1000; i++) give(&record, i % SPHERES, i);
  watchdog_step("drains");
  batch_spheres_drain(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 1000);
  cr_assert_eq(atomic_load(&record.sum), 999 * 1000 / 2);
  uint64_t processed = 0;
  for (uint32_t i = 0; i < SPHERES; i++) {
    batch_sphere_stats stats = stats_of(&record, i);
    cr_assert_eq(stats.processed, atomic_load(&record.by[i]));
    cr_assert_leq(stats.stolen, stats.processed);
    processed += stats.processed;
  }
  cr_assert_eq(processed, 1000);
  batch_spheres_stop(record.spheres);
}

Test(spheres, the_worker_releases_the_batch) {
  lanes_record record = {0};
  start(&record, 0);
  Batch *batch = check_small_batch(1);
  batch_retain(batch);
  cr_assert(batch_spheres_dispatch(record.spheres, 0, batch));
  batch_spheres_stop(record.spheres);
  assert_count(batch, 1);
  batch_release(batch);
}

Test(spheres, stop_processes_what_is_left) {
  for (int round = 0; round < 20; round++) {
    lanes_record record = {0};
    start(&record, 64);
    for (uint32_t i = 0; i < 50; i++) give(&record, 1, 1);
    watchdog_step("stops");
    batch_spheres_stop(record.spheres);
    cr_assert_eq(atomic_load(&record.processed), 50);
  }
}

/* Holds every worker in process, whichever lane its batch came from. */
static void hold_all(lanes_record *record) {
  atomic_store(&record->held, 15);
  for (uint32_t i = 0; i < SPHERES; i++) give(record, i, 0);
  wait_until_inside(record, 15);
}

/* Lets only these workers go on until the count of batches they finished has grown by n. */
static void let_run(lanes_record *record, unsigned workers, atomic_uint *count, unsigned n) {
  unsigned before = atomic_load(count);
  atomic_store(&record->held, 15 & ~workers);
  watchdog_step("waits for the workers that are let run");
  while (atomic_load(count) < before + n) nanosleep(&(struct timespec){0, PATIENCE_NS}, NULL);
}

static void let_go(lanes_record *record) {
  atomic_store(&record->held, 0);
  watchdog_step("drains");
  batch_spheres_drain(record->spheres);
}

Test(spheres, idle_workers_steal_from_a_lane_whose_worker_is_busy) {
  lanes_record record = {0};
  start(&record, 32);
  hold_all(&record);
  uint64_t stolen = 0;
  for (uint32_t i = 1; i < SPHERES; i++) stolen -= stats_of(&record, i).stolen;
  for (int i = 0; i < 20; i++) give(&record, 0, 1);
  let_run(&record, 14, &record.processed, 23); /* all but what worker 0 holds */
  cr_assert_eq(atomic_load(&record.by[0]), 0);
  let_go(&record);
  for (uint32_t i = 1; i < SPHERES; i++) stolen += stats_of(&record, i).stolen;
  cr_assert_geq(stolen, 20);
  batch_spheres_stop(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 24);
}

Test(spheres, stolen_counts_what_came_from_other_lanes) {
  lanes_record record = {0};
  start(&record, 32);
  hold_all(&record);
  uint64_t stolen = 0;
  for (uint32_t i = 0; i < SPHERES; i++) stolen -= stats_of(&record, i).stolen;
  for (uint32_t lane = 0; lane < SPHERES; lane++)
    for (int i = 0; i < 5; i++) give(&record, lane, 1);
  let_run(&record, 4, &record.by[2], 21); /* 5 of its own, 15 of the others */
  let_go(&record);
  for (uint32_t i = 0; i < SPHERES; i++) stolen += stats_of(&record, i).stolen;
  cr_assert_geq(stolen, 15);
  cr_assert_leq(stolen, 15 + SPHERES); /* a batch held at the start may count only when it is done */
  batch_spheres_stop(record.spheres);
}

/* As note, and writes down in which order worker 0 took batches: one digit each, its id. */
static void note_order(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  unsigned digit = batch->batch_id & 15;
  if (digit && sphere == 0) atomic_store(&record->order, atomic_load(&record->order) * 10 + digit);
  note(context, sphere, batch);
}

Test(spheres, a_worker_takes_from_its_own_lane_and_then_from_the_fullest) {
  lanes_record record = {0};
  start_with(&record, SPHERES, 32, note_order);
  hold_all(&record);
  give(&record, 1, 1);
  for (int i = 0; i < 4; i++) give(&record, 2, 2);
  for (int i = 0; i < 2; i++) give(&record, 3, 3);
  for (int i = 0; i < 2; i++) give(&record, 0, 9);
  let_run(&record, 1, &record.by[0], 10);
  char order[32];
  snprintf(order, sizeof order, "%llu", atomic_load(&record.order));
  cr_assert_eq(strncmp(order, "9922", 4), 0, "took from the lanes in the order %s", order);
  let_go(&record);
  batch_spheres_stop(record.spheres);
}

Test(spheres, many_at_once_go_where_one_by_one_they_would_and_in_that_order) {
  static const uint32_t lanes[] = {0, 2, 0, BATCH_SPHERES_ANY, 2, 0, 3};
  enum { MANY = sizeof lanes / sizeof *lanes };
  Batch *batches[MANY];
  lanes_record record = {0};
  start_with(&record, SPHERES, 32, note_order);
  hold_all(&record);
  for (uint32_t i = 0; i < MANY; i++) batches[i] = check_small_batch(i + 1);
  batch_assign_to_group(batches[3], 8);
  cr_assert(batch_spheres_dispatch_many(record.spheres, lanes, batches, MANY), "%s",
            batch_last_error()->message);
  for (uint32_t i = 0; i < MANY; i++) cr_assert_null(batches[i]);
  let_run(&record, 1, &record.by[0], 1 + MANY);
  char order[32];
  snprintf(order, sizeof order, "%llu", atomic_load(&record.order));
  cr_assert(strcmp(order, "1346257") == 0 || strcmp(order, "1346275") == 0, "took them in the order %s",
            order);
  let_go(&record);
  batch_spheres_stop(record.spheres);
}

Test(spheres, any_lane_is_the_one_of_the_symmetry_group) {
  lanes_record record = {0};
  start_with(&record, SPHERES, 32, note_order);
  hold_all(&record);
  for (int i = 0; i < 3; i++) give(&record, 2, 1);
  Batch *batch = check_small_batch(0);
  batch_assign_to_group(batch, 8); /* 8 mod 4: lane 0, which its worker prefers to the fuller lane 2 */
  batch->batch_id |= 5;
  cr_assert(batch_spheres_dispatch(record.spheres, BATCH_SPHERES_ANY, batch));
  let_run(&record, 1, &record.by[0], 5);
  char order[32];
  snprintf(order, sizeof order, "%llu", atomic_load(&record.order));
  cr_assert_str_eq(order, "5111");
  let_go(&record);
  batch_spheres_stop(record.spheres);
}

/* More than fit into the lanes, and more than are dealt out at a time. */
Test(spheres, many_at_once_wait_for_room_and_are_processed_once) {
  enum { MANY = 1000 };
  static Batch *batches[MANY];
  static uint32_t lanes[MANY];
  lanes_record record = {0};
  start(&record, 3);
  for (uint32_t i = 0; i < 2 * MANY; i++) {
    batches[i % MANY] = check_small_batch(i);
    batch_assign_to_group(batches[i % MANY], i % BATCH_SYMMETRY_GROUPS);
    lanes[i % MANY] = i / 7 % SPHERES;
    if (i % MANY < MANY - 1) continue;
    watchdog_step("dispatches many");
    cr_assert(batch_spheres_dispatch_many(record.spheres, i < MANY ? lanes : NULL, batches, MANY), "%s",
              batch_last_error()->message);
    for (uint32_t k = 0; k < MANY; k++) cr_assert_null(batches[k]);
  }
  watchdog_step("drains");
  batch_spheres_drain(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 2 * MANY);
  cr_assert_eq(atomic_load(&record.sum), (2 * MANY - 1) * MANY);
  batch_spheres_stop(record.spheres);
}

/* As note, and lets the test see where its thread is. */
static void note_thread(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  thread_waits(&record->workers[sphere], "processes");
  note(context, sphere, batch);
}

Test(spheres, many_at_once_wake_a_sleeping_worker_for_each) {
  test_thread workers[SPHERES] = {{0}};
  lanes_record record = {.workers = workers};
  batch_spheres_options options = {
      .size = sizeof options, .num_spheres = SPHERES, .process = note_thread, .context = &record};
  record.spheres = batch_spheres_start(&options);
  hold_all(&record);
  let_go(&record);
  for (int round = 0; round < 5; round++) {
    const uint32_t lanes[SPHERES] = {1, 1, 2, 1};
    Batch *batches[SPHERES];
    for (int i = 0; i < SPHERES; i++) batches[i] = check_small_batch(1);
    threads_until_asleep(workers, SPHERES);
    atomic_store(&record.held, 15);
    cr_assert(batch_spheres_dispatch_many(record.spheres, lanes, batches, SPHERES));
    wait_until_inside(&record, 15);
    let_go(&record);
  }
  batch_spheres_stop(record.spheres);
}

/* More than there is room for, while all workers sleep: they are told of the first ones. */
Test(spheres, many_at_once_wake_workers_before_they_wait_for_room) {
  enum { MANY = 40 };
  test_thread workers[SPHERES] = {{0}};
  lanes_record record = {.workers = workers};
  start_with(&record, SPHERES, 2, note_thread);
  hold_all(&record);
  let_go(&record);
  for (int round = 1; round <= 5; round++) {
    static const uint32_t lanes[MANY];
    Batch *batches[MANY];
    for (int i = 0; i < MANY; i++) batches[i] = check_small_batch(1);
    threads_until_asleep(workers, SPHERES);
    watchdog_step("dispatches many");
    cr_assert(batch_spheres_dispatch_many(record.spheres, lanes, batches, MANY));
    let_go(&record);
    cr_assert_eq(atomic_load(&record.processed), SPHERES + (unsigned)round * MANY);
  }
  batch_spheres_stop(record.spheres);
}

Test(spheres, dispatch_split_gives_each_lane_its_view) {
  lanes_record record = {0};
  start(&record, 0);
  Batch *batch = batch_create(10, 2, 0), *small = batch_create(2, 2, 0);
  cr_assert(batch_spheres_dispatch_split(record.spheres, batch));
  batch_spheres_drain(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), SPHERES);
  cr_assert(batch_spheres_dispatch_split(record.spheres, small));
  batch_spheres_drain(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), SPHERES + 2);
  Batch *kept = batch_create(3, 2, 0);
  batch_retain(kept);
  cr_assert(batch_spheres_dispatch_split(record.spheres, kept));
  batch_spheres_drain(record.spheres);
  assert_count(kept, 1);
  batch_free(kept);
  batch_spheres_stop(record.spheres);
}

/* While stop waits for the workers its lanes are closed: a worker that cuts up a batch then is told. */
static void split_until_closed(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  (void)sphere, (void)batch;
  Batch *more = batch_create(2, 1, 0);
  check_forget_error();
  watchdog_step("dispatches until stop has begun");
  while (batch_spheres_dispatch_split(record->spheres, more)) more = batch_create(2, 1, 0);
  assert_error(BATCH_CLOSED, "batch_spheres_dispatch_split: ", "batch_spheres_stop");
  assert_count(more, 1); /* no view of it is anywhere */
  assert_refused(!batch_spheres_dispatch(record->spheres, 0, more), BATCH_CLOSED,
                 "batch_spheres_dispatch: ", "lane 0", "batch_spheres_stop");
  batch_release(more);
  atomic_fetch_add(&record->processed, 1);
}

Test(spheres, a_view_that_cannot_be_dispatched_is_not_lost_in_silence) {
  lanes_record record = {0};
  start_with(&record, 1, 1, split_until_closed);
  batch_spheres_dispatch(record.spheres, 0, check_small_batch(1));
  batch_spheres_stop(record.spheres);
  cr_assert_geq(atomic_load(&record.processed), 1);
}

/* As split_until_closed: what it still has in the end it may release, the rest is processed. */
static void dispatch_many_until_closed(void *context, uint32_t sphere, Batch *batch) {
  enum { MANY = 9 };
  lanes_record *record = context;
  uint32_t left = 0;
  atomic_fetch_add(&record->processed, 1);
  if (batch->batch_id == 0) return;
  Batch *more[MANY];
  check_forget_error();
  watchdog_step("dispatches until stop has begun");
  for (bool goes_on = true; goes_on;) {
    const uint32_t lane = (sphere + 1) % 2,
                   lanes[MANY] = {lane, lane, lane, lane, lane, lane, lane, lane, lane};
    for (int i = 0; i < MANY; i++) more[i] = check_small_batch(0);
    goes_on = batch_spheres_dispatch_many(record->spheres, lanes, more, MANY);
    for (int i = 0; i < MANY; i++) left += more[i] != NULL;
    atomic_fetch_add(&record->sum, MANY - left);
  }
  assert_error(BATCH_CLOSED, "batch_spheres_dispatch_many: ", "lane ", "batch_spheres_stop");
  cr_assert_gt(left, 0);
  for (int i = 0; i < MANY; i++)
    if (more[i]) assert_count(more[i], 1);
  for (int i = 0; i < MANY; i++) batch_release(more[i]);
}

Test(spheres, what_many_at_once_do_not_hand_over_when_stopped_stays_with_the_caller) {
  lanes_record record = {0};
  start_with(&record, 2, 4, dispatch_many_until_closed);
  batch_spheres_dispatch(record.spheres, 0, check_small_batch(1));
  batch_spheres_stop(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 1 + atomic_load(&record.sum));
}

Test(spheres, the_parts_of_a_batch_may_go_to_any_lane) {
  lanes_record record = {0};
  start(&record, 0);
  Batch *batch = batch_create(7, 2, 0), *parts[7];
  cr_assert(batch_split(batch, 7, parts));
  for (uint32_t i = 0; i < 7; i++) cr_assert(batch_spheres_dispatch(record.spheres, i / 6, parts[i]));
  batch_spheres_drain(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 7);
  assert_count(batch, 1);
  batch_free(batch);
  batch_spheres_stop(record.spheres);
}

typedef struct late_dispatch {
  lanes_record *record;
  atomic_bool done;
} late_dispatch;

static void dispatch_one(test_thread *self) {
  late_dispatch *dispatcher = self->context;
  Batch *batch = check_small_batch(1);
  thread_waits(self, "waits in batch_spheres_dispatch");
  cr_assert(batch_spheres_dispatch(dispatcher->record->spheres, 1, batch));
  atomic_store(&dispatcher->done, true);
}

Test(spheres, dispatch_waits_while_the_lane_is_full) {
  lanes_record record = {0};
  late_dispatch dispatcher = {&record, false};
  start(&record, 2);
  hold_all(&record);
  give(&record, 1, 1);
  give(&record, 1, 1);
  test_thread thread;
  threads_start(&thread, 1, "dispatcher", dispatch_one, &dispatcher);
  threads_until_asleep(&thread, 1);
  cr_assert_not(atomic_load(&dispatcher.done));
  atomic_store(&record.held, 0);
  threads_join(&thread, 1);
  cr_assert(atomic_load(&dispatcher.done));
  batch_spheres_stop(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), SPHERES + 3);
}

static void dispatch_more(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  if (batch->batch_id) {
    Batch *next = check_small_batch(batch->batch_id - 1);
    cr_assert(batch_spheres_dispatch(record->spheres, (sphere + 1) % SPHERES, next));
  }
  atomic_fetch_add(&record->processed, 1);
}

Test(spheres, workers_may_dispatch) {
  lanes_record record = {0};
  start_with(&record, SPHERES, 8, dispatch_more);
  give(&record, 0, 100);
  watchdog_step("waits for the chain to end");
  while (atomic_load(&record.processed) < 101) nanosleep(&(struct timespec){0, PATIENCE_NS}, NULL);
  batch_spheres_drain(record.spheres);
  batch_spheres_stop(record.spheres);
}

static void dispatch_many(test_thread *self) {
  watchdog_step("dispatches many");
  for (uint32_t i = 0; i < 500; i++) give(self->context, i % 5 == 4 ? BATCH_SPHERES_ANY : i % SPHERES, 1);
  watchdog_step("drains");
  batch_spheres_drain(((lanes_record *)self->context)->spheres);
}

Test(spheres, many_threads_dispatch_and_drain) {
  lanes_record record = {0};
  start(&record, 1);
  test_thread threads[3];
  threads_start(threads, 3, "dispatcher", dispatch_many, &record);
  threads_join(threads, 3);
  cr_assert_eq(atomic_load(&record.processed), 1500);
  batch_spheres_stop(record.spheres);
}

static void nap(void *context, uint32_t sphere, Batch *batch) {
  nanosleep(&(struct timespec){0, PATIENCE_NS}, NULL);
  note(context, sphere, batch);
}

/* Once for each lane and worker at most, and once more where it has just found out itself; here lanes are fed by
   nobody else. */
Test(spheres, a_drain_is_not_woken_for_each_batch) {
  enum { MANY = 200 };
  struct rusage before, after;
  lanes_record record = {0};
  batch_spheres_options options = {
      .size = sizeof options, .num_spheres = 2, .lane_capacity = MANY, .process = nap, .context = &record};
  record.spheres = batch_spheres_start(&options);
  for (uint32_t i = 0; i < MANY; i++) give(&record, i % 2, 1);
  getrusage(RUSAGE_THREAD, &before);
  watchdog_step("drains");
  batch_spheres_drain(record.spheres);
  getrusage(RUSAGE_THREAD, &after);
  cr_assert_leq(after.ru_nvcsw - before.ru_nvcsw, 16, "the drain slept %ld times",
                after.ru_nvcsw - before.ru_nvcsw);
  cr_assert_eq(atomic_load(&record.processed), MANY);
  batch_spheres_stop(record.spheres);
}

static void dispatch_for_ever(void *context, uint32_t sphere, Batch *batch) {
  lanes_record *record = context;
  batch_retain(batch);
  if (atomic_load(&record->held) || !batch_spheres_dispatch(record->spheres, (sphere + 1) % SPHERES, batch))
    batch_release(batch);
  atomic_fetch_add(&record->processed, 1);
}

/* drain waits for what was dispatched before it, not for what goes on being dispatched: here there
   is always one more batch on its way. */
Test(spheres, drain_returns_while_others_go_on_dispatching) {
  lanes_record record = {0};
  start_with(&record, SPHERES, 8, dispatch_for_ever);
  give(&record, 0, 1);
  watchdog_step("drains while workers dispatch");
  for (int i = 0; i < 20; i++) batch_spheres_drain(record.spheres);
  atomic_store(&record.held, 1);
  watchdog_step("drains");
  batch_spheres_drain(record.spheres);
  batch_spheres_stop(record.spheres);
}

Test(spheres, start_refuses_bad_options) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  assert_refused(!batch_spheres_start(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start", "options",
                 CHECK_NULL);
  options.process = note;
  assert_refused(!batch_spheres_start(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start",
                 "num_spheres", "0");
  options.num_spheres = 1025;
  assert_refused(!batch_spheres_start(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start",
                 "num_spheres", "1025");
  options.num_spheres = 1;
  options.process = NULL;
  assert_refused(!batch_spheres_start(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start",
                 "process", CHECK_NULL);
  options.process = note;
  options.lane_capacity = BATCH_QUEUE_MAX_CAPACITY + 1;
  assert_refused(!batch_spheres_start(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start",
                 "lane_capacity", "16777153");
}

Test(spheres, dispatch_refuses_bad_arguments_and_leaves_the_reference) {
  lanes_record record = {0};
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  start(&record, 0);
  Batch *batch = check_small_batch(1);
  assert_refused(!batch_spheres_dispatch(record.spheres, SPHERES, batch), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch", "lane", "4");
  assert_refused(!batch_spheres_dispatch(NULL, 0, batch), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch", "spheres", CHECK_NULL);
  assert_refused(!batch_spheres_dispatch(record.spheres, 0, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch", "batch", CHECK_NULL);
  Batch *pair[] = {batch, NULL};
  const uint32_t lanes[] = {0, SPHERES};
  assert_refused(!batch_spheres_dispatch_many(record.spheres, NULL, pair, 2), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_many: batches[1] is NULL");
  pair[1] = batch;
  assert_refused(!batch_spheres_dispatch_many(record.spheres, lanes, pair, 2), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_many: lanes[1] is 4, expected 0 to 3 or BATCH_SPHERES_ANY");
  assert_refused(!batch_spheres_dispatch_many(NULL, lanes, pair, 1), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_many: spheres is NULL");
  assert_refused(!batch_spheres_dispatch_many(record.spheres, lanes, NULL, 1), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_many: batches is NULL, n is 1");
  cr_assert(batch_spheres_dispatch_many(record.spheres, NULL, NULL, 0));
  cr_assert(pair[0] == batch && pair[1] == batch);
  assert_refused(!batch_spheres_dispatch_split(NULL, batch), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_split", "spheres");
  assert_refused(!batch_spheres_dispatch_split(record.spheres, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_dispatch_split", "batch");
  assert_refused((batch_spheres_drain(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_drain",
                 "spheres");
  assert_refused(!batch_spheres_get_stats(record.spheres, SPHERES, &stats), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_get_stats: sphere is 4, expected 0 to 3");
  assert_refused(!batch_spheres_get_stats(record.spheres, 0, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_get_stats: stats is NULL");
  assert_refused(!batch_spheres_get_stats(NULL, 0, &stats), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_spheres_get_stats: spheres is NULL");
  assert_count(batch, 1);
  batch_release(batch);
  batch_spheres_stop(record.spheres);
  cr_assert_eq(atomic_load(&record.processed), 0);
}
