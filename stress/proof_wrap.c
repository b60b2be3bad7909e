/* What happens when the turn of a slot, or the tag of a stack, wraps while a thread stands still: two
   threads push and pop under schedules (schedule/fibers.h) in which one of them stands at a random
   operation while the other one does dozens, and every history must be linearizable.

   With the fields as shipped, started just below their wrap and at other places, it is. The control:
   with fields of two bits a whole wrap passes while the thread stands, and it is not.

   usage: proof_wrap [seconds [threads [seed]]]
     seconds   for the ring and the stack each; 0: one schedule of each, printed step by step
     threads   ignored: it is always one that stands and one that does not */
#include <stdio.h>

#include "check/history.h"
#include "schedule/fibers.h"
#include "schedule/wrap.h"
#include "support/stress.h"

enum { CONTROL_CASES = 400000, MEANWHILE_MAX = 36, STANDING_MAX = 3 };

static const wrap_subject *tested;
static history_operation history[HISTORY_SEARCH_MAX];
static unsigned recorded;
static uint64_t stamp, random_state;
static history_search *search;
static bool inside[WRAP_VALUES + 1]; /* of a stack, or about to be */

static history_operation *record(unsigned thread, bool pushes, uint32_t value) {
  history_operation *h = &history[recorded++];
  *h = (history_operation){.invoked = stamp++,
                           .kind = pushes ? HISTORY_PUSH : HISTORY_POP,
                           .thread = (uint8_t)thread,
                           .count = pushes,
                           .value = {value}};
  return h;
}

static void respond(history_operation *h, wrap_answer a, uint32_t value) {
  static const history_result results[] = {HISTORY_OK, HISTORY_FULL, HISTORY_EMPTY};
  h->result = results[a];
  h->responded = stamp++;
  if (h->kind == HISTORY_POP && a == WRAP_OK) h->count = 1, h->value[0] = value;
}

/* A value to push: in a ring any, of which few make the same word come again; on a stack none that is
   there. 0: none, this time. */
static uint32_t choose_value(const wrap_subject *s, uint64_t *random) {
  if (!s->is_stack) return 1 + stress_random_below(random, 2);
  uint32_t value = 1 + stress_random_below(random, WRAP_VALUES);
  return inside[value] ? 0 : value;
}

static void push_or_pop(unsigned thread) {
  uint32_t value = 0;
  bool pushes =
      stress_random_below(&random_state, 2) == 0 && (value = choose_value(tested, &random_state)) != 0;
  history_operation *h = record(thread, pushes, value);
  if (pushes) inside[value] = true;
  wrap_answer a = pushes ? tested->push(value) : tested->pop(&value);
  if (!pushes && a == WRAP_OK && value <= WRAP_VALUES) inside[value] = false;
  respond(h, a, value);
}

/* Where fields begin: anywhere, or so that they wrap soon. Positions of a ring are 64 bits. */
static uint64_t choose_first(const wrap_subject *s, uint64_t *random) {
  uint64_t below = 1 + stress_random_below(random, 3);
  switch (stress_random_below(random, s->is_stack ? 2 : 3)) {
  case 0:
    return stress_random_below(random, 1000);
  case 1:
    return (UINT64_C(1) << 40) - below;
  default:
    return (UINT64_C(1) << 62) - below; /* at most 4 slots: the position is near 2^64 or 2^63 */
  }
}

static void stand_or_go(unsigned thread) {
  uint32_t operations = 1 + stress_random_below(&random_state, thread == 0 ? MEANWHILE_MAX : STANDING_MAX);
  while (operations-- > 0) push_or_pop(thread);
}

static void drain(unsigned thread) {
  wrap_answer a = WRAP_OK;
  for (unsigned i = 0; a == WRAP_OK && i < 2 * WRAP_VALUES; i++) {
    uint32_t value;
    history_operation *h = record(thread, false, 0);
    a = tested->pop(&value);
    respond(h, a, value);
  }
}

/* Returns what was wrong with the run of this seed, or NULL. */
static const char *run_case(const wrap_subject *s, uint64_t seed) {
  random_state = seed;
  tested = s;
  recorded = 0;
  stamp = 1;
  for (uint32_t i = 0; i <= WRAP_VALUES; i++) inside[i] = false;
  uint32_t capacity = 1 + stress_random_below(&random_state, WRAP_CAPACITY_MAX);
  s->create(capacity, choose_first(s, &random_state));
  for (uint32_t i = stress_random_below(&random_state, 5); i > 0; i--) push_or_pop(0);
  unsigned changes = 1 + stress_random_below(&random_state, 3);
  if (fibers_run(2, stand_or_go, stress_random(&random_state), changes, 40) != FIBERS_ENDED ||
      fibers_run(1, drain, seed, 0, 1) != FIBERS_ENDED)
    return "does not end";
  history_model model = {.capacity = s->is_stack ? 0 : capacity, .last_in_first = s->is_stack};
  return history_is_linearizable(search, model, history, recorded) ? NULL : "not linearizable";
}

static void prove(const wrap_subject *s) {
  uint64_t seed = stress_seed(), cases = 0;
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  fibers_trace(stress_seconds() == 0);
  do {
    const char *wrong = run_case(s, seed);
    if (wrong) history_print(stdout, history, recorded);
    stress_check(!wrong, "%s: %s; again, step by step: proof_wrap 0 2 %llu", s->name, wrong,
                 (unsigned long long)seed);
    stress_step("runs schedules");
    seed++, cases++;
  } while (stress_clock() < end);
  printf("%-5s as shipped: %llu cases\n", s->name, (unsigned long long)cases);
}

static void refute(const wrap_subject *s) {
  uint64_t cases = 0;
  const char *wrong = NULL;
  while (!wrong && cases < CONTROL_CASES) wrong = run_case(s, stress_seed() + cases++);
  stress_check(wrong, "control: the %s with fields of 2 bits passed", s->name);
  printf("control: %s with fields of 2 bits: %s after %llu cases\n", s->name, wrong,
         (unsigned long long)cases);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 2);
  search = history_search_create();
  prove(&wrap_ring);
  prove(&wrap_stack);
  if (stress_seconds() > 0) refute(&wrap_narrow_ring), refute(&wrap_narrow_stack);
  history_search_free(search);
  return stress_end("fields wrap without harm");
}
