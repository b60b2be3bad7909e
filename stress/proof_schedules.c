/* Runs small programs of two to four threads under schedules that a seed decides (schedule/fibers.h)
   and checks of every run that its history is linearizable (check/history.h), that nobody sleeps
   beside what it waits for, that closing wakes everyone, that no waiter and no token is left over, and
   that no element is lost. Then the same with rings and event counts that are wrong in one thing
   (schedule/mutants.c), each of which must be found.

   usage: proof_schedules [seconds [threads [seed]]]
     seconds   for each of the queues and the pool; 0: one schedule of each, printed step by step, and
               no mutants: with the seed that a failure printed, that failure
     threads   of a program at most, 2 to 4

   The schedules are sequentially consistent: a memory order that is too weak cannot be seen here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/history.h"
#include "schedule/descriptors.h"
#include "schedule/fibers.h"
#include "schedule/program.h"
#include "schedule/small_queue.h"
#include "support/stress.h"

enum { ITEMS = HISTORY_SEARCH_MAX, MUTANT_SCHEDULES = 1000000, WITHOUT_FLAW_SCHEDULES = 20000 };

typedef struct tally {
  uint64_t schedules, operations, steps, sleeps;
} tally;

static const subject *tested;
static program now_running;
static history_operation history[HISTORY_SEARCH_MAX];
static unsigned recorded;
static uint64_t stamp;
static uint32_t next_item;               /* of a queue: that was not put in yet */
static uint32_t held[FIBERS_MAX][ITEMS]; /* of a pool: by each thread */
static uint32_t held_count[FIBERS_MAX];
static history_search *search;
static bool size_is_wrong; /* a call said so */

static bool is_pool(const subject *s) {
  return s->starts_full;
}

static history_operation *record(unsigned thread, operation o) {
  history_operation *h = &history[recorded++];
  *h = (history_operation){.invoked = stamp++,
                           .responded = HISTORY_NEVER,
                           .kind = o.kind,
                           .mode = o.mode,
                           .result = HISTORY_ANY,
                           .thread = (uint8_t)thread,
                           .count = o.kind == HISTORY_PUSH};
  return h;
}

static void respond(history_operation *h, answer a) {
  static const history_result results[] = {HISTORY_OK, HISTORY_FULL, HISTORY_EMPTY, HISTORY_CLOSED,
                                           HISTORY_TIMEDOUT};
  if (h->kind != HISTORY_CLOSE) h->result = results[a];
  h->responded = stamp++;
}

static uint64_t deadline_of(operation o) {
  if (o.mode == HISTORY_BLOCKING) return o.polls ? SUBJECT_POLLING : UINT64_MAX;
  return o.mode == HISTORY_TRY ? 0 : 8;
}

static void put_item(unsigned thread, operation o, uint32_t item) {
  history_operation *h = record(thread, o);
  h->value[0] = item;
  respond(h, tested->put(item, deadline_of(o)));
}

static answer take_item(unsigned thread, operation o) {
  history_operation *h = record(thread, o);
  answer a = tested->take(h->value, deadline_of(o));
  h->count = a == ANSWER_DONE;
  if (a == ANSWER_DONE) held[thread][held_count[thread]++] = h->value[0];
  respond(h, a);
  return a;
}

/* Each element is an operation, in turn: those that went in, and the first that did not. The others were not tried
   and are no part of the history: their count is 0. */
static void put_many(unsigned thread, operation o) {
  uint32_t items[SUBJECT_MANY], count;
  history_operation *h = &history[recorded];
  for (uint32_t i = 0; i < o.many; i++) {
    items[i] = record(thread, o)->value[0] = next_item++;
    h[i].invoked = h->invoked;
    h[i].in_turn = i > 0;
  }
  answer a = tested->put_many(items, o.many, deadline_of(o), &count);
  for (uint32_t i = 0; i < o.many; i++) {
    respond(&h[i], i < count ? ANSWER_DONE : a);
    h[i].responded = h->responded;
    h[i].count = i < count || (i == count && a != ANSWER_DONE);
  }
}

