/* Stops threads for ever, before every one of the atomic operations that a call does, and lets the
   others show that it does not matter to them (schedule/case.h says what is required of them).

   usage: proof_suspension [seconds [others [seed]]]
     seconds   for which three threads at a time are stopped at random points, after all points of one
               thread and all pairs of points of two have been tried
     others    threads that are not stopped, at least 2

   The controls: the same test on Vyukov's queue must find that the others are blocked, and on a queue whose push of
   several is many pushes that one can stop in the middle of it. */
#include <stdio.h>

#include "schedule/case.h"
#include "schedule/others.h"
#include "schedule/small_queue.h"
#include "support/stress.h"

/* Operations that the others must complete in a case. An unlimited queue keeps every ring for a reader
   that was stopped, so there they do a tenth. */
enum { AT_A_POINT = 40000, AT_A_DETOUR = 1000, AT_A_PAIR = 200, FEWER = 10 };
enum { LONG_SECONDS = 60, MANY = 3, STRIDE = 32 };

typedef struct tally {
  uint64_t points, with_groups, detours, pairs, triples;
} tally;

static unsigned failures;
static bool quiet; /* the control is running */

static bool is_unlimited(const subject *s) {
  return !s->bounded && !s->starts_full;
}

static uint64_t share(const subject *s, uint64_t operations) {
  return is_unlimited(s) ? operations / FEWER : operations;
}

/* Runs a case; returns whether its victim number `last` was stopped before it ended. */
static bool run(const case_plan *plan, unsigned last, uint64_t *count) {
  bool stops[CASE_VICTIMS];
  const char *wrong = case_run(plan, stops);
  *count += stops[last];
  stress_step("stops threads");
  if (wrong && failures++ < 3 && !quiet) {
    printf("%s\n", wrong);
    case_print(plan);
  }
  return stops[last];
}

static bool of_several(operation o) {
  return o == OPERATION_PUT_MANY || o == OPERATION_TAKE_MANY;
}

static bool is_long(void) {
  return stress_seconds() >= LONG_SECONDS;
}

/* Every stop of one operation, the others doing much. */
static void try_points(case_plan *plan, tally *t) {
  victim_plan *v = &plan->victim[0];
  bool many = is_long() && v->operation != OPERATION_CLEAR;
  plan->operations = share(plan->subject, many ? AT_A_POINT : AT_A_DETOUR);
  for (v->steps = 0; run(plan, 0, &t->points); v->steps++) continue;
}

/* Puts and takes of several that wait do what the others do, several times, and clearing releases what it has taken out:
   too many stops for every detour and pair. Those that poll have as many in a short run. They are tried at each point,
   and at random. */
static bool is_left_out(operation o) {
  if (o == OPERATION_PUT_MANY_WAITING || o == OPERATION_TAKE_MANY_WAITING || o == OPERATION_CLEAR)
    return true;
  return !is_long() && (o == OPERATION_PUT_POLLING || o == OPERATION_TAKE_POLLING);
}

/* A short run tries one in STRIDE of the stops with groups and of the last stops of detours and pairs, each time others;
   every one is tried by a long one. */
static unsigned stride(void) {
  return is_long() ? 1 : STRIDE;
}

static unsigned first_stop(void) {
  static uint64_t random;
  if (random == 0) random = stress_seed() | 1;
  return stress_random_below(&random, stride());
}

/* Every stop of what may want a group or give one back: of so many, and whatever is to be had where groups are. */
static void try_points_with_groups(case_plan *plan, tally *t) {
  victim_plan *v = &plan->victim[0];
  if (!plan->subject->arrange_groups) return;
  plan->operations = share(plan->subject, AT_A_DETOUR);
  plan->together = true;
  for (plan->groups = GROUPS_NONE; plan->groups < GROUP_STATES; plan->groups++)
    for (v->many = 2; v->many <= (of_several(v->operation) ? SUBJECT_MANY : 2); v->many++)
      for (v->steps = first_stop(); run(plan, 0, &t->with_groups); v->steps += stride()) continue;
}

/* Every stop on every detour: what the operation does after something has happened while it stood at
   each of its points. */
static void try_detours(case_plan *plan, tally *t) {
  uint64_t first_stops = 0;
  victim_plan *v = &plan->victim[0];
  if (is_left_out(v->operation)) return;
  plan->operations = 0;
  for (v->steps = 0; v->interference = INTERFERE_NOT, run(plan, 0, &first_stops); v->steps++) {
    plan->operations = share(plan->subject, AT_A_DETOUR);
    for (v->interference = INTERFERE_PUT; v->interference < INTERFERENCES; v->interference++)
      for (v->further = first_stop(); run(plan, 0, &t->detours); v->further += stride()) continue;
    plan->operations = 0;
    v->further = 0;
  }
}

/* Every two stops of two operations, the second begun when the first stands. */
static void try_pairs(case_plan *plan, tally *t) {
  uint64_t first_stops = 0;
  if (is_left_out(plan->victim[0].operation)) return;
  for (plan->victim[0].steps = 0;; plan->victim[0].steps++) {
    plan->victims = 1;
    plan->operations = 0;
    if (!run(plan, 0, &first_stops)) break;
    plan->victims = 2;
    plan->operations = share(plan->subject, AT_A_PAIR);
    for (operation o = 0; o < OPERATIONS; o++) {
      if (is_left_out(o)) continue;
      plan->victim[1] = (victim_plan){.operation = o, .many = MANY, .steps = first_stop()};
      while (run(plan, 1, &t->pairs)) plan->victim[1].steps += stride();
    }
  }
}

