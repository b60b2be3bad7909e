#include "schedule/case.h"

#include <stdio.h>
#include <string.h>

#include "schedule/others.h"

typedef struct victim {
  stopper *thread;
  const subject *subject;
  operation operation;
  uint32_t given[SUBJECT_MANY]; /* the items to put */
  uint32_t puts, entered;       /* how many these are, how many of them went in */
  uint32_t items[SUBJECT_MANY];
  uint32_t taken; /* of these */
  answer answer;  /* once it has ended */
  bool stopped;
  schedule_step place; /* of the last stop */
} victim;

static victim victims[CASE_VICTIMS];
static uint32_t total; /* items there are */

const char *operation_name(operation o) {
  static const char *const names[] = {"push",
                                      "pop",
                                      "peek",
                                      "pop many",
                                      "push waiting",
                                      "pop waiting",
                                      "pop to a deadline",
                                      "push many waiting",
                                      "pop many waiting",
                                      "push polling",
                                      "pop polling",
                                      "close"};
  return names[o];
}

static const char *interference_name(interference i) {
  static const char *const names[] = {"nothing",  "a push", "a pop",  "filling",
                                      "draining", "a lap",  "3 laps", "closing"};
  return names[i];
}

void case_begin(unsigned others) {
  for (int i = 0; i < CASE_VICTIMS; i++) victims[i].thread = stopper_create();
  others_begin(others);
}

void case_end(void) {
  for (int i = 0; i < CASE_VICTIMS; i++) stopper_free(victims[i].thread);
  others_end();
}

void case_print(const case_plan *plan) {
  printf("  %s of capacity %u, %u positions used before, %u inside\n", plan->subject->name, plan->capacity,
         plan->laps_before, plan->inside);
  for (unsigned i = 0; i < plan->victims; i++) {
    const victim_plan *v = &plan->victim[i];
    const schedule_step *place = &victims[i].place;
    printf("  %s, stopped after %u steps, then %s and %u steps: %s at %s:%d%s\n",
           operation_name(v->operation), v->steps, interference_name(v->interference), v->further,
           schedule_kind_name(place->kind), place->file ? place->file : "?", place->line,
           victims[i].stopped ? "" : " (ended)");
  }
}

/* How many items it puts: no more at a time than there are places, so that it can end when all are free. */
static uint32_t items_to_put(operation o, uint32_t capacity) {
  if (o == OPERATION_PUT_MANY_WAITING) return capacity < SUBJECT_MANY ? capacity : SUBJECT_MANY;
  return o == OPERATION_PUT || o == OPERATION_PUT_WAITING || o == OPERATION_PUT_POLLING;
}

static bool is_there(const subject *s, operation o) {
  switch (o) {
  case OPERATION_PEEK:
    return s->peek;
  case OPERATION_TAKE_MANY:
  case OPERATION_TAKE_MANY_WAITING:
    return s->take_many;
  case OPERATION_PUT_MANY_WAITING:
    return s->put_many;
  case OPERATION_CLOSE:
    return s->close;
  case OPERATION_PUT_WAITING:
  case OPERATION_TAKE_WAITING:
  case OPERATION_TAKE_DEADLINE:
  case OPERATION_PUT_POLLING:
  case OPERATION_TAKE_POLLING:
    return s->effect_file || s->close; /* the control has no waiting */
  default:
    return true;
  }
}

static uint64_t deadline_of(operation o) {
  switch (o) {
  case OPERATION_PUT_WAITING:
  case OPERATION_TAKE_WAITING:
    return UINT64_MAX;
  case OPERATION_PUT_POLLING:
  case OPERATION_TAKE_POLLING:
    return SUBJECT_POLLING;
  default:
    return o == OPERATION_TAKE_DEADLINE;
  }
}

static void victim_job(void *context) {
  victim *v = context;
  const subject *s = v->subject;
  switch (v->operation) {
  case OPERATION_PUT:
  case OPERATION_PUT_WAITING:
  case OPERATION_PUT_POLLING:
    v->answer = s->put(v->given[0], deadline_of(v->operation));
    v->entered = v->answer == ANSWER_DONE;
    return;
  case OPERATION_PUT_MANY_WAITING:
    v->answer = s->put_many(v->given, v->puts, UINT64_MAX, &v->entered);
    return;
  case OPERATION_TAKE:
  case OPERATION_TAKE_WAITING:
  case OPERATION_TAKE_DEADLINE:
  case OPERATION_TAKE_POLLING:
    v->answer = s->take(v->items, deadline_of(v->operation));
    v->taken = v->answer == ANSWER_DONE;
    return;
  case OPERATION_TAKE_MANY:
  case OPERATION_TAKE_MANY_WAITING:
    s->take_many(v->items, SUBJECT_MANY, v->operation == OPERATION_TAKE_MANY ? 0 : UINT64_MAX, &v->taken);
    return;
  case OPERATION_PEEK:
    s->peek(v->items);
    return;
  default:
    s->close();
  }
}

