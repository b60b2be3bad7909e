/* What happens when the turn of a slot, or the tag of a stack, wraps while a thread stands still: two
   threads push and pop, several at once too, under schedules (schedule/fibers.h) in which one of them stands at a
   random operation while the other one does dozens, and every history must be linearizable.

   With the fields as shipped, started just below their wrap and at other places, it is; and with turns of four bits, of
   which no more than five and a half pass in a case. The controls: with fields of two bits, and with turns of four of
   which more pass, since none renews the slots, it is not.

   Then one thread lets several go round together thousands of times, so that slots lie inside of groups, which nobody
   writes, for as long as the turns allow; the ring answers as a plain queue does, and its invariants hold after every
   call. The control: without the turns that renew the slots they do not.

   usage: proof_wrap [seconds [threads [seed]]]
     seconds   for each ring and the stack; 0: one schedule of each, printed step by step
     threads   ignored: it is always one that stands and one that does not */
#include <stdio.h>

#include "check/history.h"
#include "schedule/fibers.h"
#include "schedule/wrap.h"
#include "support/stress.h"

enum {
  CONTROL_CASES = 400000,
  MEANWHILE_MAX = 36,
  RUSH = 44,
  STANDING_MAX = 3,
  PUSHED_MOST = 140, /* values in a case */
  PUSHED_SHORT = 44, /* five and a half laps of 8 slots: turns of four bits tell seven */
  ROUNDS = 2000,
  CONTROL_ROUNDS = 100000
};

static const wrap_subject *tested;
static history_operation history[HISTORY_SEARCH_MAX];
static unsigned recorded;
static uint64_t stamp, random_state;
static uint32_t pushed_values, pushed_most; /* in this case */
static bool rushes;
static history_search *search;
static bool inside[WRAP_VALUES + 1]; /* of a stack, or about to be */

static history_operation *record(unsigned thread, history_kind kind) {
  history_operation *h = &history[recorded++];
  *h = (history_operation){.invoked = stamp++, .kind = kind, .thread = (uint8_t)thread};
  return h;
}

static void respond(history_operation *h, wrap_answer a) {
  static const history_result results[] = {HISTORY_OK, HISTORY_FULL, HISTORY_EMPTY};
  h->result = results[a];
  h->responded = stamp++;
}

/* A value to push: in a ring any, of which few make the same word come again; on a stack none that is
   there. 0: none, this time. */
static uint32_t choose_value(const wrap_subject *s) {
  if (!s->is_stack) return 1 + stress_random_below(&random_state, 2);
  uint32_t value = 1 + stress_random_below(&random_state, WRAP_VALUES);
  return inside[value] ? 0 : value;
}

static void push(unsigned thread, uint32_t value) {
  history_operation *h = record(thread, HISTORY_PUSH);
  h->count = 1;
  h->value[0] = value;
  pushed_values++;
  inside[value] = true;
  respond(h, tested->push(value));
}

static void pop(unsigned thread) {
  history_operation *h = record(thread, HISTORY_POP);
  wrap_answer a = tested->pop(h->value);
  h->count = a == WRAP_OK;
  if (a == WRAP_OK && h->value[0] <= WRAP_VALUES) inside[h->value[0]] = false;
  respond(h, a);
}

static void push_many(unsigned thread, uint32_t k) {
  uint32_t values[WRAP_MANY];
  history_operation *h = record(thread, HISTORY_PUSH_MANY);
  for (uint32_t i = 0; i < k; i++) values[i] = choose_value(tested);
  pushed_values += k;
  wrap_answer a = tested->push_many(values, k, &h->count);
  for (uint32_t i = 0; i < h->count; i++) h->value[i] = values[i];
  respond(h, a);
}

static void pop_many(unsigned thread, uint32_t k) {
  history_operation *h = record(thread, HISTORY_POP_MANY);
  respond(h, tested->pop_many(h->value, k, &h->count));
}

static void push_or_pop(unsigned thread) {
  bool pushes = stress_random_below(&random_state, 2) == 0 && pushed_values + WRAP_MANY <= pushed_most;
  bool many = !tested->is_stack && stress_random_below(&random_state, 2) == 0;
  uint32_t k = 2 + stress_random_below(&random_state, WRAP_MANY - 1), value;
  if (many)
    (pushes ? push_many : pop_many)(thread, k);
  else if (pushes && (value = choose_value(tested)) != 0)
    push(thread, value);
  else
    pop(thread);
}

