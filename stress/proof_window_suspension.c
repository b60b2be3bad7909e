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
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "schedule/others.h"
#include "schedule/small_window.h"
#include "schedule/stopping.h"
#include "support/stress.h"

enum { SIZE = SMALL_WINDOW_MOST, VICTIMS = 3, POSITIONS = 20000, AT_A_POINT = 10000, AT_A_PAIR = 200 };

typedef enum operation { PUBLISH, TAKE, TAKE_WAITING, TAKE_DEADLINE, CLOSE, OPERATIONS } operation;

typedef struct victim_plan {
  operation operation;
  unsigned steps;   /* before it stops */
  uint64_t others;  /* operations that others complete then, if they can, before it goes on */
  unsigned further; /* steps before it stops again; UINT_MAX: it does not go on */
} victim_plan;

typedef struct case_plan {
  uint32_t inside; /* positions published before the victims start */
  unsigned victims;
  victim_plan victim[VICTIMS];
  uint64_t operations; /* for the others to complete */
  bool closing;        /* the window is closed while the victims stand */
} case_plan;

typedef struct victim {
  stopper *thread;
  operation operation;
  uint64_t position; /* to publish */
  uint32_t item;     /* published, or taken */
  answer answer;
  bool stopped;
} victim;

static small_window tested;
static small_window_parts parts;
static pthread_mutex_t numbers = PTHREAD_MUTEX_INITIALIZER;
static uint64_t next_number;        /* under the mutex */
static uint32_t handles[POSITIONS]; /* by position, what was published */
static _Atomic uint8_t taken_once[POSITIONS];
static const char *_Atomic wrong;
static victim victims[VICTIMS];
static victim prober; /* runs to its end, but with a clock that stands at its deadline */
static uint64_t cases, blocked_cases;
static unsigned failures;
static bool quiet; /* the control is running */

/* The window as others.h sees it: items are the batches; to put one is to publish the next position. */

static bool claim(uint32_t item, uint64_t *position) {
  pthread_mutex_lock(&numbers);
  bool room = next_number - window_head(&tested.window) < SIZE && next_number < POSITIONS;
  if (room) handles[ *position = next_number++] = item + 1;
  pthread_mutex_unlock(&numbers);
  return room;
}

static void publish(uint64_t position, uint32_t item) {
  if (!parts.publish(&tested, position, item + 1)) wrong = "a position that is inside is refused";
}

static answer put(uint32_t item, uint64_t deadline) {
  uint64_t position;
  (void)deadline;
  if (!claim(item, &position)) return ANSWER_FULL;
  publish(position, item);
  return ANSWER_DONE;
}

static answer take(uint32_t *item, uint64_t deadline) {
  static const answer answers[] = {[WINDOW_OK] = ANSWER_DONE,
                                   [WINDOW_EMPTY] = ANSWER_EMPTY,
                                   [WINDOW_TIMEDOUT] = ANSWER_TIMEDOUT,
                                   [WINDOW_END] = ANSWER_CLOSED, /* there is none here */
                                   [WINDOW_CLOSED] = ANSWER_CLOSED};
  window_taken taken;
  uint64_t entry;
  window_status status = parts.take(&tested, &taken, &entry, deadline);
  if (status != WINDOW_OK) return answers[status];
  if (entry != taken.position || taken.handle != handles[taken.position])
    wrong = "a position has another one's entry";
  if (atomic_fetch_add_explicit(&taken_once[taken.position], 1, memory_order_relaxed) != 0)
    wrong = "a position is taken twice";
  *item = taken.handle - 1;
  return ANSWER_DONE;
}

static const subject window_subject = {.name = "window", .bounded = true, .put = put, .take = take};

static void victim_job(void *context) {
  static const uint64_t deadlines[] = {[TAKE] = 0, [TAKE_WAITING] = UINT64_MAX, [TAKE_DEADLINE] = 1};
  victim *v = context;
  v->answer = ANSWER_DONE;
  if (v->operation == PUBLISH)
    publish(v->position, v->item);
  else if (v->operation == CLOSE)
    parts.close(&tested.window);
  else
    v->answer = take(&v->item, deadlines[v->operation]);
}

static bool is_published(uint64_t position) {
  return position < window_head(&tested.window) || window_at(&tested.window, position) != 0;
}

/* The first position that a stopped victim has not published; UINT64_MAX: none. *count: how many there are. */
static uint64_t first_missing(const case_plan *plan, unsigned *count) {
  uint64_t first = UINT64_MAX;
  *count = 0;
  for (unsigned i = 0; i < plan->victims; i++) {
    if (victims[i].operation != PUBLISH || is_published(victims[i].position)) continue;
    (*count)++;
    if (victims[i].position < first) first = victims[i].position;
  }
  return first;
}