static void interfere(const case_plan *plan, interference what) {
  const subject *s = plan->subject;
  uint32_t lap = plan->capacity + 1;
  switch (what) {
  case INTERFERE_PUT:
    bag_put(s, &others_bag);
    return;
  case INTERFERE_TAKE:
    bag_take(s, &others_bag);
    return;
  case INTERFERE_FILL:
    while (bag_put(s, &others_bag) == ANSWER_DONE) continue;
    return;
  case INTERFERE_DRAIN:
    while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
    return;
  case INTERFERE_LAP:
  case INTERFERE_LAPS:
    for (uint32_t i = 0; i < (what == INTERFERE_LAP ? lap : 3 * lap + 1); i++)
      bag_take(s, &others_bag), bag_put(s, &others_bag);
    return;
  case INTERFERE_CLOSE:
    if (s->close) s->close();
    return;
  default:
    return;
  }
}

static bool closes(const case_plan *plan) {
  if (!plan->subject->close) return false;
  for (unsigned i = 0; i < plan->victims; i++)
    if (plan->victim[i].operation == OPERATION_CLOSE || plan->victim[i].interference == INTERFERE_CLOSE)
      return true;
  return false;
}

/* Brings the container to where the victims start. */
static void prepare(const case_plan *plan) {
  const subject *s = plan->subject;
  s->create(plan->capacity);
  others_bag.count = 0;
  total = s->starts_full ? plan->capacity : 2 * plan->capacity + 8;
  if (s->starts_full) {
    while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
  } else {
    for (uint32_t i = 0; i < total; i++) others_bag.items[others_bag.count++] = i;
  }
  for (uint32_t i = 0; i < plan->laps_before; i++) {
    bag_put(s, &others_bag);
    bag_take(s, &others_bag);
  }
  for (uint32_t i = 0; i < plan->inside; i++) bag_put(s, &others_bag);
}

/* Starts a victim and brings it to its last stop. False: not enough items were left for it to put. */
static bool victim_start(const case_plan *plan, unsigned i) {
  const victim_plan *how = &plan->victim[i];
  victim *v = &victims[i];
  v->subject = plan->subject;
  v->operation = how->operation;
  v->taken = v->entered = 0;
  v->puts = items_to_put(v->operation, plan->capacity);
  if (others_bag.count < v->puts) return false;
  for (uint32_t j = 0; j < v->puts; j++) v->given[j] = others_bag.items[--others_bag.count];
  v->stopped = stopper_run(v->thread, victim_job, v, how->steps);
  if (how->interference != INTERFERE_NOT) {
    interfere(plan, how->interference);
    if (v->stopped) v->stopped = stopper_go_on(v->thread, how->further);
  }
  v->place = stopper_place(v->thread);
  return true;
}

/* Whether a stopped or ended victim holds an item of a pool. */
static bool victim_holds(const victim *v) {
  bool effect = stopper_swaps(v->thread, v->subject->effect_kind, v->subject->effect_file) > 0;
  return v->puts > 0 ? !effect : effect;
}

/* How many items must come out after everything has been put in that there is room for. */
static uint32_t expected_inside(const case_plan *plan) {
  if (plan->subject->bounded) return plan->capacity;
  uint32_t held = 0;
  for (unsigned i = 0; i < plan->victims; i++) held += victim_holds(&victims[i]);
  return total - held;
}

/* Fills the container, which must answer FULL if it has a capacity, and empties it again, which must
   give what was expected. Closed, it only gives what is inside. */
