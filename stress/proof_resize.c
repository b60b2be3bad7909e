/* Pools that change their size while they are used, under schedules (schedule/fibers.h): threads
   allocate, release and resize at once. Of every run is checked
     - that no batch is handed out twice,
     - that nobody sleeps for ever (everyone gives back what it has, so each waiter must get one),
     - that at rest exactly `size` batches can be had, and no waiter and no token is left,
     - that every block of elements went back when the pool was freed,
     - that there is an order of the calls in which the answers are those of a sequential pool:
           allocate   OK if fewer are out than there are, else refused
           release    one fewer out; if there are more than the size says, one fewer there
           resize     there = size, but not fewer than are out
       An allocation that overlaps a resize or a release is excused from this: a change of size is not
       one step. Batches that are being added or looked at may be missing for a moment, and a release
       that began before the pool shrank may leave its batch to be allocated once more.

   usage: proof_resize [seconds [threads [seed]]]
     seconds   0: one schedule, printed step by step: with the seed that a failure printed, that failure
     threads   of a program at most, 2 to 4 */
#include <headrace/pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule/fibers.h"
#include "schedule/inside.h"
#include "support/stress.h"

enum { OPERATIONS_MAX = 4, CALLS_MAX = 40, SIZE_MAX_TRIED = 3 };

typedef enum call_kind { ALLOCATE, RELEASE, RESIZE } call_kind;

typedef struct call {
  call_kind kind;
  bool granted; /* an allocation */
  uint32_t size;
  unsigned thread;
  uint64_t invoked, responded;
} call;

typedef struct sequential_pool {
  uint32_t size, there, out;
} sequential_pool;

static BatchPool *pool;
static call calls[CALLS_MAX];
static unsigned recorded;
static uint64_t stamp;
static uint64_t program_random[FIBERS_MAX];
static Batch *held[FIBERS_MAX][OPERATIONS_MAX + 1];
static uint32_t held_count[FIBERS_MAX];
static int blocks; /* of elements, allocated and not given back */
static const char *wrong;

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

static call *record(unsigned thread, call_kind kind, uint32_t size) {
  call *c = &calls[recorded++];
  *c = (call){.kind = kind, .size = size, .thread = thread, .invoked = stamp++};
  return c;
}

static bool is_held(const Batch *batch) {
  for (unsigned t = 0; t < FIBERS_MAX; t++)
    for (uint32_t i = 0; i < held_count[t]; i++)
      if (held[t][i] == batch) return true;
  return false;
}

static bool allocate(unsigned thread, uint64_t deadline) {
  Batch *batch;
  call *c = record(thread, ALLOCATE, 0);
  c->granted = batch_pool_allocate_until(pool, &batch, deadline) == BATCH_OK;
  if (c->granted && is_held(batch)) wrong = "a batch is handed out twice";
  if (c->granted) held[thread][held_count[thread]++] = batch;
  c->responded = stamp++;
  return c->granted;
}

static void release(unsigned thread) {
  if (held_count[thread] == 0) return;
  call *c = record(thread, RELEASE, 0);
  batch_pool_release(pool, held[thread][--held_count[thread]]);
  c->responded = stamp++;
}

static void resize(unsigned thread, uint32_t size) {
  call *c = record(thread, RESIZE, size);
  batch_pool_resize(pool, size);
  c->responded = stamp++;
}

/* Whoever has a batch does not wait for another one. */
static uint64_t random_deadline(unsigned thread, uint64_t *random) {
  static const uint64_t deadlines[] = {BATCH_NO_WAIT, 8, BATCH_FOREVER};
  return deadlines[stress_random_below(random, held_count[thread] > 0 ? 2 : 3)];
}

static void run_thread(unsigned thread) {
  uint64_t *random = &program_random[thread];
  for (uint32_t i = 1 + stress_random_below(random, OPERATIONS_MAX); i > 0; i--) {
    uint32_t what = stress_random_below(random, 8);
    if (what < 4)
      allocate(thread, random_deadline(thread, random));
    else if (what < 6)
      release(thread);
    else
      resize(thread, 1 + stress_random_below(random, SIZE_MAX_TRIED));
  }
  while (held_count[thread] > 0) release(thread);
}

static bool overlap(const call *a, const call *b) {
  return a->invoked < b->responded && b->invoked < a->responded;
}