/* In one step: one operation. */
static void put_together(unsigned thread, operation o) {
  uint32_t items[SUBJECT_MANY];
  history_operation *h = record(thread, o);
  for (uint32_t i = 0; i < o.many; i++) items[i] = next_item++;
  answer a = tested->put_many(items, o.many, 0, &h->count);
  if (h->count > HISTORY_MANY) h->count = HISTORY_MANY + 1; /* what no such call may answer */
  for (uint32_t i = 0; i < h->count && i < HISTORY_MANY; i++) h->value[i] = items[i];
  respond(h, a);
}

static void ask(unsigned thread, operation o) {
  history_operation *h = record(thread, o);
  bool yes = o.kind == HISTORY_IS_EMPTY ? tested->is_empty() : tested->is_full();
  respond(h, !yes ? ANSWER_DONE : o.kind == HISTORY_IS_EMPTY ? ANSWER_EMPTY : ANSWER_FULL);
  if (tested->bounded && tested->size() > now_running.capacity) size_is_wrong = true;
}

static void take_many_or_peek(unsigned thread, operation o) {
  history_operation *h = record(thread, o);
  uint32_t count = 1;
  answer a = o.kind == HISTORY_PEEK ? tested->peek(h->value)
                                    : tested->take_many(h->value, o.many, deadline_of(o), &count);
  h->count = a == ANSWER_DONE ? count : 0;
  respond(h, a);
}

static void do_operation(unsigned thread, operation o) {
  switch (o.kind) {
  case HISTORY_PUSH:
    if (o.many > 1)
      put_many(thread, o);
    else if (!is_pool(tested))
      put_item(thread, o, next_item++);
    else if (held_count[thread] > 0)
      put_item(thread, o, held[thread][--held_count[thread]]);
    return;
  case HISTORY_PUSH_MANY:
    put_together(thread, o);
    return;
  case HISTORY_IS_EMPTY:
  case HISTORY_IS_FULL:
    ask(thread, o);
    return;
  case HISTORY_POP:
    /* Whoever waits for a batch of a pool and keeps another might do so for ever, and be right. */
    if (is_pool(tested) && o.mode == HISTORY_BLOCKING && held_count[thread] > 0) o.mode = HISTORY_TRY;
    take_item(thread, o);
    return;
  case HISTORY_CLOSE:
    tested->close();
    return;
  default:
    take_many_or_peek(thread, o);
  }
}

static void close_recorded(unsigned thread) {
  history_operation *h = record(thread, (operation){.kind = HISTORY_CLOSE});
  tested->close();
  respond(h, ANSWER_DONE);
}

static void run_thread(unsigned thread) {
  for (unsigned i = 0; i < now_running.length[thread]; i++) {
    operation o = now_running.operations[thread][i];
    if (o.kind == HISTORY_CLOSE)
      close_recorded(thread);
    else
      do_operation(thread, o);
  }
  while (is_pool(tested) && held_count[thread] > 0) do_operation(thread, (operation){.kind = HISTORY_PUSH});
}

static void do_first(unsigned thread) {
  (void)thread;
  for (unsigned i = 0; i < now_running.before; i++) do_operation(FIBERS_MAX - 1, now_running.first[i]);
}

/* A fiber, though nobody else runs: so that what would never end does. */
static bool alone(void (*job)(unsigned thread)) {
  return fibers_run(1, job, 1, 0, 1) == FIBERS_ENDED;
}

/* False if it does not end. */
static bool begin(void) {
  recorded = 0;
  next_item = 0;
  stamp = 1;
  size_is_wrong = false;
  memset(held_count, 0, sizeof held_count);
  small_queue_first_turn = now_running.first_turn;
  descriptors_begin();
  tested->create(now_running.capacity);
  if (tested->arrange_groups) tested->arrange_groups(now_running.groups);
  uint32_t inside = is_pool(tested) ? now_running.capacity : now_running.filled;
  for (uint32_t i = 0; i < inside; i++) {
    history_operation *h = record(FIBERS_MAX - 1, (operation){.kind = HISTORY_PUSH});
    h->value[0] = i;
    respond(h, is_pool(tested) ? ANSWER_DONE : tested->put(next_item++, 0));
  }
  return now_running.before == 0 || alone(do_first);
}