static const char *fill_and_drain(const case_plan *plan, bool closing) {
  const subject *s = plan->subject;
  uint32_t drained = 0;
  answer a = ANSWER_DONE;
  while (others_bag.count > 0 && a == ANSWER_DONE) a = bag_put(s, &others_bag);
  if (s->bounded && a != ANSWER_FULL && !(closing && a == ANSWER_CLOSED))
    return "filling did not end with FULL";
  while ((a = bag_take(s, &others_bag)) == ANSWER_DONE) drained++;
  if (a != ANSWER_EMPTY && !(closing && a == ANSWER_CLOSED)) return "draining did not end with EMPTY";
  bool exact = !closing && (s->bounded || s->starts_full);
  return exact && drained != expected_inside(plan) ? "the capacity was not exact" : NULL;
}

/* Does what the victim may be waiting for. Closing again wakes whom a closer that was stopped between
   closing and waking has left asleep. */
static void provide(const case_plan *plan, const victim *v, bool closing) {
  const subject *s = plan->subject;
  if (closing) s->close();
  if (v->operation == OPERATION_TAKE_WAITING || v->operation == OPERATION_TAKE_MANY_WAITING ||
      v->operation == OPERATION_TAKE_POLLING)
    bag_put(s, &others_bag);
  for (uint32_t i = 0; i < v->puts && v->operation != OPERATION_PUT; i++) bag_take(s, &others_bag);
  if (s->starts_full)
    while (bag_put(s, &others_bag) == ANSWER_DONE) continue;
}

static void victim_finish(const case_plan *plan, victim *v, bool closing) {
  if (v->stopped) {
    provide(plan, v, closing);
    stopper_go_on(v->thread, STOPPER_NEVER);
  }
  for (uint32_t i = v->entered; i < v->puts; i++) others_bag.items[others_bag.count++] = v->given[i];
  for (uint32_t i = 0; i < v->taken; i++) others_bag.items[others_bag.count++] = v->items[i];
  v->taken = 0;
  v->stopped = false;
}

/* Whether every item is in the bag exactly once and as it should be. */
static bool all_is_there(const subject *s) {
  bool seen[SUBJECT_ITEMS] = {false};
  if (others_bag.count != total) return false;
  for (uint32_t i = 0; i < total; i++) {
    uint32_t item = others_bag.items[i];
    if (item >= total || seen[item] || !s->item_is_sound(item)) return false;
    seen[item] = true;
  }
  return true;
}

/* Lets the victims end; then all items must come out, and once more exactly the capacity fit in. */
static const char *finish(const case_plan *plan, bool closing) {
  const subject *s = plan->subject;
  bool was_stopped[CASE_VICTIMS];
  for (unsigned i = 0; i < plan->victims; i++) was_stopped[i] = victims[i].stopped;
  for (unsigned i = 0; i < plan->victims; i++) victim_finish(plan, &victims[i], closing);
  while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
  for (unsigned i = 0; i < plan->victims; i++) victims[i].stopped = was_stopped[i]; /* for case_print */
  if (!all_is_there(s)) return "an item is lost or there twice";
  if (closing || !s->bounded) return NULL;
  uint32_t entered = 0;
  while (bag_put(s, &others_bag) == ANSWER_DONE) entered++;
  return entered == plan->capacity ? NULL : "the capacity was not exact at the end";
}

/* A queue would release what is inside, a pool misses what is outside. */
static void clean_up(const subject *s) {
  while ((s->starts_full ? bag_put : bag_take)(s, &others_bag) == ANSWER_DONE) continue;
  s->destroy();
}

/* What the others and the container must do while the victims stand. */
static const char *check_others(const case_plan *plan, bool closing) {
  const char *wrong = others_work(plan->subject, plan->operations, closing);
  return wrong ? wrong : fill_and_drain(plan, closing);
}

const char *case_run(const case_plan *plan, bool stops[CASE_VICTIMS]) {
  const char *wrong = NULL;
  bool closing = closes(plan);
  unsigned started = 0;
  memset(stops, 0, CASE_VICTIMS * sizeof *stops);
  for (unsigned i = 0; i < plan->victims; i++)
    if (!is_there(plan->subject, plan->victim[i].operation)) return NULL;
  prepare(plan);
  case_plan begun = *plan;
  while (started < plan->victims && victim_start(plan, started)) started++;
  begun.victims = started;
  for (unsigned i = 0; i < started; i++)
    stops[i] = victims[i].stopped && !stopper_is_asleep(victims[i].thread);
  wrong = check_others(&begun, closing);
  const char *at_the_end = finish(&begun, closing);
  clean_up(plan->subject);
  return wrong ? wrong : at_the_end;
}
