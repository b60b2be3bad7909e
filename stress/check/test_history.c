/* The checkers checked: each kind of wrong history is found by both, right ones pass, and on hundreds
   of thousands of random ones, right and spoilt, the quick checker never finds a fault where the
   complete search finds an order, and misses none where it claims not to. */
#include <inttypes.h>
#include <stdio.h>

#include "check/long_history.h"
#include "check/random_history.h"
#include "support/stress.h"

enum { MAX_CALLS = 12 };

typedef struct example {
  const char *name;
  bool right, by_search_only; /* beyond what the quick checker decides */
  history_model model;
  history_operation calls[MAX_CALLS];
} example;

/* A call from a to b. */
#define PUSH(a, b, v, answer)                                                                                \
  { .invoked = a, .responded = b, .kind = HISTORY_PUSH, .count = 1, .value = {v}, .result = HISTORY_##answer }
#define PUSH_THEN(a, b, v, answer)                                                                           \
  {                                                                                                          \
    .invoked = a, .responded = b, .kind = HISTORY_PUSH, .count = 1, .value = {v},                            \
    .result = HISTORY_##answer, .in_turn = true                                                              \
  }
/* Several in one step. */
#define PUSHES(a, b, n, ...)                                                                                 \
  {                                                                                                          \
    .invoked = a, .responded = b, .kind = HISTORY_PUSH_MANY, .count = n, .value = { __VA_ARGS__ }            \
  }
#define PUSHES_NOT(a, b, answer)                                                                             \
  { .invoked = a, .responded = b, .kind = HISTORY_PUSH_MANY, .result = HISTORY_##answer }
#define POP(a, b, v)                                                                                         \
  {                                                                                                          \
    .invoked = a, .responded = b, .kind = HISTORY_POP, .count = 1, .value = { v }                            \
  }
#define POP_NOT(a, b, answer)                                                                                \
  { .invoked = a, .responded = b, .kind = HISTORY_POP, .result = HISTORY_##answer }
#define MANY(a, b, n, ...)                                                                                   \
  {                                                                                                          \
    .invoked = a, .responded = b, .kind = HISTORY_POP_MANY, .count = n, .value = { __VA_ARGS__ }             \
  }
#define PEEK(a, b, v)                                                                                        \
  {                                                                                                          \
    .invoked = a, .responded = b, .kind = HISTORY_PEEK, .count = 1, .value = { v }                           \
  }
#define ASK(a, b, what, answer)                                                                              \
  { .invoked = a, .responded = b, .kind = HISTORY_IS_##what, .result = HISTORY_##answer }
#define CLOSE(a, b, answer)                                                                                  \
  { .invoked = a, .responded = b, .kind = HISTORY_CLOSE, .result = HISTORY_##answer }

static const example examples[] = {
    {"nothing", true, false, {1, false}, {{0}}},
    {"one after the other",
     true,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 1), POP(7, 8, 2)}},
    {"pushes overlap",
     true,
     false,
     {2, false},
     {PUSH(1, 4, 1, OK), PUSH(2, 3, 2, OK), POP(5, 6, 1), POP(7, 8, 2)}},
    {"pops overlap",
     true,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 8, 2), POP(6, 7, 1)}},
    {"touching calls have no order", true, false, {2, false}, {POP(1, 3, 1), PUSH(3, 4, 1, OK)}},
    {"FULL at capacity 1", true, false, {1, false}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, FULL), POP(5, 6, 1)}},
    {"FULL beside a pop", true, false, {1, false}, {PUSH(1, 2, 1, OK), POP(3, 6, 1), PUSH(4, 5, 2, FULL)}},
    {"EMPTY beside a push", true, false, {1, false}, {PUSH(1, 4, 1, OK), POP_NOT(2, 3, EMPTY), POP(5, 6, 1)}},
    {"closed, drained",
     true,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), CLOSE(3, 4, OK), PUSH(5, 6, 2, CLOSED), POP(7, 8, 1), POP_NOT(9, 10, CLOSED)}},
    {"closed twice, no answers",
     true,
     false,
     {2, false},
     {CLOSE(1, 2, ANY), CLOSE(3, 4, ANY), POP_NOT(5, 6, CLOSED)}},
    {"pop_many takes neighbours",
     true,
     false,
     {3, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), PUSH(5, 6, 3, OK), MANY(7, 8, 2, 1, 2), POP(9, 10, 3)}},
    {"peek tells the oldest",
     true,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), PEEK(5, 6, 1), POP(7, 8, 1)}},
    {"parts of a push in turn",
     true,
     false,
     {2, false},
     {PUSH(1, 9, 1, OK), PUSH_THEN(1, 9, 2, OK), PUSH_THEN(1, 9, 3, FULL), POP(2, 3, 1), POP(4, 5, 2)}},
    {"several go in in one step",
     true,
     false,
     {3, false},
     {PUSHES(1, 2, 3, 1, 2, 3), PUSHES_NOT(3, 4, FULL), MANY(5, 6, 2, 1, 2), POP(7, 8, 3)}},
    {"several, and one before or after",
     true,
     false,
     {3, false},
     {PUSHES(1, 9, 2, 1, 2), PUSH(2, 3, 3, OK), POP(10, 11, 3), POP(12, 13, 1), POP(14, 15, 2)}},
    {"several beside several",
     true,
     false,
     {4, false},
     {PUSHES(1, 4, 2, 1, 2), PUSHES(2, 3, 2, 3, 4), MANY(5, 6, 3, 3, 4, 1), POP(7, 8, 2)}},
    {"several beside EMPTY",
     true,
     false,
     {2, false},
     {PUSHES(1, 6, 2, 1, 2), POP_NOT(2, 3, EMPTY), MANY(4, 5, 2, 1, 2)}},
    {"a step of a push that waits, and one between its steps",
     true,
     true,
     {4, false},
     {PUSH(1, 9, 1, OK), PUSH_THEN(1, 9, 2, OK), PUSH(2, 3, 3, OK), POP(10, 11, 1), POP(12, 13, 3),
      POP(14, 15, 2)}},
    {"questions",
     true,
     true,
     {1, false},
     {ASK(1, 2, EMPTY, EMPTY), PUSH(3, 6, 1, OK), ASK(4, 5, EMPTY, OK), ASK(7, 8, FULL, FULL),
      CLOSE(9, 10, OK), POP(11, 14, 1), ASK(12, 13, FULL, OK), ASK(15, 16, EMPTY, EMPTY)}},
    {"peek beside the pop", true, false, {2, false}, {PUSH(1, 2, 1, OK), POP(3, 6, 1), PEEK(4, 5, 1)}},

    {"lost", false, false, {2, false}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 2)}},
    {"lost, then EMPTY", false, false, {2, false}, {PUSH(1, 2, 1, OK), POP_NOT(3, 4, EMPTY)}},
    {"doubled", false, false, {2, false}, {PUSH(1, 2, 1, OK), POP(3, 4, 1), POP(3, 4, 1)}},
    {"invented", false, false, {2, false}, {PUSH(1, 2, 1, OK), POP(3, 4, 2)}},
    {"from the future", false, false, {2, false}, {POP(1, 2, 1), PUSH(3, 4, 1, OK)}},
    {"reordered",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 2), POP(7, 8, 1)}},
    {"false EMPTY, covered by two",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), POP_NOT(3, 8, EMPTY), PUSH(4, 5, 2, OK), POP(6, 7, 1), POP(9, 10, 2)}},
    {"false FULL", false, false, {2, false}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, FULL)}},
    {"false FULL after a pop",
     false,
     false,
     {1, false},
     {PUSH(1, 2, 1, OK), POP(3, 4, 1), PUSH(5, 6, 2, FULL)}},
    {"FULL of an unlimited queue", false, false, {0, false}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, FULL)}},
    {"FULL, EMPTY, FULL of one value",
     false,
     true,
     {1, false},
     {PUSH(1, 10, 1, OK), POP(1, 10, 1), PUSH(3, 4, 2, FULL), POP_NOT(5, 6, EMPTY), PUSH(7, 8, 3, FULL)}},
    {"pushed after the close", false, false, {2, false}, {CLOSE(1, 2, OK), PUSH(3, 4, 1, OK)}},
    {"CLOSED before the close", false, false, {2, false}, {PUSH(1, 2, 1, CLOSED), CLOSE(3, 4, OK)}},
    {"CLOSED without a close", false, false, {2, false}, {PUSH(1, 2, 1, CLOSED)}},
    {"EMPTY after the close", false, false, {2, false}, {CLOSE(1, 2, OK), POP_NOT(3, 4, EMPTY)}},
    {"CLOSED with something inside",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), CLOSE(3, 4, OK), POP_NOT(5, 6, CLOSED), POP(7, 8, 1)}},
    {"closed twice, both OK", false, false, {2, false}, {CLOSE(1, 2, OK), CLOSE(3, 4, OK)}},
    {"too full",
     false,
     false,
     {1, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 1), POP(7, 8, 2)}},
    {"parts of a push out of turn",
     false,
     true,
     {2, false},
     {PUSH(1, 9, 1, OK), PUSH_THEN(1, 9, 2, OK), POP(2, 3, 2), POP(4, 5, 1)}},
    {"FULL before the part that went in",
     false,
     true,
     {2, false},
     {PUSH(1, 2, 7, OK), PUSH(3, 4, 8, OK), PUSH(5, 20, 1, OK), PUSH_THEN(5, 20, 2, FULL), POP(6, 7, 7),
      POP(8, 9, 8), POP_NOT(10, 11, EMPTY), POP(12, 13, 1)}},
    {"one between several of a step",
     false,
     false,
     {3, false},
     {PUSHES(1, 9, 2, 1, 2), PUSH(2, 3, 3, OK), POP(10, 11, 1), POP(12, 13, 3), POP(14, 15, 2)}},
    {"several of two steps interleaved",
     false,
     false,
     {4, false},
     {PUSHES(1, 4, 2, 1, 2), PUSHES(2, 3, 2, 3, 4), MANY(5, 6, 2, 1, 3), MANY(7, 8, 2, 2, 4)}},
    {"several of a step with one of another one's between, taken one by one",
     false,
     false,
     {4, false},
     {PUSHES(1, 4, 2, 1, 2), PUSHES(2, 3, 2, 3, 4), POP(5, 6, 3), POP(7, 8, 1), POP(9, 10, 4),
      POP(11, 12, 2)}},
    {"several out of order", false, false, {2, false}, {PUSHES(1, 2, 2, 1, 2), POP(3, 4, 2), POP(5, 6, 1)}},
    {"several, taken in one step out of order",
     false,
     false,
     {2, false},
     {PUSHES(1, 2, 2, 1, 2), MANY(3, 4, 2, 2, 1)}},
    {"EMPTY between two of a step",
     false,
     false,
     {2, false},
     {PUSHES(1, 9, 2, 1, 2), POP(2, 3, 1), POP_NOT(4, 5, EMPTY), POP(6, 7, 2)}},
    {"a step of which a part is missing",
     false,
     false,
     {2, false},
     {PUSHES(1, 2, 2, 1, 2), POP(3, 4, 1), POP_NOT(5, 6, EMPTY)}},
    {"a step of two of which one had gone in before",
     false,
     false,
     {3, false},
     {PUSHES(4, 5, 2, 1, 2), POP(1, 2, 1), POP(6, 7, 2)}},
    {"closed between two of a step",
     false,
     false,
     {2, false},
     {PUSHES(1, 9, 2, 1, 2), CLOSE(2, 3, OK), POP(4, 5, 1), POP_NOT(6, 7, CLOSED)}},
    {"FULL between two of a step",
     false,
     true,
     {2, false},
     {PUSHES(1, 20, 2, 1, 2), POP(2, 3, 1), PUSH(4, 5, 3, OK), PUSH(6, 7, 4, OK), POP(8, 21, 2)}},
    {"several that are more than there is room for",
     false,
     false,
     {2, false},
     {PUSHES(1, 2, 3, 1, 2, 3), MANY(3, 4, 3, 1, 2, 3)}},
    {"several beside one, more than there is room for",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSHES(3, 4, 2, 2, 3), POP(5, 6, 1), MANY(7, 8, 2, 2, 3)}},
    {"several are refused where one had room",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSHES_NOT(3, 4, FULL)}},
    {"several after the close", false, false, {2, false}, {CLOSE(1, 2, OK), PUSHES(3, 4, 2, 1, 2)}},
    {"peek tells the second of a step",
     false,
     false,
     {2, false},
     {PUSHES(1, 2, 2, 1, 2), PEEK(3, 4, 2), POP(5, 6, 1), POP(7, 8, 2)}},
    {"a chain of steps with one between its ends",
     false,
     false,
     {0, false},
     {PUSHES(1, 20, 2, 1, 2), PUSHES(1, 20, 2, 3, 4), PUSH(1, 20, 5, OK), POP(21, 22, 1),
      MANY(23, 24, 2, 2, 3), POP(25, 26, 5), POP(27, 28, 4)}},
    {"a circle of steps",
     false,
     false,
     {0, false},
     {PUSHES(1, 9, 2, 1, 2), PUSHES(1, 9, 2, 3, 4), MANY(1, 9, 2, 2, 3), MANY(1, 9, 2, 4, 1)}},
    {"no answer of one that does not wait",
     false,
     false,
     {1, false},
     {PUSH(1, 2, 1, OK),
      {.invoked = 3,
       .responded = 4,
       .kind = HISTORY_PUSH_MANY,
       .mode = HISTORY_TIMED,
       .result = HISTORY_TIMEDOUT}}},
    {"not empty, and nothing was ever inside",
     false,
     true,
     {1, false},
     {ASK(1, 2, EMPTY, OK), PUSH(3, 4, 1, OK)}},
    {"full, with a free place", false, true, {2, false}, {PUSH(1, 2, 1, OK), ASK(3, 4, FULL, FULL)}},
    {"peek tells the second",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), PEEK(5, 6, 2), POP(7, 8, 1)}},
    {"peek tells what had left", false, false, {2, false}, {PUSH(1, 2, 1, OK), POP(3, 4, 1), PEEK(5, 6, 1)}},
    {"peeks change their mind",
     false,
     false,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(1, 2, 2, OK), PEEK(3, 4, 1), PEEK(5, 6, 2), POP(7, 8, 1)}},
    {"pop_many not of neighbours",
     false,
     false,
     {3, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), PUSH(5, 6, 3, OK), MANY(7, 8, 2, 1, 3), POP(7, 8, 2)}},
    {"pop_many out of order",
     false,
     false,
     {3, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), MANY(5, 6, 2, 2, 1)}},
    {"pop_many over a pop",
     false,
     false,
     {3, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), PUSH(5, 6, 3, OK), POP(7, 8, 2), MANY(7, 8, 2, 1, 3)}},
    {"a waiting call answers FULL",
     false,
     false,
     {1, false},
     {PUSH(1, 2, 1, OK),
      {.invoked = 3,
       .responded = 4,
       .count = 1,
       .value = {2},
       .mode = HISTORY_BLOCKING,
       .result = HISTORY_FULL}}},
    {"FULL after the pop that a peek dates",
     false,
     true,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(1, 20, 2, OK), POP(3, 20, 1), PEEK(4, 5, 2), PUSH(6, 7, 3, FULL)}},

    {"a stack", true, true, {2, true}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 2), POP(7, 8, 1)}},
    {"a stack is no queue", false, true, {2, true}, {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), POP(5, 6, 1)}},
    {"a call that never came back took effect",
     true,
     true,
     {2, false},
     {PUSH(1, HISTORY_NEVER, 1, ANY), POP(5, 6, 1)}},
    {"a call that never came back did not",
     true,
     true,
     {2, false},
     {PUSH(1, HISTORY_NEVER, 1, ANY), POP_NOT(5, 6, EMPTY)}},
    {"several that never came back went in in part",
     true,
     true,
     {2, false},
     {PUSHES(1, HISTORY_NEVER, 2, 1, 2), POP(5, 6, 1), POP_NOT(7, 8, EMPTY)}},
    {"several that never came back went in, but not the second alone",
     false,
     true,
     {2, false},
     {PUSHES(1, HISTORY_NEVER, 2, 1, 2), POP(5, 6, 2)}},
    {"what never came back took two",
     true,
     true,
     {2, false},
     {PUSH(1, 2, 1, OK), PUSH(3, 4, 2, OK), MANY(5, HISTORY_NEVER, 2, 0), POP_NOT(9, 10, EMPTY)}},
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static unsigned calls_of(const example *e) {
  unsigned n = 0;
  while (n < MAX_CALLS && e->calls[n].responded > 0) n++;
  return n;
}

