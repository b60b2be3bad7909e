#include "schedule/program.h"

#include "schedule/subject.h"
#include "support/stress.h"

enum { PUSHES_MOST = 20 }; /* one by one: each is an operation of the history */

static operation random_operation(bool is_pool, uint64_t *random) {
  static const history_kind often[] = {
      HISTORY_PUSH, HISTORY_PUSH, HISTORY_PUSH, HISTORY_PUSH_MANY, HISTORY_PUSH_MANY, HISTORY_POP,
      HISTORY_POP,  HISTORY_POP,  HISTORY_PEEK, HISTORY_POP_MANY,  HISTORY_POP_MANY};
  operation o = {.kind = often[stress_random_below(random, sizeof often / sizeof *often)], .many = 1};
  if (is_pool) o.kind = o.kind <= HISTORY_PUSH_MANY ? HISTORY_PUSH : HISTORY_POP;
  if (!is_pool && stress_random_below(random, 16) == 0)
    o.kind = stress_random_below(random, 2) ? HISTORY_IS_EMPTY : HISTORY_IS_FULL;
  if (!is_pool && stress_random_below(random, 24) == 0) o.kind = HISTORY_CLOSE;
  if (o.kind <= HISTORY_POP_MANY) o.mode = stress_random_below(random, 3);
  if (o.kind == HISTORY_POP_MANY) o.many = 2 + stress_random_below(random, HISTORY_MANY - 1);
  if (o.kind == HISTORY_PUSH_MANY) o.many = 2 + stress_random_below(random, SUBJECT_MANY - 1);
  if (o.kind == HISTORY_PUSH_MANY && o.mode != HISTORY_TRY)
    o.kind = HISTORY_PUSH; /* for each of them, in turn */
  o.polls =
      (o.kind == HISTORY_POP || o.kind == HISTORY_PUSH) && o.many == 1 && stress_random_below(random, 2);
  return o;
}

/* One that does not wait, and changes what is inside. */
static operation random_first(uint64_t *random) {
  static const history_kind kinds[] = {HISTORY_PUSH_MANY, HISTORY_PUSH_MANY, HISTORY_POP_MANY, HISTORY_POP,
                                       HISTORY_PUSH};
  operation o = {.kind = kinds[stress_random_below(random, 5)], .many = 1};
  if (o.kind == HISTORY_PUSH_MANY || o.kind == HISTORY_POP_MANY)
    o.many = 2 + stress_random_below(random, HISTORY_MANY - 1);
  return o;
}

/* Of a thread that only puts, or only takes, waiting: in programs of such threads nobody does what another one
   sleeps for by the way. */
static operation random_wait(uint64_t *random, unsigned thread) {
  return (operation){.kind = thread % 2 ? HISTORY_POP : HISTORY_PUSH,
                     .mode = HISTORY_BLOCKING,
                     .many = 1,
                     .polls = stress_random_below(random, 2)};
}

/* 0, or such that something ends soon: the turns in which several go in at once, the turns of a slot, the positions that
   head can count, the positions. */
static uint64_t random_first_turn(uint64_t *random, uint32_t capacity) {
  uint32_t shift = ring_shift_for(capacity);
  const uint64_t ends[] = {0, UINT64_C(1) << (RING_TURN_BITS - 2), UINT64_C(1) << RING_TURN_BITS,
                           (UINT64_MAX >> GROUP_COUNT_BITS >> shift) + 1, (UINT64_MAX >> shift) + 1};
  uint64_t end = ends[stress_random_below(random, sizeof ends / sizeof *ends)];
  return end ? end - 1 - stress_random_below(random, 4) : 0;
}

/* What is inside when the threads begin, and how it got there. */
static void make_beginning(program *p, bool is_pool, uint64_t *random) {
  static const uint32_t capacities[] = {1, 1, 2, 2, 3, 3, 4, 5};
  p->capacity = capacities[stress_random_below(random, is_pool ? 6 : 8)];
  p->filled = stress_random_below(random, p->capacity + 1);
  p->first_turn = random_first_turn(random, p->capacity);
  p->groups =
      stress_random_below(random, 4) == 0 ? stress_random_below(random, GROUP_STATES) : GROUPS_AS_THEY_ARE;
  p->before = 0;
  if (is_pool || stress_random_below(random, 3) == 0) return;
  if (stress_random_below(random, 2)) p->filled = 0;
  p->before = stress_random_below(random, PROGRAM_BEFORE + 1);
  for (unsigned i = 0; i < p->before; i++) p->first[i] = random_first(random);
}

program program_make(bool is_pool, uint64_t *random, unsigned most_threads) {
  program p = {0};
  make_beginning(&p, is_pool, random);
  uint32_t pushes = p.filled;
  p.threads = 2 + stress_random_below(random, most_threads - 1);
  bool only_waits = !is_pool && stress_random_below(random, 4) == 0;
  for (unsigned t = 0; t < p.threads; t++) {
    p.length[t] = 2 + stress_random_below(random, PROGRAM_CALLS - 1);
    if (p.threads == 4) p.length[t] = 1 + stress_random_below(random, 2);
    for (unsigned i = 0; i < p.length[t]; i++) {
      operation *o = &p.operations[t][i];
      *o = only_waits ? random_wait(random, t) : random_operation(is_pool, random);
      if (o->kind == HISTORY_PUSH && pushes + o->many > PUSHES_MOST) o->many = 1;
      if (o->kind == HISTORY_PUSH) pushes += o->many;
    }
  }
  return p;
}
