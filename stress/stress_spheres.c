/* Lanes. First all work goes to one lane: every worker must get some (each waits in its first batch until
   all have one), and the counts are shown. Then many short lives: several threads dispatch, one and many at once, and
   drain, and the lanes are stopped with work in them. Every batch is processed once and comes back.

   stress_spheres [seconds [threads [seed]]]     threads: workers */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "support/stress.h"

enum { MAX_WORKERS = 32, DISPATCHERS = 3, POOL = 64, MANY = POOL / DISPATCHERS };

typedef struct shared {
  BatchSpheres *spheres;
  BatchPool *pool;
  unsigned workers;
  unsigned batches; /* a dispatcher */
  atomic_uint met;  /* workers that have got a batch */
  atomic_bool seen[MAX_WORKERS];
  _Atomic uint64_t processed;
  _Atomic uint64_t dispatched;
} shared;

/* Takes some time, the more for some batches, and for a few so long that who waits for them sleeps. */
static void spend(const Batch *batch) {
  if (batch->batch_id % 256 == 255) nanosleep(&(struct timespec){0, 100000}, NULL);
  for (volatile uint64_t i = batch->batch_id % 64 * 20; i > 0; i--) continue;
}

static void process(void *context, uint32_t sphere, Batch *batch) {
  shared *s = context;
  stress_check(!batch->is_processed, "a batch is processed twice");
  batch->is_processed = true;
  if (!atomic_exchange(&s->seen[sphere], true)) atomic_fetch_add(&s->met, 1);
  while (atomic_load(&s->met) < s->workers) sched_yield();
  spend(batch);
  atomic_fetch_add(&s->processed, 1);
}

static void process_at_once(void *context, uint32_t sphere, Batch *batch) {
  shared *s = context;
  stress_check(sphere < s->workers && !batch->is_processed, "a batch is processed twice");
  batch->is_processed = true;
  spend(batch);
  atomic_fetch_add(&s->processed, 1);
}

static void start(shared *s, unsigned workers, void (*function)(void *context, uint32_t sphere, Batch *batch),
                  uint32_t capacity) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = s->workers = workers;
  options.lane_capacity = capacity;
  options.process = function;
  options.context = s;
  s->pool = batch_pool_create(POOL, 1, 1, 0);
  s->spheres = batch_spheres_start(&options);
  stress_check(s->pool && s->spheres, "%s", batch_last_error()->message);
}

static Batch *allocate(shared *s, uint64_t number) {
  stress_step("allocates");
  Batch *batch = batch_pool_allocate(s->pool);
  stress_check(batch, "%s", batch_last_error()->message);
  batch->batch_id = number & 0xff;
  return batch;
}

static void dispatch(shared *s, uint32_t lane, uint64_t number) {
  Batch *batch = allocate(s, number);
  stress_step("dispatches");
  stress_check(batch_spheres_dispatch(s->spheres, lane, batch), "%s", batch_last_error()->message);
  atomic_fetch_add(&s->dispatched, 1);
}

static uint32_t random_lane(const shared *s, uint64_t *random) {
  uint32_t lane = stress_random_below(random, s->workers + 1);
  return lane < s->workers ? lane : BATCH_SPHERES_ANY;
}

/* Returns how many. */
static uint32_t dispatch_many(shared *s, uint64_t *random) {
  uint32_t n = stress_random_below(random, MANY + 1), lanes[MANY];
  Batch *batches[MANY];
  for (uint32_t i = 0; i < n; i++) {
    lanes[i] = random_lane(s, random);
    batches[i] = allocate(s, stress_random(random));
  }
  stress_step("dispatches many");
  stress_check(batch_spheres_dispatch_many(s->spheres, lanes, batches, n), "%s", batch_last_error()->message);
  for (uint32_t i = 0; i < n; i++) stress_check(!batches[i], "batch %u of %u was not handed over", i, n);
  atomic_fetch_add(&s->dispatched, n);
  return n;
}

/* All batches have come back: they are processed, released, and nobody has one still. */
static void end(shared *s) {
  stress_step("stops");
  batch_spheres_stop(s->spheres);
  stress_check(atomic_load(&s->processed) == atomic_load(&s->dispatched),
               "dispatched %" PRIu64 ", processed %" PRIu64, atomic_load(&s->dispatched),
               atomic_load(&s->processed));
  Batch *all[POOL];
  for (unsigned i = 0; i < POOL; i++) {
    all[i] = batch_pool_try_allocate(s->pool);
    stress_check(all[i], "%u of %d batches have come back", i, POOL);
  }
  for (unsigned i = 0; i < POOL; i++) batch_release(all[i]);
  batch_pool_free(s->pool);
}

static void print_counts(const shared *s) {
  for (uint32_t i = 0; i < s->workers; i++) {
    batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
    stress_check(batch_spheres_get_stats(s->spheres, i, &stats), "%s", batch_last_error()->message);
    printf("  worker %u: %" PRIu64 " batches, %" PRIu64 " of them stolen\n", i, stats.processed,
           stats.stolen);
    stress_check(stats.processed > 0, "worker %u has got nothing", i);
  }
}

static void feed_one_lane(unsigned workers) {
  shared s = {.workers = workers};
  start(&s, workers, process, 0);
  for (uint64_t i = 0; i < 4 * workers || stress_goes_on_until(0.4); i++) dispatch(&s, 0, i);
  stress_step("drains");
  batch_spheres_drain(s.spheres);
  stress_check(atomic_load(&s.processed) == atomic_load(&s.dispatched), "drained too early");
  print_counts(&s);
  end(&s);
}

static void dispatch_and_drain(stress_thread *self) {
  shared *s = self->context;
  for (unsigned i = 0; i < s->batches; i++) {
    uint64_t least = atomic_load(&s->dispatched);
    if (stress_random_below(&self->random, 4) == 0) {
      least += dispatch_many(s, &self->random);
    } else {
      dispatch(s, random_lane(s, &self->random), stress_random(&self->random));
      least++;
    }
    if (stress_random_below(&self->random, 32)) continue;
    stress_step("drains");
    batch_spheres_drain(s->spheres);
    stress_check(atomic_load(&s->processed) >= least, "drained too early");
  }
}

static uint64_t live_shortly(unsigned workers, uint64_t *random) {
  stress_thread dispatchers[DISPATCHERS];
  shared s = {.batches = stress_random_below(random, 200)};
  start(&s, workers, process_at_once, 1 + stress_random_below(random, 8));
  stress_start(dispatchers, DISPATCHERS, "dispatcher", dispatch_and_drain, &s);
  stress_join(dispatchers, DISPATCHERS);
  end(&s);
  return atomic_load(&s.processed);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 4);
  unsigned workers = stress_threads() < MAX_WORKERS ? stress_threads() : MAX_WORKERS;
  uint64_t random = stress_seed(), lives = 0, batches = 0;
  feed_one_lane(workers);
  do {
    batches += live_shortly(1 + stress_random_below(&random, workers), &random);
    lives++;
  } while (stress_goes_on());
  return stress_end("%" PRIu64 " sets of lanes stopped with work inside, %" PRIu64 " batches", lives,
                    batches);
}
