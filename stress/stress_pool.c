/* A pool under everything at once: batches allocated in every way, released by their holder or by
   another thread, while two threads resize without pause; then a few batches going round as fast as can
   be; then pools closed under sleeping allocators, and freed with batches out. Every second pool has its elements in an
   arena, so that the memory of batches that come back to a freed one is the next one's. No batch is handed out
   twice (its holder marks it) or lost (at the end a pool of n hands out n).

   stress_pool [seconds [threads [seed]]] */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/stress.h"

enum { MAX_THREADS = 32, LARGEST = 16, FINAL_SIZE = 7, HELD = 3 };

typedef struct shared {
  BatchPool *pool;
  BatchQueue *handover; /* to be released by somebody else */
  atomic_uint working;
  _Atomic uint64_t allocated, refused, resizes;
} shared;

static BatchArena *arena;

/* Batches of one element, in the arena or not. */
static BatchPool *make_pool(uint32_t size, bool in_arena) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = size;
  options.shape.batch_size = options.shape.sequence_length = 1;
  if (in_arena) options.allocator = batch_arena_allocator(arena);
  BatchPool *pool = batch_pool_create_with(&options);
  stress_check(pool, "%s", batch_last_error()->message);
  return pool;
}

static void mark(Batch *batch, float owner) {
  stress_check(batch->input.data[0] == 0, "a batch of thread %.0f is handed out to thread %.0f",
               batch->input.data[0], owner);
  batch->input.data[0] = owner;
}

static void unmark(Batch *batch, float owner) {
  stress_check(batch->input.data[0] == owner, "the batch of thread %.0f has the mark of %.0f", owner,
               batch->input.data[0]);
  batch->input.data[0] = 0;
}

static void release_handed_over(shared *s) {
  Batch *batch;
  while ((batch = batch_queue_try_dequeue(s->handover))) batch_release(batch);
}

static void give_back(shared *s, Batch *batch, stress_thread *self) {
  unmark(batch, (float)(self->number + 1));
  uint32_t die = stress_random_below(&self->random, 3);
  if (die == 0 && batch_queue_try_enqueue(s->handover, batch)) return;
  if (die == 1)
    batch_release(batch);
  else
    batch_pool_release(s->pool, batch);
}

/* Who holds nothing may wait for ever, since the others will release what they hold. */
static Batch *allocate(shared *s, unsigned held, uint64_t *random) {
  Batch *batch;
  uint32_t die = stress_random_below(random, 4);
  if (die == 0) {
    stress_step("allocates with a deadline");
    batch_pool_allocate_until(s->pool, &batch, batch_deadline_after(20000));
    return batch;
  }
  stress_step("allocates");
  if (held > 0 || die == 1) return batch_pool_try_allocate(s->pool);
  release_handed_over(s);
  stress_step("allocates, or waits for a batch");
  batch = batch_pool_allocate(s->pool);
  stress_check(batch, "allocate gives nothing: %s", batch_last_error()->message);
  return batch;
}

static void work(stress_thread *self) {
  shared *s = self->context;
  Batch *held[HELD];
  unsigned n = 0;
  while (stress_goes_on_until(0.5)) {
    Batch *batch = n < HELD ? allocate(s, n, &self->random) : NULL;
    atomic_fetch_add_explicit(batch ? &s->allocated : &s->refused, 1, memory_order_relaxed);
    if (batch) mark(batch, (float)(self->number + 1));
    if (batch) held[n++] = batch;
    while (n > 0 && stress_random_below(&self->random, 2)) give_back(s, held[--n], self);
  }
  while (n > 0) give_back(s, held[--n], self);
  release_handed_over(s);
  atomic_fetch_sub(&s->working, 1);
}

static void resize(stress_thread *self) {
  shared *s = self->context;
  while (atomic_load(&s->working) > 0) {
    stress_step("resizes");
    stress_check(batch_pool_resize(s->pool, stress_random_below(&self->random, LARGEST + 1)), "%s",
                 batch_last_error()->message);
    atomic_fetch_add_explicit(&s->resizes, 1, memory_order_relaxed);
  }
}

static void check_exact(BatchPool *pool, uint32_t size) {
  Batch *batches[LARGEST];
  for (uint32_t i = 0; i < size; i++) {
    batches[i] = batch_pool_try_allocate(pool);
    stress_check(batches[i], "a pool of %u hands out %u", size, i);
    mark(batches[i], 1);
  }
  stress_check(!batch_pool_try_allocate(pool), "a pool of %u hands out more", size);
  stress_check(batch_pool_outstanding(pool) == size, "%u outstanding of %u", batch_pool_outstanding(pool),
               size);
  for (uint32_t i = 0; i < size; i++) unmark(batches[i], 1), batch_release(batches[i]);
  uint64_t allocations, releases;
  batch_pool_get_stats(pool, &allocations, &releases, NULL, NULL);
  stress_check(allocations == releases, "%" PRIu64 " allocations, %" PRIu64 " releases", allocations,
               releases);
}

