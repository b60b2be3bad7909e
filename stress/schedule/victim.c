#include "schedule/victim.h"

const char *operation_name(operation o) {
  static const char *const names[] = {"push",
                                      "pop",
                                      "peek",
                                      "push many",
                                      "pop many",
                                      "questions",
                                      "clear",
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

uint32_t operation_puts(operation o, uint32_t many, uint32_t capacity) {
  if (o == OPERATION_PUT_MANY) return many;
  if (o == OPERATION_PUT_MANY_WAITING) return capacity < many ? capacity : many;
  return o == OPERATION_PUT || o == OPERATION_PUT_WAITING || o == OPERATION_PUT_POLLING;
}

bool operation_is_there(const subject *s, operation o) {
  switch (o) {
  case OPERATION_PEEK:
    return s->peek;
  case OPERATION_TAKE_MANY:
  case OPERATION_TAKE_MANY_WAITING:
    return s->take_many;
  case OPERATION_PUT_MANY:
  case OPERATION_PUT_MANY_WAITING:
    return s->put_many;
  case OPERATION_ASK:
    return s->is_empty;
  case OPERATION_CLEAR:
    return s->clear;
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

bool operation_waits(operation o) {
  return o >= OPERATION_PUT_WAITING && o != OPERATION_CLOSE;
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

void victim_job(void *context) {
  victim *v = context;
  const subject *s = v->subject;
  switch (v->operation) {
  case OPERATION_PUT:
  case OPERATION_PUT_WAITING:
  case OPERATION_PUT_POLLING:
    v->answer = s->put(v->given[0], deadline_of(v->operation));
    v->entered = v->answer == ANSWER_DONE;
    return;
  case OPERATION_PUT_MANY:
  case OPERATION_PUT_MANY_WAITING:
    v->answer =
        s->put_many(v->given, v->puts, v->operation == OPERATION_PUT_MANY ? 0 : UINT64_MAX, &v->entered);
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
    s->take_many(v->items, v->many, v->operation == OPERATION_TAKE_MANY ? 0 : UINT64_MAX, &v->taken);
    return;
  case OPERATION_PEEK:
    s->peek(v->items);
    return;
  case OPERATION_ASK:
    s->size();
    s->is_empty();
    s->is_full();
    return;
  case OPERATION_CLEAR:
    s->clear();
    return;
  default:
    s->close();
  }
}
