/* What the process has: looked at every second and at every rest, written as a line of CSV, and judged at the end.

   Flat is, of what is counted at rests (descriptors, threads, live batches): exactly what it was at the first rest. Of memory
   and mappings, at rests: the line of least squares through the second half rises over that half by no more than the allowance,
   and the most of the last quarter is above the most of the second quarter by no more than it. The allowance is a share of the
   mean, and an amount, below: what noise
   cannot reach and a leak does. (glibc keeps the stacks of some threads that have ended, and 2 KiB of malloc's for each.) */
#ifndef HEADRACE_STRESS_SOAK_ACCOUNT_H
#define HEADRACE_STRESS_SOAK_ACCOUNT_H

#include <stdbool.h>
#include <stdio.h>

/* path: of the CSV; NULL: none. */
void account_begin(const char *path);

/* Takes a sample; at a rest nothing else runs. */
void account_sample(bool at_rest);

/* After the last sample. */
void account_end(void);

typedef enum account_answer { ACCOUNT_FLAT, ACCOUNT_NOT_FLAT, ACCOUNT_NOT_JUDGED } account_answer;

/* Prints the verdict, figure by figure. Of few rests only what is counted is judged, and is then at best not judged. */
account_answer account_verdict(FILE *to);

#endif
