/* Pools that are freed while others are still inside a call, under schedules (schedule/fibers.h), and the
   pools that come to live in the same memory afterwards:
     waiting    one thread allocates and waits; another one releases the only batch and frees the pool. The
                waiting call gets the batch or CLOSED, and the pool's memory goes back once: two new
                pools are two.
     releasing  one thread releases a batch; another one frees that pool, makes a new one and uses it. At
                the end exactly as many batches as the new one should have can be had from it.

   usage: proof_pool_free [seconds [threads [seed]]]
     seconds   for each; 0: one schedule, printed step by step
     threads   ignored: there are two */
#include <headrace/pool.h>

#include <stdio.h>

#include "schedule/fibers.h"
#include "support/stress.h"

enum { BATCHES_MAX = 3, USES = 6 };

static BatchPool *pool, *new_pool;
static Batch *out;
static uint32_t new_size;
static uint64_t program_random;

static BatchPool *make(uint32_t size) {
  BatchPool *made = batch_pool_create(size, 1, 1, 0);
  stress_check(made, "no memory");
  return made;
}

/* Returns how many batches can be had, up to one more than there ever should be. */
static uint32_t count_idle(BatchPool *p) {
  Batch *taken[BATCHES_MAX + 1];
  uint32_t count = 0;
  while (count <= BATCHES_MAX && (taken[count] = batch_pool_try_allocate(p))) count++;
  for (uint32_t i = 0; i < count; i++) batch_release(taken[i]);
  return count;
}

static void wait_or_free(unsigned thread) {
  if (thread == 0) {
    batch_release(batch_pool_allocate(pool));
  } else {
    batch_pool_release(pool, out);
    batch_pool_free(pool);
  }
}

static const char *run_waiting(uint64_t random) {
  pool = make(1);
  out = batch_pool_try_allocate(pool);
  unsigned changes = 1 + stress_random_below(&random, 3);
  if (fibers_run(2, wait_or_free, stress_random(&random), changes, 40) != FIBERS_ENDED) return "does not end";
  BatchPool *one = make(1), *two = make(1);
  if (one == two) return "the memory of a pool was given back twice";
  batch_pool_free(one);
  batch_pool_free(two);
  return NULL;
}

static void use_new_pool(void) {
  Batch *held[USES];
  uint32_t count = 0;
  for (int i = 0; i < USES; i++)
    if (count == 0 || stress_random_below(&program_random, 2)) {
      if ((held[count] = batch_pool_try_allocate(new_pool))) count++;
    } else {
      uint32_t which = stress_random_below(&program_random, count);
      batch_release(held[which]);
      held[which] = held[--count];
    }
  while (count > 0) batch_release(held[--count]);
}

static void release_or_renew(unsigned thread) {
  if (thread == 0) {
    batch_pool_release(pool, out);
    return;
  }
  batch_pool_free(pool);
  new_pool = make(new_size);
  use_new_pool();
}

static const char *run_releasing(uint64_t random) {
  pool = make(1 + stress_random_below(&random, BATCHES_MAX));
  out = batch_pool_try_allocate(pool);
  new_size = 1 + stress_random_below(&random, BATCHES_MAX);
  program_random = stress_random(&random);
  unsigned changes = 1 + stress_random_below(&random, 3);
  if (fibers_run(2, release_or_renew, stress_random(&random), changes, 120) != FIBERS_ENDED)
    return "does not end";
  if (count_idle(new_pool) != new_size) return "batches of the new pool are lost or there twice";
  batch_pool_free(new_pool);
  return NULL;
}

static void prove(const char *name, const char *(*run)(uint64_t random)) {
  uint64_t seed = stress_seed(), schedules = 0;
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  fibers_trace(stress_seconds() == 0);
  do {
    const char *wrong = run(seed);
    stress_check(!wrong, "%s: %s; again, step by step: proof_pool_free 0 2 %llu", name, wrong,
                 (unsigned long long)seed);
    seed++, schedules++;
    stress_step("runs schedules");
  } while (stress_clock() < end);
  printf("%-9s %llu schedules\n", name, (unsigned long long)schedules);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2, 2);
  prove("waiting", run_waiting);
  prove("releasing", run_releasing);
  return stress_end("pools are freed while others are inside");
}