/* Where fields begin: anywhere, or so that they wrap soon, or that something else of a ring does: the positions that head
   counts, those that the hint does, and the turns in which several go in at once. A ring has 8 slots. */
static uint64_t choose_first(const wrap_subject *s) {
  enum { SHIFT = 3, HEAD_BITS = 58, HINT_BITS = 64 };
  uint64_t below = 1 + stress_random_below(&random_state, 3);
  switch (stress_random_below(&random_state, s->is_stack ? 2 : 5)) {
  case 0:
    return stress_random_below(&random_state, 1000);
  case 1:
    return (UINT64_C(1) << s->bits) - below;
  case 2:
    return (UINT64_C(1) << (HEAD_BITS - SHIFT)) - below;
  case 3:
    return (UINT64_C(1) << (HINT_BITS - SHIFT)) - below;
  default:
    return (UINT64_C(1) << (s->bits - 2)) - below;
  }
}

/* As many laps as there can be in so many calls. */
static void rush(unsigned thread) {
  for (unsigned i = 0; i < RUSH; i++) {
    if (i % 2 == 0 && pushed_values + WRAP_MANY <= pushed_most)
      push_many(thread, WRAP_MANY);
    else
      pop_many(thread, WRAP_MANY);
  }
}

static void stand_or_go(unsigned thread) {
  if (thread == 0 && rushes) {
    rush(thread);
    return;
  }
  uint32_t operations = 1 + stress_random_below(&random_state, thread == 0 ? MEANWHILE_MAX : STANDING_MAX);
  while (operations-- > 0) push_or_pop(thread);
}

static void drain(unsigned thread) {
  for (unsigned i = 0; i < 2 * WRAP_VALUES; i++) {
    pop(thread);
    if (history[recorded - 1].result != HISTORY_OK) return;
  }
}

/* Returns what was wrong with the run of this seed, in which `most` values are pushed at most, or NULL. */
static const char *run_case(const wrap_subject *s, uint64_t seed, uint32_t most) {
  random_state = seed;
  tested = s;
  recorded = 0;
  stamp = 1;
  pushed_values = 0;
  pushed_most = most;
  for (uint32_t i = 0; i <= WRAP_VALUES; i++) inside[i] = false;
  uint32_t capacity = 1 + stress_random_below(&random_state, WRAP_CAPACITY_MAX);
  rushes = !s->is_stack && stress_random_below(&random_state, 3) == 0;
  if (rushes) capacity = WRAP_CAPACITY_MAX;
  s->create(capacity, choose_first(s));
  for (uint32_t i = stress_random_below(&random_state, 5); i > 0; i--) push_or_pop(0);
  unsigned changes = 1 + stress_random_below(&random_state, 3);
  if (fibers_run(2, stand_or_go, stress_random(&random_state), changes, 40) != FIBERS_ENDED ||
      fibers_run(1, drain, seed, 0, 1) != FIBERS_ENDED)
    return "does not end";
  history_model model = {.capacity = s->is_stack ? 0 : capacity, .last_in_first = s->is_stack};
  if (!history_is_linearizable(search, model, history, recorded)) return "not linearizable";
  return s->fault ? s->fault() : NULL;
}

static void prove(const wrap_subject *s, uint32_t most) {
  uint64_t seed = stress_seed(), cases = 0;
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  fibers_trace(stress_seconds() == 0);
  do {
    const char *wrong = run_case(s, seed, most);
    if (wrong) history_print(stdout, history, recorded);
    stress_check(!wrong, "%s with %u bits: %s; again, step by step: proof_wrap 0 2 %llu", s->name, s->bits,
                 wrong, (unsigned long long)seed);
    stress_step("runs schedules");
    seed++, cases++;
  } while (stress_clock() < end);
  printf("%-5s with fields of %2u bits: %llu cases\n", s->name, s->bits, (unsigned long long)cases);
}

static void refute(const wrap_subject *s) {
  uint64_t cases = 0;
  const char *wrong = NULL;
  while (!wrong && cases < CONTROL_CASES) {
    wrong = run_case(s, stress_seed() + cases++, PUSHED_MOST);
    stress_step("looks for a fault");
  }
  stress_check(wrong, "control: the %s with fields of %u bits passed", s->name, s->bits);
  printf("control: %s with fields of %u bits%s: %s after %llu cases\n", s->name, s->bits,
         s == &wrap_unrenewed_ring ? " and no turns that renew its slots" : "", wrong,
         (unsigned long long)cases);
}