/* Does `try` for each operation from each state: how many are inside and, in a long run, the points at two
   places of the ring. `victims` items of a pool may be held, and one must be left. */
static void for_each_state(const subject *s, uint32_t capacity, unsigned victims, tally *t,
                           void (*try)(case_plan *plan, tally *t)) {
  if (s->starts_full && capacity <= victims) return;
  bool twice = is_long() && (try == try_points || try == try_points_with_groups);
  for (uint32_t inside = 0; inside <= capacity; inside += inside == 1 && capacity > 4 ? capacity - 3 : 1)
    for (uint32_t laps_before = 0; laps_before <= (twice ? capacity : 0); laps_before += capacity)
      for (operation o = 0; o < OPERATIONS; o++) {
        case_plan plan = {.subject = s,
                          .capacity = capacity,
                          .laps_before = laps_before,
                          .inside = inside,
                          .victims = 1,
                          .together = inside > 1,
                          .victim = {{.operation = o, .many = MANY}}};
        try(&plan, t);
      }
}

static victim_plan random_victim(uint64_t *random) {
  victim_plan v = {.operation = stress_random_below(random, OPERATIONS),
                   .many = 2 + stress_random_below(random, SUBJECT_MANY - 1),
                   .steps = stress_random_below(random, 12)};
  if (stress_random_below(random, 2) == 0) {
    v.interference = stress_random_below(random, INTERFERENCES);
    v.further = stress_random_below(random, 12);
  }
  return v;
}

static void try_triples(const subject *s, uint64_t *random, tally *t) {
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  while (stress_clock() < end && failures == 0) {
    uint32_t capacity = 1 + stress_random_below(random, 8);
    if (s->starts_full) capacity += CASE_VICTIMS;
    case_plan plan = {.subject = s,
                      .capacity = capacity,
                      .laps_before = stress_random_below(random, 2 * capacity),
                      .inside = stress_random_below(random, capacity + 1),
                      .together = stress_random_below(random, 2),
                      .groups = stress_random_below(random, GROUP_STATES),
                      .victims = CASE_VICTIMS,
                      .operations = share(s, AT_A_PAIR)};
    for (int i = 0; i < CASE_VICTIMS; i++) plan.victim[i] = random_victim(random);
    run(&plan, CASE_VICTIMS - 1, &t->triples);
  }
}

static void prove(const subject *s, uint64_t *random) {
  /* Of an unlimited queue the rings are of capacity 3: 4 items need two. */
  static const uint32_t bounded[] = {1, 2, 3, 16, 0}, unlimited[] = {4, 0};
  tally t = {0};
  uint64_t before = others_operations();
  for (const uint32_t *c = is_unlimited(s) ? unlimited : bounded; *c; c++) {
    for_each_state(s, *c, 1, &t, try_points);
    for_each_state(s, *c, 1, &t, try_points_with_groups);
    for_each_state(s, *c, 1, &t, try_detours);
    if (*c < 16) for_each_state(s, *c, 2, &t, try_pairs);
  }
  try_triples(s, random, &t);
  printf("%-15s %5llu points, %6llu with groups, %6llu after a detour, %6llu pairs, %6llu triples; the "
         "others completed %llu "
         "operations\n",
         s->name, (unsigned long long)t.points, (unsigned long long)t.with_groups,
         (unsigned long long)t.detours, (unsigned long long)t.pairs, (unsigned long long)t.triples,
         (unsigned long long)(others_operations() - before));
  fflush(stdout);
}

/* A control. Returns whether the test found something. */
static bool refute(const subject *s, const char *name, const char *what) {
  tally t = {0};
  quiet = true;
  for_each_state(s, 4, 1, &t, try_points);
  printf("control: %-15s %llu points, at %u of them %s\n", name, (unsigned long long)t.points, failures,
         what);
  bool refuted = failures > 0;
  quiet = false;
  failures = 0;
  return refuted;
}

static void refute_all(void) {
  stress_check(
      refute(&subject_vyukov, subject_vyukov.name, "the others are blocked or the capacity is not exact"),
      "Vyukov's queue passed");
  small_queue = small_queue_shipped;
  stress_check(!refute(&subject_small_queue, "small queue", "something is wrong"),
               "a right queue is found wrong");
  pushed_one_by_one.change(&small_queue);
  stress_check(refute(&subject_small_queue, "one by one", "a push of several has put in a part"),
               "a push of several that is not one step passed");
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 2);
  uint64_t random = stress_seed();
  case_begin(stress_threads() < 2 ? 2 : stress_threads());
  refute_all();
  prove(&subject_queue, &random);
  prove(&subject_unlimited_queue, &random);
  prove(&subject_pool, &random);
  case_end();
  stress_check(failures == 0, "%u cases", failures);
  return stress_end("whoever stops stops nobody else");
}