static void resize_under_load(shared *s, unsigned threads) {
  stress_thread workers[MAX_THREADS], resizers[2];
  s->pool = make_pool(FINAL_SIZE, stress_seed() % 2);
  s->handover = batch_queue_create(8);
  stress_check(s->handover, "%s", batch_last_error()->message);
  atomic_store(&s->working, threads);
  stress_start(workers, threads, "worker", work, s);
  stress_start(resizers, 2, "resizer", resize, s);
  stress_join(workers, threads);
  stress_join(resizers, 2);
  release_handed_over(s);
  stress_check(batch_pool_resize(s->pool, FINAL_SIZE), "%s", batch_last_error()->message);
  check_exact(s->pool, FINAL_SIZE);
  batch_pool_free(s->pool);
  batch_queue_free(s->handover);
}

/* Two out at a time, back in either order: the stack of idle batches changes its order all the time. */
static void go_round(stress_thread *self) {
  shared *s = self->context;
  float owner = (float)(self->number + 1);
  for (uint64_t steps = 0; steps % 64 || stress_goes_on_until(0.75); steps++) {
    stress_step("allocates two and gives them back");
    Batch *first = batch_pool_try_allocate(s->pool), *second = batch_pool_try_allocate(s->pool);
    if (first) mark(first, owner);
    if (second) mark(second, owner);
    bool swap = stress_random_below(&self->random, 2);
    Batch *earlier = swap ? second : first, *later = swap ? first : second;
    if (earlier) unmark(earlier, owner), batch_release(earlier);
    if (later) unmark(later, owner), batch_release(later);
    atomic_fetch_add_explicit(&s->allocated, (first != NULL) + (second != NULL), memory_order_relaxed);
  }
}

static void go_round_all(shared *s, unsigned threads) {
  stress_thread team[MAX_THREADS];
  s->pool = make_pool(3, stress_seed() % 2);
  stress_start(team, threads, "goer", go_round, s);
  stress_join(team, threads);
  check_exact(s->pool, 3);
  batch_pool_free(s->pool);
}

typedef struct freed_round {
  BatchPool *pool;
  Batch *out[2];
  atomic_int sleeper[2]; /* thread ids, once they are about to wait */
} freed_round;

static void wait_for_the_end(stress_thread *self) {
  freed_round *r = self->context;
  stress_step("waits for a batch of a pool that is closed");
  atomic_store(&r->sleeper[self->number], gettid());
  stress_check(!batch_pool_allocate(r->pool), "a closed pool hands out a batch");
  stress_check(batch_last_error()->code == BATCH_CLOSED, "a closed pool says %s",
               batch_last_error()->message);
}

static bool sleeps(int thread) {
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  FILE *file = fopen(path, "r");
  bool read = file && fgets(text, sizeof text, file);
  if (file) fclose(file);
  const char *name_end = read ? strrchr(text, ')') : NULL;
  return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

/* Nobody can see from outside that a call has begun but by its thread's being asleep. */
static void until_asleep(freed_round *r) {
  for (unsigned i = 0; i < 2; i++)
    for (unsigned seen = 0; seen < 3; sched_yield()) {
      int thread = atomic_load(&r->sleeper[i]);
      seen = thread && sleeps(thread) ? seen + 1 : 0;
    }
}

static void release_late(stress_thread *self) {
  freed_round *r = self->context;
  stress_step("releases a batch of a freed pool");
  Batch *batch = r->out[self->number];
  unmark(batch, (float)(self->number + 1));
  batch_release(batch);
}

static BatchPool *free_and_make_next(BatchPool *pool, bool in_arena) {
  batch_pool_free(pool);
  return make_pool(3, in_arena);
}

/* Frees a pool with two batches out. Either two threads sleep in it until it is closed, and the batches
   come back after it was freed; or they come back meanwhile. */
static void free_in_use(bool sleepers, bool in_arena) {
  stress_thread asleep[2], holders[2];
  freed_round r = {.pool = make_pool(2, in_arena)};
  BatchPool *next = NULL;
  for (unsigned i = 0; i < 2; i++) mark(r.out[i] = batch_pool_try_allocate(r.pool), (float)(i + 1));
  if (sleepers) {
    stress_start(asleep, 2, "sleeper", wait_for_the_end, &r);
    until_asleep(&r);
    batch_pool_close(r.pool);
    stress_join(asleep, 2);
    next = free_and_make_next(r.pool, in_arena);
  }
  stress_start(holders, 2, "holder", release_late, &r);
  if (!sleepers) next = free_and_make_next(r.pool, in_arena);
  stress_join(holders, 2);
  check_exact(next, 3);
  batch_pool_free(next);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 3.0, 4);
  shared s = {.pool = NULL};
  uint64_t freed = 0;
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.chunk_bytes = 1; /* a page */
  arena = batch_arena_create(&options);
  stress_check(arena, "%s", batch_last_error()->message);
  unsigned threads = stress_threads() < MAX_THREADS ? stress_threads() : MAX_THREADS;
  resize_under_load(&s, threads);
  go_round_all(&s, threads);
  do {
    stress_step("frees pools in use");
    free_in_use(freed % 4 == 0, freed / 4 % 2);
    freed++;
  } while (stress_goes_on());
  stress_check(batch_arena_in_use(arena) == 0, "%zu bytes are in use", batch_arena_in_use(arena));
  batch_arena_free(arena);
  stress_check(batch_count_live() == 0, "%zu batches are left alive", batch_count_live());
  return stress_end("%" PRIu64 " batches allocated, %" PRIu64 " refused, %" PRIu64 " resizes, %" PRIu64
                    " pools freed while in use",
                    atomic_load(&s.allocated), atomic_load(&s.refused), atomic_load(&s.resizes), freed);
}