/* How many elements are inside by the answers so far, and whether it is closed. */
static uint32_t inside_by_history(bool *closed) {
  uint32_t inside = 0;
  *closed = false;
  for (unsigned i = 0; i < recorded; i++) {
    const history_operation *h = &history[i];
    if (h->kind == HISTORY_CLOSE) *closed = true;
    if (h->result != HISTORY_OK) continue;
    if (history_pushes(h)) inside += h->count;
    if (h->kind == HISTORY_POP || h->kind == HISTORY_POP_MANY) inside -= h->count;
  }
  return inside;
}

/* Of calls asleep that put in several: how many may be in. */
static uint32_t pending_parts(void) {
  uint32_t parts = 0;
  for (unsigned i = 0; i + 1 < recorded; i++)
    parts += history[i].responded == HISTORY_NEVER && history[i + 1].in_turn;
  return parts;
}

/* Of those asleep each one must have cause. Who puts in several may have put in some. */
static const char *check_sleepers(void) {
  bool closed;
  uint32_t inside = inside_by_history(&closed);
  if (tested->size) {
    uint32_t more =
        tested->size() - inside; /* what they put in may have been taken: inside is below 0 then */
    if (more > pending_parts()) return "the size is wrong";
    inside += more;
  }
  for (unsigned i = 0; i < recorded; i++) {
    const history_operation *h = &history[i];
    if (h->responded != HISTORY_NEVER) continue;
    if (closed) return "asleep although it is closed";
    if ((h->kind == HISTORY_POP || h->kind == HISTORY_POP_MANY) && inside > 0)
      return "asleep beside an element";
    if (h->kind == HISTORY_PUSH && inside < now_running.capacity) return "asleep beside a free place";
  }
  return is_pool(tested) ? "asleep beside an idle batch" : NULL;
}

/* Lets the threads run; if all sleep, and are right, closing must wake them. */
static const char *run_threads(uint64_t seed, unsigned changes, tally *t) {
  fibers_end end = fibers_run(now_running.threads, run_thread, seed, changes, 30 * now_running.threads);
  if (end == FIBERS_ASLEEP) {
    t->sleeps++;
    const char *wrong = check_sleepers();
    if (wrong) return wrong;
    close_recorded(FIBERS_MAX - 1);
    end = fibers_go_on();
  }
  if (end == FIBERS_ASLEEP) return "asleep although it was closed";
  return end == FIBERS_ENDLESS ? "does not end" : NULL;
}

/* Takes out what was not tried. */
static void forget_untried(void) {
  unsigned kept = 0;
  for (unsigned i = 0; i < recorded; i++)
    if (history[i].kind != HISTORY_PUSH || history[i].count > 0) history[kept++] = history[i];
  recorded = kept;
}

static void drain(unsigned thread) {
  (void)thread;
  held_count[FIBERS_MAX - 1] = 0;
  while (recorded < HISTORY_SEARCH_MAX - 1 &&
         take_item(FIBERS_MAX - 1, (operation){.kind = HISTORY_POP}) == ANSWER_DONE)
    continue;
}

static const char *fault_at_rest(void) {
  return tested->fault_inside ? tested->fault_inside(0) : NULL;
}

static const char *check_run(void) {
  const char *fault;
  forget_untried();
  if (size_is_wrong) return "a size is more than the capacity";
  if ((fault = fault_at_rest())) return fault;
  if (!alone(drain)) return "does not end";
  if ((fault = fault_at_rest())) return fault;
  for (uint32_t i = held_count[FIBERS_MAX - 1]; is_pool(tested) && i > 0; i--)
    tested->put(held[FIBERS_MAX - 1][i - 1], 0);
  history_model model = {.capacity = is_pool(tested) || tested->bounded ? now_running.capacity : 0,
                         .last_in_first = is_pool(tested)};
  if (!history_is_linearizable(search, model, history, recorded)) return "not linearizable";
  return tested->is_at_rest() ? NULL : "a waiter or a token is left over";
}

