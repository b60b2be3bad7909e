/* Tells a hand that is stuck from a slow machine, and makes all hands rest.

   A hand is stuck when it has made no step in `patience` looks, a second apart, at which either it could have gone on (this
   process was given processor time, and the hand slept) or nobody could (no thread of the process was running, waiting
   for a processor or for a disk); or when it has used so many seconds of processor time without a step. While others have the
   processors, or the hand rests, nothing of this counts. */
#ifndef HEADRACE_STRESS_WATCH_H
#define HEADRACE_STRESS_WATCH_H

#include <stdbool.h>

enum { WATCH_HANDS = 64 };

/* In the hand's own thread, before its first step. */
void watch_hand(unsigned number);
void watch_step(unsigned number, const char *step);

/* About once a second, in one thread; fails the soak where a hand is stuck. */
void watch_look(unsigned hands, unsigned patience);

/* Waits until all hands but the caller rest, looking after them every second; then lets them go on. */
void watch_rest_begin(unsigned hands, unsigned patience);
void watch_rest_end(void);
void watch_over(void);

/* In a hand, between two scenes: rests as long as it should; answers whether it should. */
bool watch_rest_here(unsigned number);

#endif
