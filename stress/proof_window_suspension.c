/* Stops threads for ever, before every one of the atomic operations of a call on a window (sync/window.h), and
   lets the others show what goes on: publishing, taking without waiting or to a deadline, waiting, closing.

   A window gives in order, so one thing is held up by its nature: a position that is not published, since who has
   it stands before PUBLISH, is not taken, and nothing behind it is. What must hold while threads stand:
     - others publish all positions for which there is a batch, whoever stands where, and take all before the
       first that is missing; where none is missing they complete thousands of operations;
     - beside a missing position a take answers EMPTY, or TIMEDOUT at its deadline, and comes back;
     - another thread closes the window, and all takes answer CLOSED.
   At last the stopped threads go on to their ends: each position has been taken once, with its handle and its
   entry, all batches are back, nobody is registered as waiting.

   usage: proof_window_suspension [seconds [others [seed]]]
     seconds   for which three threads at a time are stopped at random points, after all points of one thread,
               alone and after detours, and all pairs of points of two
     others    threads that are not stopped, at least 2

   The control: a window whose takers exclude each other must be found to block the others. */
#include <limits.h>
#include <stdio.h>

#include "schedule/others.h"
#include "schedule/window_case.h"
#include "support/stress.h"

enum { AT_A_POINT = 10000, AT_A_PAIR = 200 };

static uint64_t cases;
static unsigned failures;
static bool quiet; /* the control is running */

/* Runs a case; returns whether one more step of its last victim makes another one. */
static bool run(const case_plan *plan) {
  bool more;
  const char *why = window_case_run(plan, &more);
  cases++;
  stress_step("stops threads");
  if (why && !quiet) {
    window_case_print(plan, why);
    stress_fail("a case");
  }
  failures += why != NULL;
  return more;
}

static void try_points(case_plan plan) {
  plan.operations = AT_A_POINT;
  for (plan.closing = false;; plan.closing = true) {
    for (plan.victim[0].steps = 0; run(&plan); plan.victim[0].steps++) continue;
    if (plan.closing) return;
  }
}

/* Every stop on every way on from every stop, the others having done a little or gone round several times meanwhile. */
static void try_detours(case_plan plan) {
  static const uint64_t meanwhile[] = {1, 2, 3, 40};
  victim_plan *v = &plan.victim[0];
  for (v->steps = 0;; v->steps++) {
    plan.operations = 0;
    v->further = UINT_MAX;
    if (!run(&plan)) return;
    plan.operations = AT_A_PAIR;
    for (unsigned i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
      v->others = meanwhile[i];
      for (v->further = 0; run(&plan); v->further++) continue;
    }
  }
}

static void try_pairs(case_plan plan) {
  plan.operations = 0;
  for (plan.victim[0].steps = 0;; plan.victim[0].steps++) {
    plan.victims = 1;
    if (!run(&plan)) return;
    plan.victims = 2;
    plan.operations = AT_A_PAIR;
    for (operation o = 0; o < OPERATIONS; o++) {
      plan.victim[1] = (victim_plan){.operation = o, .further = UINT_MAX};
      for (; run(&plan); plan.victim[1].steps++) continue;
    }
    plan.operations = 0;
  }
}

static void try_triples(uint64_t *random) {
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  while (stress_clock() < end) {
    case_plan plan = {.inside = stress_random_below(random, WINDOW_CASE_SIZE - WINDOW_CASE_VICTIMS + 1),
                      .victims = WINDOW_CASE_VICTIMS,
                      .operations = AT_A_PAIR,
                      .closing = stress_random_below(random, 4) == 0};
    for (unsigned i = 0; i < WINDOW_CASE_VICTIMS; i++)
      plan.victim[i] = (victim_plan){
          .operation = stress_random_below(random, OPERATIONS),
          .steps = stress_random_below(random, 14),
          .others = stress_random_below(random, 20),
          .further = stress_random_below(random, 2) ? UINT_MAX : stress_random_below(random, 14)};
    run(&plan);
  }
}

static void for_each_state(void (*try)(case_plan plan), unsigned victims_at_once) {
  for (uint32_t inside = 0; inside + victims_at_once <= WINDOW_CASE_SIZE; inside++)
    for (operation o = 0; o < OPERATIONS; o++)
      try((case_plan){.inside = inside, .victims = 1, .victim = {{.operation = o, .further = UINT_MAX}}});
}

static _Atomic bool taking;

static window_status take_alone(small_window *w, window_taken *taken, uint64_t *entry, uint64_t deadline) {
  bool nobody = false;
  (void)deadline;
  if (!atomic_compare_exchange_strong_explicit(&taking, &nobody, true, memory_order_seq_cst,
                                               memory_order_seq_cst))
    return WINDOW_EMPTY;
  window_status status = small_window_shipped.take(w, taken, entry, 0);
  atomic_store_explicit(&taking, false, memory_order_seq_cst);
  return status;
}

static void refute(void) {
  window_case_parts = small_window_shipped;
  window_case_parts.take = take_alone;
  quiet = true;
  try_points((case_plan){.victims = 1, .victim = {{.operation = TAKE, .further = UINT_MAX}}});
  printf("control: takers that exclude each other: %llu points, at %u of them the others are blocked\n",
         (unsigned long long)cases, failures);
  stress_check(failures > 0, "the control passed");
  quiet = false;
  window_case_parts = small_window_shipped;
}

static uint64_t since(uint64_t *before) {
  uint64_t count = cases - *before;
  *before = cases;
  return count;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 2);
  uint64_t random = stress_seed(), before = 0;
  window_case_begin(stress_threads() < 2 ? 2 : stress_threads());
  refute();
  since(&before);
  uint64_t held_up = window_case_held_up();
  for_each_state(try_points, 1);
  uint64_t points = since(&before);
  for_each_state(try_detours, 1);
  uint64_t detours = since(&before);
  for_each_state(try_pairs, 2);
  uint64_t pairs = since(&before);
  try_triples(&random);
  printf("window %llu points, %llu after a detour, %llu pairs, %llu triples; the others completed %llu "
         "operations, and %llu times took all before a missing position\n",
         (unsigned long long)points, (unsigned long long)detours, (unsigned long long)pairs,
         (unsigned long long)since(&before), (unsigned long long)others_operations(),
         (unsigned long long)(window_case_held_up() - held_up));
  window_case_end();
  return stress_end("only a missing position is waited for");
}
