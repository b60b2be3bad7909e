#include "check/random_history.h"

#include <string.h>

#include "support/stress.h"

/* The sequential queue, written down once more, simply. */
typedef struct queue {
  history_model model;
  uint32_t inside[HISTORY_VALUES_MAX];
  unsigned size;
  bool closed;
  uint32_t last_value;
} queue;

static void answer_push(queue *q, history_operation *o) {
  o->count = 1;
  o->value[0] = ++q->last_value;
  o->result = q->closed                                           ? HISTORY_CLOSED
              : q->model.capacity && q->size >= q->model.capacity ? HISTORY_FULL
                                                                  : HISTORY_OK;
  if (o->result == HISTORY_OK) q->inside[q->size++] = o->value[0];
}

/* As many as are wanted, or there is room for. */
static void answer_push_many(queue *q, history_operation *o, uint64_t *random) {
  uint32_t wanted = 1 + stress_random_below(random, HISTORY_MANY), room = HISTORY_MANY;
  if (q->model.capacity) room = q->model.capacity - q->size;
  o->result = q->closed ? HISTORY_CLOSED : room == 0 ? HISTORY_FULL : HISTORY_OK;
  o->value[0] = q->last_value + 1; /* for one that is spoilt into OK */
  if (o->result != HISTORY_OK) q->last_value++;
  if (o->result != HISTORY_OK) return;
  o->count = wanted < room ? wanted : room;
  for (uint32_t i = 0; i < o->count; i++) q->inside[q->size++] = o->value[i] = ++q->last_value;
}

static void answer_take(queue *q, history_operation *o, uint64_t *random) {
  o->result = q->size > 0 ? HISTORY_OK : q->closed ? HISTORY_CLOSED : HISTORY_EMPTY;
  if (q->size == 0) return;
  unsigned most = q->size < HISTORY_MANY ? q->size : HISTORY_MANY;
  o->count = o->kind == HISTORY_POP_MANY ? 1 + stress_random_below(random, most) : 1;
  unsigned from = q->model.last_in_first ? q->size - 1 : 0;
  memcpy(o->value, q->inside + from, o->count * sizeof *o->value);
  if (o->kind == HISTORY_PEEK) return;
  q->size -= o->count;
  memmove(q->inside + from, q->inside + from + o->count, (q->size - from) * sizeof *q->inside);
}

static void answer(queue *q, history_operation *o, uint64_t *random) {
  if (o->kind == HISTORY_PUSH) {
    answer_push(q, o);
  } else if (o->kind == HISTORY_PUSH_MANY) {
    answer_push_many(q, o, random);
    return; /* it never waits */
  } else if (o->kind == HISTORY_CLOSE) {
    o->result = q->closed ? HISTORY_CLOSED : HISTORY_OK;
    if (stress_random_below(random, 2)) o->result = HISTORY_ANY;
    q->closed = true;
  } else {
    answer_take(q, o, random);
  }
  bool no_answer = o->result == HISTORY_FULL || o->result == HISTORY_EMPTY;
  if (!no_answer && o->kind != HISTORY_CLOSE) o->mode = (uint8_t)stress_random_below(random, 3);
  if (no_answer && stress_random_below(random, 2)) o->mode = HISTORY_TIMED, o->result = HISTORY_TIMEDOUT;
}

static uint8_t random_kind(const random_mix *mix, uint64_t *random) {
  uint32_t die = stress_random_below(random, 20);
  if (die < 3 && mix->peek) return HISTORY_PEEK;
  if (die < 7 && mix->many) return HISTORY_POP_MANY;
  if (die < 13 && mix->push_many) return HISTORY_PUSH_MANY;
  if (die == 13 && mix->close) return HISTORY_CLOSE;
  return die % 2 ? HISTORY_PUSH : HISTORY_POP;
}

