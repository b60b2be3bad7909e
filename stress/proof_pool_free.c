/* How pools end, under schedules (schedule/fibers.h):
     closing    two threads allocate and wait; another one releases the only batch and closes the pool, in
                either order. Nobody sleeps for ever: each gets the batch or CLOSED, nobody both, and after
                that the pool hands out nothing, though its batch is idle.
     releasing  one thread releases a batch; another one frees that pool, makes a new one, as a rule in the
                same memory, and uses it. At the end exactly as many batches as the new one should have can
                be had from it, and every block of elements went back.

   usage: proof_pool_free [seconds [threads [seed]]]
     seconds   for each; 0: one schedule, printed step by step
     threads   ignored: there are two or three */
#include <headrace/pool.h>

#include <stdio.h>
#include <stdlib.h>

#include "schedule/fibers.h"
#include "schedule/inside.h"
#include "support/stress.h"

enum { BATCHES_MAX = 3, USES = 6, WAITERS = 2, AT_LEAST = 50000 /* schedules of each */ };

static BatchPool *pool, *new_pool;
static Batch *out, *got[WAITERS];
static batch_status answer[WAITERS];
static bool close_first;
static uint32_t new_size;
static uint64_t program_random, in_same_memory;
static int blocks; /* of elements, allocated and not given back */

static void *count_block(void *context, size_t bytes, size_t alignment) {
  (void)context;
  blocks++;
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void count_no_block(void *context, void *memory, size_t bytes) {
  (void)context, (void)bytes;
  blocks--;
  free(memory);
}

static BatchPool *make(uint32_t size) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = size;
  options.shape.batch_size = options.shape.sequence_length = 1;
  options.allocator = (batch_allocator){count_block, count_no_block, NULL};
  BatchPool *made = batch_pool_create_with(&options);
  stress_check(made, "%s", batch_last_error()->message);
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

static void wait_or_close(unsigned thread) {
  if (thread < WAITERS) {
    answer[thread] = batch_pool_allocate_until(pool, &got[thread], BATCH_FOREVER);
    batch_release(got[thread]);
    return;
  }
  if (close_first) batch_pool_close(pool);
  batch_pool_release(pool, out);
  if (!close_first) batch_pool_close(pool);
}

static const char *run_closing(uint64_t random) {
  pool = make(1);
  out = batch_pool_try_allocate(pool);
  close_first = stress_random_below(&random, 2);
  unsigned changes = 1 + stress_random_below(&random, 3);
  fibers_end end = fibers_run(WAITERS + 1, wait_or_close, stress_random(&random), changes, 60);
  if (end != FIBERS_ENDED) return end == FIBERS_ASLEEP ? "asleep for ever" : "does not end";
  for (unsigned i = 0; i < WAITERS; i++)
    if (answer[i] != (got[i] ? BATCH_OK : BATCH_CLOSED)) return "neither the batch nor CLOSED";
  if (!inside_pool_is_at_rest(pool)) return "a waiter or a token is left over";
  if (batch_pool_outstanding(pool) != 0) return "the batch is lost";
  if (count_idle(pool) != 0) return "a closed pool hands out a batch";
  batch_pool_free(pool);
  return blocks == 0 ? NULL : "a block of elements is lost";
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

/* The memory of a pool rests until one more has been freed (inside_pool.c). */
static void release_or_renew(unsigned thread) {
  if (thread == 0) {
    batch_pool_release(pool, out);
    return;
  }
  batch_pool_free(pool);
  batch_pool_free(make(1));
  new_pool = make(new_size);
  use_new_pool();
}

static const char *run_releasing(uint64_t random) {
  pool = make(1 + stress_random_below(&random, BATCHES_MAX));
  out = batch_pool_try_allocate(pool);
  new_size = 1 + stress_random_below(&random, BATCHES_MAX);
  program_random = stress_random(&random);
  unsigned changes = 1 + stress_random_below(&random, 3);
  if (fibers_run(2, release_or_renew, stress_random(&random), changes, 160) != FIBERS_ENDED)
    return "does not end";
  in_same_memory += new_pool == pool;
  if (count_idle(new_pool) != new_size) return "batches of the new pool are lost or there twice";
  batch_pool_free(new_pool);
  return blocks == 0 ? NULL : "a block of elements is lost";
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
  } while (stress_clock() < end ||
           (stress_seconds() > 0 && schedules < AT_LEAST)); /* also where all is slow */
  printf("%-9s %llu schedules\n", name, (unsigned long long)schedules);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2, 2);
  prove("closing", run_closing);
  prove("releasing", run_releasing);
  stress_check(in_same_memory > 0 || stress_seconds() == 0, "no pool came to live in another one's memory");
  return stress_end("%llu pools in the memory of one that was freed", (unsigned long long)in_same_memory);
}