static bool is_closed(void) {
  return atomic_load_explicit(&tested.window.closed, memory_order_seq_cst);
}

/* What others can do while the victims stand. */
static const char *check_others(const case_plan *plan, uint64_t operations) {
  unsigned missing;
  const char *why = others_work(&window_subject, operations, is_closed());
  uint64_t first = first_missing(plan, &missing), head = window_head(&tested.window);
  if (!why || first == UINT64_MAX || is_closed()) return why;
  blocked_cases++;
  if (head != first) return "what is before the missing position is not taken";
  if (window_depth(&tested.window) != next_number - head - missing)
    return "a position behind is not published";
  uint32_t item;
  if (take(&item, 0) != ANSWER_EMPTY) return "a take beside a missing position is not EMPTY";
  prober.operation = TAKE_DEADLINE;
  if (stopper_run(prober.thread, victim_job, &prober, STOPPER_NEVER) || prober.answer != ANSWER_TIMEDOUT)
    return "a take to a deadline beside a missing position does not come back with TIMEDOUT";
  return NULL;
}

static const char *check_closing(void) {
  uint32_t item;
  parts.close(&tested.window);
  prober.operation = TAKE_WAITING;
  if (take(&item, 0) != ANSWER_CLOSED) return "a take is not CLOSED";
  if (stopper_run(prober.thread, victim_job, &prober, STOPPER_NEVER) || prober.answer != ANSWER_CLOSED)
    return "a waiting take is not CLOSED";
  answer a = bag_put(&window_subject, &others_bag);
  return a == ANSWER_DONE || a == ANSWER_FULL ? NULL : "publishing at a closed window does not come back";
}

static void prepare(const case_plan *plan) {
  memset(handles, 0, next_number * sizeof *handles);
  for (uint64_t i = 0; i < next_number; i++) atomic_store_explicit(&taken_once[i], 0, memory_order_relaxed);
  next_number = 0;
  small_window_init(&tested, SIZE, 0, UINT64_MAX);
  for (others_bag.count = 0; others_bag.count < SIZE; others_bag.count++)
    others_bag.items[others_bag.count] = others_bag.count;
  for (uint32_t i = 0; i < plan->inside; i++) bag_put(&window_subject, &others_bag);
}

/* Gives a victim a batch and a position. False: all batches are with those that stand, or behind them. */
static bool equip(victim *v) {
  if (others_bag.count == 0 && bag_take(&window_subject, &others_bag) != ANSWER_DONE) return false;
  v->item = others_bag.items[others_bag.count - 1];
  if (!claim(v->item, &v->position)) return false;
  others_bag.count--;
  return true;
}

/* Starts a victim, a taker if it should publish and cannot, and brings it to its last stop. */
static const char *start(const case_plan *plan, unsigned i) {
  const victim_plan *how = &plan->victim[i];
  victim *v = &victims[i];
  const char *why = NULL;
  v->operation = how->operation;
  if (v->operation == PUBLISH && !equip(v)) v->operation = TAKE;
  v->stopped = stopper_run(v->thread, victim_job, v, how->steps);
  if (how->further != UINT_MAX && v->stopped) {
    case_plan so_far = *plan;
    so_far.victims = i + 1;
    why = check_others(&so_far, how->others);
    v->stopped = stopper_go_on(v->thread, how->further);
  }
  return why;
}

static void give_back(victim *v) {
  bool has_taken = v->operation != PUBLISH && v->operation != CLOSE && v->answer == ANSWER_DONE;
  if (has_taken) others_bag.items[others_bag.count++] = v->item;
}

/* Lets the victims end; whoever waits for the head must find it published. Closed, nothing is taken any more. */
static const char *finish(const case_plan *plan) {
  for (unsigned i = 0; i < plan->victims; i++)
    if (victims[i].operation == PUBLISH && victims[i].stopped)
      stopper_go_on(victims[i].thread, STOPPER_NEVER);
  for (unsigned i = 0; i < plan->victims; i++) {
    victim *v = &victims[i];
    if (v->operation == PUBLISH) continue;
    if (v->stopped && !is_published(window_head(&tested.window))) bag_put(&window_subject, &others_bag);
    if (v->stopped) stopper_go_on(v->thread, STOPPER_NEVER);
    give_back(v);
  }
  while (bag_take(&window_subject, &others_bag) == ANSWER_DONE) continue;
  uint64_t head = window_head(&tested.window);
  for (uint64_t p = 0; p < head; p++)
    if (atomic_load_explicit(&taken_once[p], memory_order_relaxed) != 1) return "a position was not taken";
  if (others_bag.count + window_depth(&tested.window) != SIZE) return "a batch is lost";
  if (!is_closed() && head != next_number) return "not everything came out";
  return atomic_load_explicit(&tested.window.ready.word, memory_order_seq_cst) == 0 ? NULL
                                                                                    : "a waiter is left over";
}

