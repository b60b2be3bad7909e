#include "schedule/case.h"

#include <stdio.h>
#include <string.h>

#include "schedule/others.h"

static victim victims[CASE_VICTIMS];
static uint32_t total;  /* items there are */
static bool miscounted; /* a push of several has put in more or fewer than others had of it */

static const char *interference_name(interference i) {
  static const char *const names[] = {"nothing", "a push", "a pop",          "filling",       "draining",
                                      "a lap",   "3 laps", "a push of many", "a pop of many", "closing"};
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
  printf("  %s of capacity %u, %u positions used before, %u inside%s, groups %d\n", plan->subject->name,
         plan->capacity, plan->laps_before, plan->inside, plan->together ? " together" : "",
         (int)plan->groups);
  for (unsigned i = 0; i < plan->victims; i++) {
    const victim_plan *v = &plan->victim[i];
    const schedule_step *place = &victims[i].place;
    printf("  %s (%u), stopped after %u steps, then %s and %u steps: %s at %s:%d%s\n",
           operation_name(v->operation), v->many, v->steps, interference_name(v->interference), v->further,
           schedule_kind_name(place->kind), place->file ? place->file : "?", place->line,
           victims[i].stopped ? "" : " (ended)");
  }
}

/* Takes and puts as many as there are places and more, one by one or together. */
static void go_round(const case_plan *plan, uint32_t positions) {
  const subject *s = plan->subject;
  for (uint32_t i = 0; i < positions; i += plan->together ? SUBJECT_MANY - 1 : 1) {
    if (plan->together)
      bag_take_many(s, &others_bag, SUBJECT_MANY - 1), bag_put_many(s, &others_bag, SUBJECT_MANY - 1);
    else
      bag_take(s, &others_bag), bag_put(s, &others_bag);
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
  case INTERFERE_FILL: /* not with all there are, where that has no end */
    while ((s->bounded || s->starts_full || others_bag.count > total / 2) &&
           bag_put(s, &others_bag) == ANSWER_DONE)
      continue;
    return;
  case INTERFERE_DRAIN:
    while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
    return;
  case INTERFERE_LAP:
  case INTERFERE_LAPS:
    go_round(plan, what == INTERFERE_LAP ? lap : 3 * lap + 1);
    return;
  case INTERFERE_PUT_MANY:
    bag_put_many(s, &others_bag, SUBJECT_MANY - 1);
    return;
  case INTERFERE_TAKE_MANY:
    bag_take_many(s, &others_bag, SUBJECT_MANY - 1);
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

/* Puts in what is to be inside, in one step or several as far as it goes, and lets the first of them go round once: a
   part of the entry at head has gone then. */
static void put_together(const case_plan *plan) {
  const subject *s = plan->subject;
  for (uint32_t before = others_bag.count; before - others_bag.count < plan->inside;)
    bag_put_many(s, &others_bag,
                 plan->inside - (before - others_bag.count) < SUBJECT_MANY
                     ? plan->inside - (before - others_bag.count)
                     : SUBJECT_MANY);
  if (plan->inside > 0 && bag_take(s, &others_bag) == ANSWER_DONE) bag_put(s, &others_bag);
}

/* Brings the container to where the victims start. */
static void prepare(const case_plan *plan) {
  const subject *s = plan->subject;
  s->create(plan->capacity);
  others_bag.count = 0;
  if (s->arrange_groups) s->arrange_groups(plan->groups);
  /* Enough to fill it while victims hold what they are to put, or all that they can take. */
  total = s->starts_full ? plan->capacity : (1 + CASE_VICTIMS) * (plan->capacity + SUBJECT_MANY);
  if (s->starts_full) {
    while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
  } else {
    for (uint32_t i = 0; i < total; i++) others_bag.items[others_bag.count++] = i;
  }
  for (uint32_t i = 0; i < plan->laps_before; i++) {
    bag_put(s, &others_bag);
    bag_take(s, &others_bag);
  }
  if (plan->together)
    put_together(plan);
  else
    for (uint32_t i = 0; i < plan->inside; i++) bag_put(s, &others_bag);
}

/* Starts a victim and brings it to its last stop. False: not enough items were left for it to put. */
static bool victim_start(const case_plan *plan, unsigned i) {
  const victim_plan *how = &plan->victim[i];
  victim *v = &victims[i];
  v->subject = plan->subject;
  v->operation = how->operation;
  v->many = how->many;
  v->taken = v->entered = v->seen = 0;
  v->puts = operation_puts(v->operation, v->many, plan->capacity);
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

static bool is_in_bag(uint32_t item) {
  for (uint32_t i = 0; i < others_bag.count; i++)
    if (others_bag.items[i] == item) return true;
  return false;
}

/* Of a push of several that does not wait and stands: it has had its effect, so that others have what is in, the first so
   many, or it has not, and they have nothing. */
static const char *check_effect(victim *v) {
  const subject *s = v->subject;
  if (v->operation != OPERATION_PUT_MANY || !v->stopped) return NULL;
  while (v->seen < v->puts && is_in_bag(v->given[v->seen])) v->seen++;
  for (uint32_t i = v->seen; i < v->puts; i++)
    if (is_in_bag(v->given[i])) return "a stopped push of several has put in some, and not the first ones";
  bool effect = s->effect_file && stopper_swaps(v->thread, s->effect_kind, s->effect_file) > 0;
  if (s->effect_file && effect != (v->seen > 0)) return "a stopped push of several is half done";
  return NULL;
}

/* How many groups a stopped thread may keep: those that a pop was about to give back, or a chain to which they came. */
static uint32_t groups_kept(const case_plan *plan) {
  uint32_t hauled = plan->capacity / 2 + 1;
  return plan->victims * (GROUP_CHAIN - 1 + hauled);
}

static const char *check_inside(const case_plan *plan, uint32_t kept) {
  return plan->subject->fault_inside ? plan->subject->fault_inside(kept) : NULL;
}

/* Does what the victim may be waiting for. Closing again wakes whom a closer that was stopped between
   closing and waking has left asleep. */
static void provide(const case_plan *plan, const victim *v, bool closing) {
  const subject *s = plan->subject;
  if (closing) s->close();
  if (v->operation == OPERATION_TAKE_WAITING || v->operation == OPERATION_TAKE_MANY_WAITING ||
      v->operation == OPERATION_TAKE_POLLING)
    bag_put(s, &others_bag);
  for (uint32_t i = 0; i < v->puts && operation_waits(v->operation); i++) bag_take(s, &others_bag);
  if (s->starts_full)
    while (bag_put(s, &others_bag) == ANSWER_DONE) continue;
}

static void victim_finish(const case_plan *plan, victim *v, bool closing) {
  if (v->stopped) {
    provide(plan, v, closing);
    stopper_go_on(v->thread, STOPPER_NEVER);
  }
  if (v->seen > 0 && v->seen != v->entered) miscounted = true;
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

/* Has what was released in the container. */
static void recover(const subject *s) {
  uint32_t count;
  if (!s->recover) return;
  s->recover(others_bag.items + others_bag.count, &count);
  others_bag.count += count;
}

/* Lets the victims end; then all items must come out, and once more exactly the capacity fit in. */
static const char *finish(const case_plan *plan, bool closing) {
  const subject *s = plan->subject;
  bool was_stopped[CASE_VICTIMS];
  for (unsigned i = 0; i < plan->victims; i++) was_stopped[i] = victims[i].stopped;
  for (unsigned i = 0; i < plan->victims; i++) victim_finish(plan, &victims[i], closing);
  while (bag_take(s, &others_bag) == ANSWER_DONE) continue;
  recover(s);
  for (unsigned i = 0; i < plan->victims; i++) victims[i].stopped = was_stopped[i]; /* for case_print */
  if (miscounted) return "a push of several says another number than others had of it";
  if (!all_is_there(s)) return "an item is lost or there twice";
  const char *fault = check_inside(plan, 0);
  if (fault) return fault;
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
  if (!wrong) wrong = fill_and_drain(plan, closing);
  if (!wrong && plan->victims == 1)
    wrong = check_effect(&victims[0]); /* another one may have taken some of it */
  return wrong ? wrong : check_inside(plan, groups_kept(plan));
}

const char *case_run(const case_plan *plan, bool stops[CASE_VICTIMS]) {
  const char *wrong = NULL;
  bool closing = closes(plan);
  unsigned started = 0;
  memset(stops, 0, CASE_VICTIMS * sizeof *stops);
  for (unsigned i = 0; i < plan->victims; i++)
    if (!operation_is_there(plan->subject, plan->victim[i].operation)) return NULL;
  miscounted = false;
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