/* A plain queue of the numbers that come next. */
typedef struct plain {
  uint32_t capacity, first,
      size; /* first: of the values inside; they rise by one, from 1 to WRAP_VALUES and round */
} plain;

static uint32_t value_of(const plain *p, uint32_t i) {
  return 1 + (p->first + i) % WRAP_VALUES;
}

static const char *push_together(const wrap_subject *s, plain *p, uint32_t k) {
  uint32_t values[WRAP_MANY], pushed, room = p->capacity - p->size, expected = k < room ? k : room;
  for (uint32_t i = 0; i < k; i++) values[i] = value_of(p, p->size + i);
  wrap_answer a = s->push_many(values, k, &pushed);
  if (a != (room > 0 ? WRAP_OK : WRAP_FULL)) return "a push of several answers wrongly";
  if (pushed != expected && (pushed != 1 || room == 0))
    return "another number goes in than there is room for";
  p->size += pushed;
  return s->fault();
}

static const char *pop_together(const wrap_subject *s, plain *p, uint32_t k) {
  uint32_t values[WRAP_MANY], taken, expected = k < p->size ? k : p->size;
  wrap_answer a = s->pop_many(values, k, &taken);
  if (a != (p->size > 0 ? WRAP_OK : WRAP_EMPTY) || taken != expected)
    return "a pop of several answers wrongly";
  for (uint32_t i = 0; i < taken; i++)
    if (values[i] != value_of(p, i)) return "values come out wrong";
  p->first += taken;
  p->size -= taken;
  return s->fault();
}

/* k together for so many calls, from a place that moves on by `shift`: that many slots later, entries begin. */
static const char *go_round(const wrap_subject *s, plain *p, uint32_t k, uint32_t calls, uint32_t shift) {
  const char *wrong = NULL;
  for (uint32_t i = 0; i < shift && !wrong; i++) {
    wrong = push_together(s, p, 1);
    if (!wrong) wrong = pop_together(s, p, 1);
  }
  for (uint32_t i = 0; i < calls && !wrong; i++) {
    wrong = push_together(s, p, k);
    if (!wrong) wrong = pop_together(s, p, k);
  }
  return wrong;
}

/* Rings of every capacity, of which each goes round in groups of one length after the other, for up to 40 laps each.
   Returns what was wrong, or NULL; *rounds is how many there were. */
static const char *go_round_often(const wrap_subject *s, uint32_t most, uint32_t *rounds) {
  const char *wrong = NULL;
  plain p = {0};
  random_state = stress_seed();
  for (*rounds = 0; !wrong && *rounds < most; ++*rounds) {
    if (*rounds % 16 == 0) {
      p = (plain){.capacity = 1 + stress_random_below(&random_state, WRAP_CAPACITY_MAX)};
      s->create(p.capacity, choose_first(s));
    }
    uint32_t k = 1 + stress_random_below(&random_state, p.capacity);
    uint32_t calls = stress_random_below(&random_state, 40 * 8 / k);
    wrong = go_round(s, &p, k, calls, stress_random_below(&random_state, 4));
    stress_step("goes round");
  }
  return wrong;
}

static void prove_rounds(const wrap_subject *s) {
  uint32_t rounds;
  const char *wrong = go_round_often(s, ROUNDS, &rounds);
  stress_check(!wrong, "%s with %u bits, going round: %s", s->name, s->bits, wrong);
  printf("%-5s with fields of %2u bits: %u times up to 40 laps of groups\n", s->name, s->bits, rounds);
}

static void refute_unrenewed(void) {
  uint32_t rounds;
  const char *wrong = go_round_often(&wrap_unrenewed_ring, CONTROL_ROUNDS, &rounds);
  stress_check(wrong, "control: the ring without the turns that renew its slots passed");
  printf("control: ring with fields of 4 bits and no turns that renew its slots: %s after %u times\n", wrong,
         rounds);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 2);
  search = history_search_create();
  prove(&wrap_ring, PUSHED_MOST);
  prove(&wrap_short_ring, PUSHED_SHORT);
  prove(&wrap_stack, PUSHED_MOST);
  prove_rounds(&wrap_ring);
  prove_rounds(&wrap_short_ring);
  if (stress_seconds() > 0) {
    refute(&wrap_narrow_ring);
    refute(&wrap_unrenewed_ring);
    refute(&wrap_narrow_stack);
    refute_unrenewed();
  }
  history_search_free(search);
  return stress_end("fields wrap without harm");
}
