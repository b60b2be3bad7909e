/* Random histories for the checkers' own tests: right ones, made by running the sequential queue, and
   spoilt ones. */
#ifndef HEADRACE_STRESS_RANDOM_HISTORY_H
#define HEADRACE_STRESS_RANDOM_HISTORY_H

#include "check/history.h"

typedef struct random_history {
  history_model model;
  unsigned n;
  history_operation operations[HISTORY_SEARCH_MAX];
} random_history;

/* What may occur in it beside PUSH and POP. */
typedef struct random_mix {
  uint32_t capacity; /* 0: unlimited */
  bool last_in_first;
  bool peek, many, push_many, close;
  unsigned threads, calls; /* calls a thread; threads * calls <= HISTORY_SEARCH_MAX */
  uint32_t spread;         /* how far a call reaches around the instant at which it takes effect */
} random_mix;

/* Makes a linearizable history of values that are pushed once each. */
void random_history_make(random_history *h, const random_mix *mix, uint64_t *random);

/* Changes one thing: an answer, a value, a time, a call. What comes out may be linearizable still. */
void random_history_spoil(random_history *h, uint64_t *random);

#endif
