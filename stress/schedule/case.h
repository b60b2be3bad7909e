/* One case of proof_suspension: a container in some state, up to three operations stopped somewhere
   inside for ever, and what all other threads can still do.

   The others must complete so many operations; then the container must hold exactly what it should:
   a bounded queue takes items until it answers FULL and then hands out exactly `capacity`, wherever
   the stopped operations stand (one before its effect holds no place, one after it has given or taken
   an item like any other). A pool hands out all of its batches but those that stopped operations
   hold: an allocation after its effect, a release before it. A ring's invariants hold, and of its groups a stopped thread
   keeps a few: what it was about to push or to give back, or one chain. At last the stopped operations go on to
   their end, and every item must be somewhere exactly once. */
#ifndef HEADRACE_STRESS_CASE_H
#define HEADRACE_STRESS_CASE_H

#include "schedule/victim.h"

enum { CASE_VICTIMS = 3 };

/* What other threads do in full while a stopped operation stands: it goes on from there to its second stop. */
typedef enum interference {
  INTERFERE_NOT,
  INTERFERE_PUT,
  INTERFERE_TAKE,
  INTERFERE_FILL,
  INTERFERE_DRAIN,
  INTERFERE_LAP,
  INTERFERE_LAPS,
  INTERFERE_PUT_MANY,
  INTERFERE_TAKE_MANY,
  INTERFERE_CLOSE,
  INTERFERENCES
} interference;

typedef struct victim_plan {
  operation operation;
  uint32_t many;             /* 2 to SUBJECT_MANY, of those that put or take several */
  unsigned steps;            /* before it stops */
  interference interference; /* what happens then */
  unsigned further;          /* steps before it stops again */
} victim_plan;

typedef struct case_plan {
  const subject *subject;
  uint32_t capacity;
  uint32_t laps_before; /* positions used up and empty again, before the case begins */
  uint32_t inside;      /* items put in then; of a pool: left in */
  bool together;        /* in one step, of which the first has gone again; and others go round so */
  group_state groups;   /* what victims find when they want a group, or give one back */
  unsigned victims;
  victim_plan victim[CASE_VICTIMS]; /* started in this order, each stopped before the next */
  uint64_t operations;              /* for the others to complete together */
} case_plan;

/* Starts `others` threads (this one is one of them) and the threads to be stopped; stops them. */
void case_begin(unsigned others);
void case_end(void);

/* Runs it. stops[i]: whether victim i was stopped before it ended or slept, so that one more step would
   make another case. Returns NULL, or what was wrong. A case whose operation the subject lacks is not run and right. */
const char *case_run(const case_plan *plan, bool stops[CASE_VICTIMS]);

/* Prints a plan and where its victims stood. */
void case_print(const case_plan *plan);

#endif
