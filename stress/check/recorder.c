#include "check/recorder.h"

#include "check/stamp.h"

enum { LONGEST_WAIT = 20000 }; /* nanoseconds, of a call with a deadline */

static history_operation *next_call(recorder *r, history_kind kind, history_mode mode) {
  history_operation *o = &r->log[r->n++];
  *o = (history_operation){.kind = (uint8_t)kind, .mode = (uint8_t)mode, .thread = r->thread};
  return o;
}

static uint64_t deadline_of(recorder *r, history_mode mode) {
  if (mode == HISTORY_TRY) return SUBJECT_NO_WAIT;
  if (mode == HISTORY_BLOCKING) return SUBJECT_FOREVER;
  return stress_clock() + stress_random_below(r->random, LONGEST_WAIT);
}

/* Reads what the call gave, and drops it. */
static void note_values(recorder *r, history_operation *o, const subject_element *elements, uint32_t count) {
  if (o->result != HISTORY_OK) return;
  o->count = count;
  for (uint32_t i = 0; i < count; i++) {
    o->value[i] = r->subject->value_of(elements[i]);
    r->subject->drop(elements[i]);
  }
}

/* Makes the elements that are to go in next. */
static void make_elements(recorder *r, uint32_t k) {
  for (uint32_t i = 0; i < k; i++)
    if (!r->spare[i]) r->spare[i] = r->subject->make(r->next_value + i);
}

/* The first so many are in. */
static void elements_gone(recorder *r, uint32_t count) {
  for (uint32_t i = 0; i < HISTORY_MANY; i++)
    r->spare[i] = i + count < HISTORY_MANY ? r->spare[i + count] : 0;
  r->next_value += count;
}

void recorder_push(recorder *r, history_mode mode) {
  make_elements(r, 1);
  history_operation *o = next_call(r, HISTORY_PUSH, mode);
  uint64_t deadline = deadline_of(r, mode);
  o->count = 1;
  o->value[0] = r->next_value;
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->push(r->queue, r->spare[0], deadline);
  o->responded = stamp_after();
  if (o->result == HISTORY_OK) elements_gone(r, 1);
}

/* The parts of a push of several that may wait: those that went in, and the first that did not. */
static void note_parts(recorder *r, history_operation whole, uint32_t k, uint32_t pushed) {
  history_operation *part = &r->log[r->n - 1];
  uint32_t parts = pushed < k && whole.result != HISTORY_OK ? pushed + 1 : pushed;
  for (uint32_t i = 0; i < parts; i++) {
    part[i] = whole;
    part[i].kind = HISTORY_PUSH;
    part[i].result = (uint8_t)(i < pushed ? HISTORY_OK : whole.result);
    part[i].in_turn = i > 0;
    part[i].count = 1;
    part[i].value[0] = r->next_value + i;
  }
  r->n += parts - 1;
}

void recorder_push_many(recorder *r, history_mode mode) {
  uint32_t k = 1 + stress_random_below(r->random, HISTORY_MANY), pushed = 0;
  make_elements(r, k);
  history_operation *o = next_call(r, HISTORY_PUSH_MANY, mode);
  uint64_t deadline = deadline_of(r, mode);
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->push_many(r->queue, r->spare, k, deadline, &pushed);
  o->responded = stamp_after();
  stress_check(pushed <= k && (pushed == k || mode == HISTORY_TRY || o->result != HISTORY_OK),
               "push_many answers %d, put in %u of %u", o->result, pushed, k);
  if (mode == HISTORY_TRY) {
    o->count = pushed;
    for (uint32_t i = 0; i < pushed; i++) o->value[i] = r->next_value + i;
  } else {
    note_parts(r, *o, k, pushed);
  }
  elements_gone(r, pushed);
}

void recorder_pop(recorder *r, history_mode mode) {
  history_operation *o = next_call(r, HISTORY_POP, mode);
  uint64_t deadline = deadline_of(r, mode);
  subject_element element = 0;
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->pop(r->queue, &element, deadline);
  o->responded = stamp_after();
  note_values(r, o, &element, 1);
}

void recorder_pop_many(recorder *r) {
  history_operation *o = next_call(r, HISTORY_POP_MANY, HISTORY_TRY);
  subject_element elements[HISTORY_MANY];
  uint32_t k = 1 + stress_random_below(r->random, HISTORY_MANY), taken = 0;
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->pop_many(r->queue, elements, k, &taken);
  o->responded = stamp_after();
  stress_check(taken <= k, "pop_many took %u, asked for %u", taken, k);
  note_values(r, o, elements, taken);
}

void recorder_peek(recorder *r) {
  history_operation *o = next_call(r, HISTORY_PEEK, HISTORY_TRY);
  subject_element element = 0;
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->peek(r->queue, &element);
  o->responded = stamp_after();
  note_values(r, o, &element, 1);
}

void recorder_close(recorder *r) {
  history_operation *o = next_call(r, HISTORY_CLOSE, HISTORY_TRY);
  o->invoked = stamp_before();
  o->result = (uint8_t)r->subject->close(r->queue);
  o->responded = stamp_after();
}

history_result recorder_result(const recorder *r) {
  return r->log[r->n - 1].result;
}

void recorder_finish(recorder *r) {
  for (uint32_t i = 0; i < HISTORY_MANY; i++) {
    if (r->spare[i]) r->subject->drop(r->spare[i]);
    r->spare[i] = 0;
  }
}