static void check_example(history_search *search, history_checker *checker, const example *given) {
  example e = *given;
  unsigned n = calls_of(&e);
  for (unsigned i = 0; i < n; i++)
    if (e.calls[i].responded == HISTORY_NEVER) e.calls[i].result = HISTORY_ANY;
  bool right = history_is_linearizable(search, e.model, e.calls, n);
  if (right != e.right) history_print(stdout, e.calls, n);
  stress_check(right == e.right, "\"%s\": the search says %s", e.name, right ? "right" : "wrong");
  if (e.by_search_only) return;
  history_fault fault;
  bool fine = !history_has_fault(checker, e.model.capacity, e.calls, n, &fault);
  stress_check(fine == e.right, "\"%s\": the quick checker says %s", e.name, fine ? "right" : fault.what);
}

typedef struct tally {
  uint64_t right, wrong, missed;
} tally;

static void check_random(history_search *search, history_checker *checker, const random_history *h,
                         tally *t) {
  history_fault fault;
  bool right = history_is_linearizable(search, h->model, h->operations, h->n);
  bool fault_found = history_has_fault(checker, h->model.capacity, h->operations, h->n, &fault);
  if (right && fault_found) {
    history_print(stdout, h->operations, h->n);
    history_fault_print(stdout, &fault);
    stress_fail("the quick checker finds a fault where there is none (capacity %u)", h->model.capacity);
  }
  t->right += right;
  t->wrong += !right;
  if (right || fault_found) return;
  t->missed++;
  if (h->model.capacity > 0) return;
  history_print(stdout, h->operations, h->n);
  stress_fail("the quick checker misses a fault of an unlimited queue");
}

