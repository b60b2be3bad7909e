/* Real threads that can be stopped before any one of their atomic operations, for as long as the
   test likes.

   Usage:
       stopper *s = stopper_create();
       bool stopped = stopper_run(s, job, context, 5);     before its operation number 5; UINT_MAX: never
       ... what the others can do now ...
       stopped = stopper_go_on(s, UINT_MAX);               to the end
       stopper_free(s); */
#ifndef HEADRACE_STRESS_STOPPING_H
#define HEADRACE_STRESS_STOPPING_H

#include <limits.h>
#include <stdbool.h>

#include "schedule/schedule.h"

#define STOPPER_NEVER UINT_MAX

typedef struct stopper stopper;

stopper *stopper_create(void);
void stopper_free(stopper *s); /* its job must have ended */

/* Runs job(context) in the thread until it is about to do its operation number `steps` (true), or has
   ended (false). One that runs longer than any job should ends the program with a message. */
bool stopper_run(stopper *s, void (*job)(void *context), void *context, unsigned steps);

/* Lets a stopped job go on for `steps` more operations; returns as stopper_run. Where it would sleep
   without a deadline it stops, steps left or not, and is woken by the next call; with STOPPER_NEVER it
   is woken at once. Where it would sleep to a deadline the deadline has passed. */
bool stopper_go_on(stopper *s, unsigned steps);

/* Whether it has stopped because it sleeps. */
bool stopper_is_asleep(const stopper *s);

/* Where it stands; of a job that has ended the last step. */
schedule_step stopper_place(const stopper *s);

/* How many compare-and-exchanges of this kind have succeeded so far in a file whose name ends so. */
unsigned stopper_swaps(const stopper *s, schedule_kind kind, const char *file);

#endif
