#include "schedule/window_case.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "schedule/others.h"
#include "schedule/stopping.h"
#include "support/stress.h"

enum { SIZE = WINDOW_CASE_SIZE, POSITIONS = 20000 };

typedef struct victim {
  stopper *thread;
  operation operation;
  uint64_t position; /* to publish */
  uint32_t item;     /* published, or taken */
  answer answer;
  bool stopped;
} victim;

static small_window tested;
small_window_parts window_case_parts;
static pthread_mutex_t numbers = PTHREAD_MUTEX_INITIALIZER;
static uint64_t next_number;        /* under the mutex */
static uint32_t handles[POSITIONS]; /* by position, what was published */
static _Atomic uint8_t taken_once[POSITIONS];
static const char *_Atomic wrong;
static victim victims[WINDOW_CASE_VICTIMS];
static victim prober;    /* runs to its end, but with a clock that stands at its deadline */
static uint64_t held_up; /* see window_case_held_up */

/* The window as others.h sees it: items are the batches; to put one is to publish the next position. */

static bool claim(uint32_t item, uint64_t *position) {
  pthread_mutex_lock(&numbers);
  bool room = next_number - window_head(&tested.window) < SIZE && next_number < POSITIONS;
  if (room) {
    *position = next_number++;
    handles[*position] = item + 1;
  }
  pthread_mutex_unlock(&numbers);
  return room;
}

static void publish(uint64_t position, uint32_t item) {
  if (!window_case_parts.publish(&tested, position, item + 1)) wrong = "a position that is inside is refused";
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
  window_status status = window_case_parts.take(&tested, &taken, &entry, deadline);
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
    window_case_parts.close(&tested.window);
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
  held_up++;
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
  window_case_parts.close(&tested.window);
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

/* Who others may wait for: a publisher, and who has closed and not yet woken anybody. */
static bool comes_first(const victim *v) {
  return v->operation == PUBLISH || (v->operation == CLOSE && is_closed());
}

/* Lets the victims end; whoever waits for the head must find it published. Closed, nothing is taken any more. */
static const char *finish(const case_plan *plan) {
  for (unsigned i = 0; i < plan->victims; i++) {
    victim *v = &victims[i];
    if (comes_first(v) && v->stopped) v->stopped = stopper_go_on(v->thread, STOPPER_NEVER);
  }
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

void window_case_print(const case_plan *plan, const char *why) {
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

const char *window_case_run(const case_plan *plan, bool *more) {
  const char *why = NULL;
  wrong = NULL;
  prepare(plan);
  for (unsigned i = 0; i < plan->victims && !why; i++) why = start(plan, i);
  const victim *last = &victims[plan->victims - 1];
  *more = !why && last->stopped && !stopper_is_asleep(last->thread);
  if (!why) why = check_others(plan, plan->operations);
  if (!why && plan->closing) why = check_closing();
  const char *at_the_end = finish(plan);
  return why ? why : at_the_end ? at_the_end : wrong;
}

void window_case_begin(unsigned others) {
  for (unsigned i = 0; i < WINDOW_CASE_VICTIMS; i++) victims[i].thread = stopper_create();
  prober.thread = stopper_create();
  others_begin(others);
}

void window_case_end(void) {
  others_end();
  for (unsigned i = 0; i < WINDOW_CASE_VICTIMS; i++) stopper_free(victims[i].thread);
  stopper_free(prober.thread);
}

uint64_t window_case_held_up(void) {
  return held_up;
}