static random_mix some_mix(uint64_t *random, uint32_t capacity) {
  uint32_t die = (uint32_t)stress_random(random);
  return (random_mix){.capacity = capacity,
                      .peek = die & 1,
                      .many = die & 2,
                      .close = die & 4,
                      .push_many = die & 8,
                      .threads = 2 + (die >> 4) % 3,
                      .calls = 1 + (die >> 8) % 5,
                      .spread = 2 + (die >> 16) % 60};
}

/* Histories as they are, which must be right, and with 1 to 3 changes. */
static void check_some(history_search *search, history_checker *checker, uint64_t *random, uint32_t capacity,
                       tally *t) {
  random_mix mix = some_mix(random, capacity);
  random_history made;
  random_history_make(&made, &mix, random);
  stress_check(history_is_linearizable(search, made.model, made.operations, made.n),
               "a right history is refused");
  check_random(search, checker, &made, t);
  unsigned changes = 1 + stress_random_below(random, 3);
  while (changes-- > 0) random_history_spoil(&made, random);
  check_random(search, checker, &made, t);
}

static uint64_t check_stacks(history_search *search, uint64_t *random, unsigned histories) {
  uint64_t refused = 0;
  for (unsigned i = 0; i < histories; i++) {
    random_mix mix = {.capacity = 3, .last_in_first = true, .threads = 3, .calls = 4, .spread = 30};
    random_history made;
    random_history_make(&made, &mix, random);
    stress_check(history_is_linearizable(search, made.model, made.operations, made.n),
                 "a right stack is refused");
    made.model.last_in_first = false;
    refused += !history_is_linearizable(search, made.model, made.operations, made.n);
  }
  return refused;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 1);
  history_search *search = history_search_create();
  history_checker *checker = history_checker_create();
  stress_check(search && checker, "no memory");
  for (unsigned i = 0; i < EXAMPLES; i++) check_example(search, checker, &examples[i]);
  uint64_t random = stress_seed();
  tally unlimited = {0}, bounded = {0};
  while (stress_goes_on()) {
    stress_step("checks random histories");
    check_some(search, checker, &random, 0, &unlimited);
    check_some(search, checker, &random, 1 + stress_random_below(&random, 3), &bounded);
  }
  uint64_t refused = check_stacks(search, &random, 1000);
  stress_check(unlimited.wrong > 0 && bounded.wrong > 0 && refused > 0, "no wrong history came up");
  printf("unlimited: %" PRIu64 " right and %" PRIu64 " wrong histories, both checkers agree on all\n",
         unlimited.right, unlimited.wrong);
  printf("bounded:   %" PRIu64 " right and %" PRIu64 " wrong histories, no false alarm, %" PRIu64
         " wrong ones (%.2f %%) found by the search only\n",
         bounded.right, bounded.wrong, bounded.missed,
         100.0 * (double)bounded.missed / (double)bounded.wrong);
  history_checker_free(checker);
  history_search_free(search);
  return stress_end("%d examples, %" PRIu64 " random histories", EXAMPLES,
                    unlimited.right + unlimited.wrong + bounded.right + bounded.wrong);
}