static void print_case(const case_plan *plan, const char *why) {
  static const char *const names[] = {"publish", "take", "take waiting", "take to a deadline", "close"};
  printf("%s: %u inside, closing %d\n", why, plan->inside, plan->closing);
  for (unsigned i = 0; i < plan->victims; i++) {
    const victim_plan *v = &plan->victim[i];
    schedule_step at = stopper_place(victims[i].thread);
    printf("  %s, stopped after %u steps, %llu operations, %u steps: %s at %s:%d%s\n", names[v->operation],
           v->steps, (unsigned long long)v->others, v->further, schedule_kind_name(at.kind),
           at.file ? at.file : "?", at.line, victims[i].stopped ? "" : " (ended)");
  }
}

/* Runs a case; returns whether its last victim was stopped before it ended, and not because it sleeps. */
static bool run(const case_plan *plan) {
  const char *why = NULL;
  wrong = NULL;
  cases++;
  stress_step("stops threads");
  prepare(plan);
  for (unsigned i = 0; i < plan->victims && !why; i++) why = start(plan, i);
  const victim *last = &victims[plan->victims - 1];
  bool more = !why && last->stopped && !stopper_is_asleep(last->thread);
  if (!why) why = check_others(plan, plan->operations);
  if (!why && plan->closing) why = check_closing();
  const char *at_the_end = why ? NULL : finish(plan);
  if (!why) why = at_the_end ? at_the_end : wrong;
  if (!why) return more;
  if (!quiet) print_case(plan, why);
  if (!quiet) stress_fail("a case");
  failures++;
  finish(plan);
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
    case_plan plan = {.inside = stress_random_below(random, SIZE - VICTIMS + 1),
                      .victims = VICTIMS,
                      .operations = AT_A_PAIR,
                      .closing = stress_random_below(random, 4) == 0};
    for (unsigned i = 0; i < VICTIMS; i++)
      plan.victim[i] = (victim_plan){
          .operation = stress_random_below(random, OPERATIONS),
          .steps = stress_random_below(random, 14),
          .others = stress_random_below(random, 20),
          .further = stress_random_below(random, 2) ? UINT_MAX : stress_random_below(random, 14)};
    run(&plan);
  }
}

static void for_each_state(void (*try)(case_plan plan), unsigned victims_at_once) {
  for (uint32_t inside = 0; inside + victims_at_once <= SIZE; inside++)
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
  parts = small_window_shipped;
  parts.take = take_alone;
  quiet = true;
  try_points((case_plan){.victims = 1, .victim = {{.operation = TAKE, .further = UINT_MAX}}});
  printf("control: takers that exclude each other: %llu points, at %u of them the others are blocked\n",
         (unsigned long long)cases, failures);
  stress_check(failures > 0, "the control passed");
  quiet = false;
  parts = small_window_shipped;
}

static uint64_t since(uint64_t *before) {
  uint64_t count = cases - *before;
  *before = cases;
  return count;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 2);
  uint64_t random = stress_seed(), before = 0;
  for (unsigned i = 0; i < VICTIMS; i++) victims[i].thread = stopper_create();
  prober.thread = stopper_create();
  others_begin(stress_threads() < 2 ? 2 : stress_threads());
  refute();
  since(&before);
  blocked_cases = 0;
  for_each_state(try_points, 1);
  uint64_t points = since(&before);
  for_each_state(try_detours, 1);
  uint64_t detours = since(&before);
  for_each_state(try_pairs, 2);
  uint64_t pairs = since(&before);
  try_triples(&random);
  printf("window %llu points, %llu after a detour, %llu pairs, %llu triples; the others completed %llu "
         "operations, and %llu "
         "times took all before a missing position\n",
         (unsigned long long)points, (unsigned long long)detours, (unsigned long long)pairs,
         (unsigned long long)since(&before), (unsigned long long)others_operations(),
         (unsigned long long)blocked_cases);
  others_end();
  for (unsigned i = 0; i < VICTIMS; i++) stopper_free(victims[i].thread);
  stopper_free(prober.thread);
  return stress_end("only a missing position is waited for");
}