/* Runs the program and the schedule of one seed. Returns NULL or what was wrong. */
static const char *run_schedule(uint64_t seed, unsigned threads, tally *t) {
  uint64_t random = seed;
  now_running = program_make(is_pool(tested), &random, threads);
  unsigned changes = stress_random_below(&random, 6);
  const char *wrong = begin() ? run_threads(stress_random(&random), changes, t) : "does not end";
  t->steps += fibers_steps();
  if (!wrong) wrong = check_run();
  t->schedules++;
  t->operations += recorded;
  if (!wrong) tested->destroy();
  return wrong;
}

static void report(const char *wrong, uint64_t seed) {
  printf("%s of capacity %u: %s\n", tested->name, now_running.capacity, wrong);
  history_print(stdout, history, recorded);
  printf("again, step by step: proof_schedules 0 %u %llu\n", stress_threads(), (unsigned long long)seed);
}

/* Runs schedules for the time given; false if one failed. */
static bool prove(const subject *s, uint64_t seed) {
  tally t = {0};
  tested = s;
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  fibers_trace(stress_seconds() == 0);
  do {
    const char *wrong = run_schedule(seed, stress_threads(), &t);
    if (wrong) report(wrong, seed);
    if (wrong) return false;
    seed++;
    stress_step("runs schedules");
  } while (stress_clock() < end);
  printf("%-15s %8llu schedules, %llu operations, %llu steps, %llu runs slept to the end and were closed\n",
         s->name, (unsigned long long)t.schedules, (unsigned long long)t.operations,
         (unsigned long long)t.steps, (unsigned long long)t.sleeps);
  fflush(stdout);
  return true;
}

/* Runs schedules of a mutant until one fails; returns what is wrong then, or NULL. */
static const char *run_mutant(const mutant *m, uint64_t seed, uint64_t most, tally *t) {
  const char *wrong = NULL;
  tested = &subject_small_queue;
  small_queue = small_queue_shipped;
  small_queue_forget_groups();
  m->change(&small_queue);
  while (!wrong && t->schedules < most) {
    wrong = run_schedule(seed++, stress_threads(), t);
    stress_step("looks for a mutant");
  }
  return wrong;
}

/* False if no schedule fails. */
static bool find(const mutant *m, uint64_t seed) {
  tally t = {0};
  const char *wrong = run_mutant(m, seed, MUTANT_SCHEDULES, &t);
  printf("control: %-52s %s after %llu schedules\n", m->name, wrong ? wrong : "FAILED: not found",
         (unsigned long long)t.schedules);
  fflush(stdout);
  return wrong;
}

static bool find_all(uint64_t seed) {
  tally t = {0};
  const char *wrong = run_mutant(&without_flaw, seed, WITHOUT_FLAW_SCHEDULES, &t);
  bool right = !wrong;
  if (wrong) report(wrong, seed + t.schedules - 1);
  for (unsigned i = 0; i < MUTANTS; i++) right = find(&mutants[i], seed) && right;
  for (unsigned i = 0; i < MANY_MUTANTS; i++) right = find(&many_mutants[i], seed) && right;
  return right;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 4);
  search = history_search_create();
  small_queue = small_queue_shipped;
  bool right = prove(&subject_queue, stress_seed()) && prove(&subject_unlimited_queue, stress_seed()) &&
               prove(&subject_small_queue, stress_seed()) && prove(&subject_pool, stress_seed());
  if (stress_seconds() > 0) right = find_all(stress_seed()) && right;
  history_search_free(search);
  stress_check(right, "a schedule failed, or a control passed");
  return stress_end("all schedules");
}