void random_history_make(random_history *h, const random_mix *mix, uint64_t *random) {
  queue q = {.model = {mix->capacity, mix->last_in_first}};
  uint64_t at[HISTORY_SEARCH_MAX], last[HISTORY_SEARCH_MAX] = {0};
  unsigned left[HISTORY_SEARCH_MAX];
  for (unsigned t = 0; t < mix->threads; t++) left[t] = mix->calls;
  h->model = q.model;
  h->n = mix->threads * mix->calls;
  for (unsigned i = 0; i < h->n; i++) { /* in the order in which they take effect */
    unsigned t = stress_random_below(random, mix->threads);
    while (left[t] == 0) t = (t + 1) % mix->threads;
    left[t]--;
    history_operation *o = &h->operations[i];
    *o = (history_operation){.kind = random_kind(mix, random), .thread = (uint8_t)t};
    answer(&q, o, random);
    at[i] = 10 * (i + 1);
    uint64_t back = stress_random_below(random, mix->spread);
    o->invoked = at[i] > last[t] + back ? at[i] - back : last[t] + 1 < at[i] ? last[t] + 1 : at[i];
    o->responded = at[i] + stress_random_below(random, mix->spread);
    last[t] = at[i];
  }
  for (unsigned i = 0; i < h->n; i++) /* a thread's calls one after the other */
    for (unsigned j = i + 1; j < h->n; j++)
      if (h->operations[j].thread == h->operations[i].thread) {
        if (h->operations[i].responded >= h->operations[j].invoked) {
          h->operations[i].responded = at[i] + (at[j] - at[i]) / 2 - 1;
          if (h->operations[j].invoked <= h->operations[i].responded)
            h->operations[j].invoked = h->operations[i].responded + 1;
        }
        break;
      }
}

static history_operation *some(random_history *h, uint64_t *random) {
  return &h->operations[stress_random_below(random, h->n)];
}

static void spoil_answer(history_operation *o, uint64_t *random) {
  if (o->kind == HISTORY_CLOSE) return;
  static const uint8_t answers[] = {HISTORY_FULL, HISTORY_EMPTY, HISTORY_CLOSED, HISTORY_TIMEDOUT};
  bool waits = o->kind != HISTORY_PUSH_MANY;
  do o->result = answers[stress_random_below(random, waits ? 4 : 3)];
  while (o->result == (history_pushes(o) ? HISTORY_EMPTY : HISTORY_FULL));
  o->mode = o->result == HISTORY_TIMEDOUT ? HISTORY_TIMED : HISTORY_TRY;
  o->count = o->kind == HISTORY_PUSH;
}

/* Lets a refused push succeed, or a refused pop take the value of another call. */
static void spoil_refusal(history_operation *o, const history_operation *other, uint64_t *random) {
  if (o->result == HISTORY_OK || o->kind == HISTORY_CLOSE) return;
  o->result = HISTORY_OK;
  o->mode = HISTORY_TRY;
  o->count = 1;
  if (history_pushes(o)) return;
  o->value[0] = other->count > 0 ? other->value[0] : 1 + stress_random_below(random, 9);
}

static void spoil_time(history_operation *o, uint64_t *random) {
  int64_t by = (int64_t)stress_random_below(random, 60) - 30;
  if ((int64_t)o->invoked + by < 1) return;
  o->invoked = (uint64_t)((int64_t)o->invoked + by);
  o->responded = (uint64_t)((int64_t)o->responded + by);
}

/* Gives b's value to a, and a's to b unless b alone pushed it: no value is pushed twice. */
static void swap_values(history_operation *a, history_operation *b, uint64_t *random) {
  if (a->count == 0 || b->count == 0) return;
  uint32_t i = stress_random_below(random, a->count), j = stress_random_below(random, b->count);
  uint32_t kept = a->value[i];
  a->value[i] = b->value[j];
  if (history_pushes(a) || !history_pushes(b)) b->value[j] = kept;
}

void random_history_spoil(random_history *h, uint64_t *random) {
  history_operation *o = some(h, random), *other = some(h, random);
  switch (stress_random_below(random, 6)) {
  case 0:
    spoil_answer(o, random);
    return;
  case 1:
    spoil_refusal(o, other, random);
    return;
  case 2:
    *o = h->operations[--h->n];
    if (h->n == 0) h->n = 1;
    return;
  case 3:
    spoil_time(o, random);
    return;
  default:
    if (history_pushes(o) && !history_pushes(other))
      swap_values(other, o, random);
    else
      swap_values(o, other, random);
  }
}
