/* One case of proof_window_suspension: a window, up to three calls stopped somewhere inside for ever, and what all
   other threads can still do (the program says what that is). */
#ifndef HEADRACE_STRESS_WINDOW_CASE_H
#define HEADRACE_STRESS_WINDOW_CASE_H

#include "schedule/small_window.h"

enum { WINDOW_CASE_SIZE = SMALL_WINDOW_MOST, WINDOW_CASE_VICTIMS = 3 };

typedef enum operation { PUBLISH, TAKE, TAKE_WAITING, TAKE_DEADLINE, CLOSE, OPERATIONS } operation;

typedef struct victim_plan {
  operation operation;
  unsigned steps;   /* before it stops */
  uint64_t others;  /* operations that others complete then, if they can, before it goes on */
  unsigned further; /* steps before it stops again; UINT_MAX: it does not go on */
} victim_plan;

typedef struct case_plan {
  uint32_t inside; /* positions published before the victims start */
  unsigned victims;
  victim_plan victim[WINDOW_CASE_VICTIMS];
  uint64_t operations; /* for the others to complete */
  bool closing;        /* the window is closed while the victims stand */
} case_plan;

/* What the window is made from: as shipped, or a control. */
extern small_window_parts window_case_parts;

/* Starts `others` threads, the caller among them, and those to be stopped; ends them. */
void window_case_begin(unsigned others);
void window_case_end(void);

/* Runs it. *more: whether its last victim was stopped before it ended, and not because it sleeps, so that one more
   step would make another case. Returns NULL, or what was wrong. */
const char *window_case_run(const case_plan *plan, bool *more);

/* Prints a plan and where its victims stood. */
void window_case_print(const case_plan *plan, const char *why);

/* In how many checks so far the others took all before a missing position. */
uint64_t window_case_held_up(void);

#endif