/* Whether a size is being changed meanwhile, or a batch released that may have to be retired. */
static bool is_excused(const call *allocation) {
  for (unsigned i = 0; i < recorded; i++)
    if (calls[i].kind != ALLOCATE && overlap(&calls[i], allocation)) return true;
  return false;
}

/* Does the call; false if the sequential pool would not have answered so. */
static bool step(sequential_pool *p, const call *c) {
  switch (c->kind) {
  case ALLOCATE:
    if (c->granted != (p->out < p->there) && !is_excused(c)) return false;
    if (p->out >= p->there) p->there += c->granted;
    p->out += c->granted;
    return true;
  case RELEASE:
    p->out--;
    if (p->there > p->size) p->there--;
    return true;
  default:
    p->size = c->size;
    p->there = c->size > p->out ? c->size : p->out;
    return true;
  }
}

/* Whether the calls that are not in `done` can be put in an order: one goes first that no other one
   precedes. */
static bool has_order(uint64_t done, sequential_pool p) {
  uint64_t first_response = UINT64_MAX;
  for (unsigned i = 0; i < recorded; i++)
    if (!(done >> i & 1) && calls[i].responded < first_response) first_response = calls[i].responded;
  if (first_response == UINT64_MAX) return true;
  for (unsigned i = 0; i < recorded; i++) {
    sequential_pool next = p;
    if (done >> i & 1 || calls[i].invoked > first_response || !step(&next, &calls[i])) continue;
    if (has_order(done | UINT64_C(1) << i, next)) return true;
  }
  return false;
}

static const char *check_at_rest(void) {
  uint32_t idle = 0;
  if (!inside_pool_is_at_rest(pool)) return "a waiter or a token is left over";
  unsigned before = recorded;
  while (!wrong && idle <= SIZE_MAX_TRIED && allocate(FIBERS_MAX - 1, BATCH_NO_WAIT)) idle++;
  recorded = before;
  if (wrong) return wrong;
  if (idle != batch_pool_size(pool)) return "at rest there are not as many as the size says";
  while (held_count[FIBERS_MAX - 1] > 0)
    batch_pool_release(pool, held[FIBERS_MAX - 1][--held_count[FIBERS_MAX - 1]]);
  batch_pool_free(pool);
  return blocks == 0 ? NULL : "a block of elements is lost";
}

static void run_schedule(uint64_t seed) {
  uint64_t random = seed;
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 1 + stress_random_below(&random, SIZE_MAX_TRIED);
  options.shape.batch_size = options.shape.sequence_length = 1;
  options.allocator = (batch_allocator){count_block, count_no_block, NULL};
  wrong = NULL;
  recorded = 0;
  stamp = 0;
  blocks = 0;
  memset(held_count, 0, sizeof held_count);
  pool = batch_pool_create_with(&options);
  stress_check(pool, "no memory");
  unsigned threads = 2 + stress_random_below(&random, stress_threads() - 1);
  for (unsigned t = 0; t < threads; t++) program_random[t] = stress_random(&random);
  unsigned changes = stress_random_below(&random, 6);
  fibers_end end = fibers_run(threads, run_thread, stress_random(&random), changes, 40 * threads);
  if (end != FIBERS_ENDED) wrong = end == FIBERS_ASLEEP ? "asleep for ever" : "does not end";
  if (!wrong) wrong = check_at_rest();
  if (!wrong && !has_order(0, (sequential_pool){options.pool_size, options.pool_size, 0}))
    wrong = "not linearizable";
}

static void report(uint64_t seed) {
  static const char *const names[] = {"allocate", "release", "resize"};
  for (unsigned i = 0; i < recorded; i++)
    printf("  thread %u  %3llu to %3llu  %s %s%.0u\n", calls[i].thread, (unsigned long long)calls[i].invoked,
           (unsigned long long)calls[i].responded, names[calls[i].kind],
           calls[i].kind != ALLOCATE ? ""
           : calls[i].granted        ? "OK"
                                     : "refused",
           calls[i].size);
  stress_fail("%s; again, step by step: proof_resize 0 %u %llu", wrong, stress_threads(),
              (unsigned long long)seed);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 3);
  uint64_t seed = stress_seed(), schedules = 0, operations = 0;
  fibers_trace(stress_seconds() == 0);
  do {
    run_schedule(seed);
    if (wrong) report(seed);
    seed++, schedules++, operations += recorded;
    stress_step("runs schedules");
  } while (stress_goes_on());
  return stress_end("%llu schedules, %llu calls", (unsigned long long)schedules,
                    (unsigned long long)operations);
}
