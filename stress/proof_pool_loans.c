/* Loaders that take their batches from a pool of somebody else's, under schedules (schedule/fibers.h). The pool's only
   batch is out. Two threads of one loader wait for it, one of another loader, which borrows the pool meanwhile, and
   somebody without a loan; whoever gets the batch gives it back at once. One more thread gives the batch back, tries
   to make the pool larger, and ends the first loader or closes the pool, in any order. Of every run is checked
     - that nobody sleeps for ever: neither who has ended, nor who waits for a batch that is there,
     - that who has not ended gets the batch while the pool is open,
     - that the pool did not grow, and at rest has its batch, no waiter and no token.

   usage: proof_pool_loans [seconds [threads [seed]]]
     seconds   0: one schedule, printed step by step
     threads   ignored: there are five */
#include "core/pool_internal.h"

#include <stdio.h>

#include "schedule/fibers.h"
#include "schedule/inside.h"
#include "support/stress.h"

enum { FIRST_A, FIRST_B, SECOND, PLAIN, ACTOR, THREADS };
enum { GIVE_BACK, GROW, END, CLOSE, ACTIONS };

static BatchPool *pool;
static Batch *out;
static unsigned first_loan, second_loan;
static _Atomic bool first_ended, second_ended;
static bool closes, grew, got[THREADS];
static unsigned order[ACTIONS];

static void give_back_at_once(unsigned thread, Batch *batch) {
  got[thread] = batch;
  batch_release(batch);
}

static void act(unsigned action) {
  switch (action) {
  case GIVE_BACK:
    batch_pool_release(pool, out);
    break;
  case GROW:
    grew = batch_pool_resize(pool, 2);
    break;
  case END:
    atomic_store_explicit(&first_ended, true, memory_order_seq_cst);
    pool_wake(pool, first_loan);
    break;
  default:
    if (closes) batch_pool_close(pool);
    break;
  }
}

static void run_thread(unsigned thread) {
  static const char name[] = "proof_pool_loans";
  uint32_t there;
  switch (thread) {
  case FIRST_A:
  case FIRST_B:
    give_back_at_once(thread, pool_allocate_unless(pool, first_loan, &first_ended));
    break;
  case SECOND:
    second_loan = pool_borrow(name, pool, &there);
    if (second_loan) give_back_at_once(thread, pool_allocate_unless(pool, second_loan, &second_ended));
    break;
  case PLAIN:
    give_back_at_once(thread, batch_pool_allocate(pool));
    break;
  default:
    for (unsigned i = 0; i < ACTIONS; i++) act(order[i]);
    break;
  }
}

static void prepare(uint64_t *random) {
  uint32_t there;
  pool = batch_pool_create(1, 1, 1, 0);
  stress_check(pool, "%s", batch_last_error()->message);
  out = batch_pool_try_allocate(pool);
  first_loan = pool_borrow("proof_pool_loans", pool, &there);
  second_loan = 0;
  atomic_store(&first_ended, false);
  closes = stress_random_below(random, 4) == 0;
  for (unsigned i = 0; i < THREADS; i++) got[i] = false;
  for (unsigned i = 0; i < ACTIONS; i++) {
    unsigned at = stress_random_below(random, i + 1);
    order[i] = order[at];
    order[at] = i;
  }
}

static const char *run(uint64_t random) {
  prepare(&random);
  unsigned changes = 1 + stress_random_below(&random, 4);
  fibers_end end = fibers_run(THREADS, run_thread, stress_random(&random), changes, 120);
  if (end != FIBERS_ENDED) return end == FIBERS_ASLEEP ? "asleep for ever" : "does not end";
  if (!closes && !(got[SECOND] && got[PLAIN])) return "who has not ended got no batch";
  if (grew) return "the pool grew under a loader";
  if (!inside_pool_is_at_rest(pool)) return "a waiter or a token is left over";
  if (batch_pool_outstanding(pool) != 0) return "the batch is lost";
  pool_give_back(pool, first_loan);
  if (second_loan) pool_give_back(pool, second_loan);
  if (!closes && !batch_pool_resize(pool, 2)) return "a pool that was given back does not grow";
  batch_pool_free(pool);
  return NULL;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2, THREADS);
  uint64_t seed = stress_seed(), schedules = 0;
  fibers_trace(stress_seconds() == 0);
  do {
    const char *wrong = run(seed);
    stress_check(!wrong, "%s; again, step by step: proof_pool_loans 0 5 %llu", wrong,
                 (unsigned long long)seed);
    seed++, schedules++;
    stress_step("runs schedules");
  } while (stress_goes_on());
  return stress_end("%llu schedules", (unsigned long long)schedules);
}
