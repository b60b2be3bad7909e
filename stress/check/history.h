/* Histories of operations on a queue (or a stack), and the question whether one is linearizable:
   whether the operations, each put at one instant between its invocation and its response, make a
   run of a sequential queue that gives the very same answers.

   Usage:
       history_operation operations[] = {
           {.kind = HISTORY_PUSH, .result = HISTORY_OK, .count = 1, .value = {7}, .invoked = 1, .responded = 4},
           {.kind = HISTORY_POP, .result = HISTORY_EMPTY, .invoked = 2, .responded = 3}};
       history_search *search = history_search_create();        once a thread
       if (!history_is_linearizable(search, (history_model){.capacity = 2}, operations, 2))
           history_print(stderr, operations, 2);

   The sequential queue: first in, first out, `capacity` elements at most, closed by CLOSE.
       PUSH      OK unless closed or full; FULL: full and not closed; CLOSED: closed
       PUSH_MANY OK puts in the 1 to HISTORY_MANY values, in order, in one step; FULL and CLOSED as PUSH
       POP       OK takes the oldest; EMPTY: none inside and not closed; CLOSED: none inside and closed
       POP_MANY  OK takes the 1 to HISTORY_MANY oldest in one step; EMPTY and CLOSED as POP
       PEEK      OK tells the oldest and leaves it; EMPTY and CLOSED as POP
       CLOSE     OK closes; CLOSED: was closed already; ANY: either (a close that answers nothing)
       IS_EMPTY  EMPTY: none inside; OK: some
       IS_FULL   FULL: capacity inside; OK: fewer
   A push of several that waits goes in in as many steps as it takes: in a history it is a PUSH for each value, in turn.
   TIMEDOUT is FULL or EMPTY of a call that had a deadline. A call that waits without a deadline
   answers OK or CLOSED only, one that does not wait never answers TIMEDOUT. */
#ifndef HEADRACE_STRESS_HISTORY_H
#define HEADRACE_STRESS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTORY_MANY = 4, HISTORY_SEARCH_MAX = 64, HISTORY_VALUES_MAX = 160 };

/* As a response: the call has not come back; its result is HISTORY_ANY. It took effect or not. A
   pending POP_MANY says in count how many it may take, a pending PUSH_MANY how many it may put in. */
#define HISTORY_NEVER UINT64_MAX

typedef enum history_kind {
  HISTORY_PUSH,
  HISTORY_PUSH_MANY,
  HISTORY_POP,
  HISTORY_POP_MANY,
  HISTORY_PEEK,
  HISTORY_CLOSE,
  HISTORY_IS_EMPTY,
  HISTORY_IS_FULL,
  HISTORY_KINDS
} history_kind;

typedef enum history_mode { HISTORY_TRY, HISTORY_BLOCKING, HISTORY_TIMED } history_mode;

typedef enum history_result {
  HISTORY_OK,
  HISTORY_FULL,
  HISTORY_EMPTY,
  HISTORY_CLOSED,
  HISTORY_TIMEDOUT,
  HISTORY_ANY
} history_result;

/* One call. A call precedes another one if it responded before the other was invoked, by integers
   that never run backwards; equal ones do not order calls. */
typedef struct history_operation {
  uint64_t invoked, responded;
  uint8_t kind, mode, result; /* history_kind, history_mode, history_result */
  uint8_t thread;             /* for history_print only */
  /* It is a part of the same call as the operation before it in the array, with the same two integers, and took
     effect after that. The long checker does not look at it. */
  bool in_turn;
  uint32_t count; /* values pushed, taken or told: 0 unless OK, but 1 in every PUSH */
  uint32_t value[HISTORY_MANY];
} history_operation;

typedef struct history_model {
  uint32_t capacity;  /* 0: unlimited */
  bool last_in_first; /* a stack: POP and PEEK are about the newest element */
} history_model;

/* The memory of a search, to be used again and again by one thread at a time. NULL: no memory. */
typedef struct history_search history_search;
history_search *history_search_create(void);
void history_search_free(history_search *search);

static inline bool history_pushes(const history_operation *o) {
  return o->kind == HISTORY_PUSH || o->kind == HISTORY_PUSH_MANY;
}

/* Decides the question by complete search (Wing and Gong 1993, "Testing and verifying concurrent
   objects", with the memory of visited configurations of Lowe 2017, "Testing for linearizability"):
   true if and only if the history is linearizable. n <= HISTORY_SEARCH_MAX, with at most HISTORY_VALUES_MAX
   values pushed; values may repeat.
   Allocates nothing. Takes time exponential in the number of calls that overlap at worst, and
   microseconds for four threads with four calls each. */
bool history_is_linearizable(history_search *search, history_model model, const history_operation *operations,
                             unsigned n);

/* Whether the call may answer so at all: its count, and its result in its mode. */
bool history_is_well_formed(const history_operation *operation);

/* Prints one line a call, in the order given. */
void history_print(FILE *file, const history_operation *operations, unsigned n);

#endif
