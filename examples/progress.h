/* What a training run shows: a line now and then. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdint.h>

#include <headrace/loader.h>

typedef struct progress {
  uint64_t steps;        /* of the whole run */
  double started, shown; /* seconds */
} progress;

/* Seconds of a steady clock. */
double progress_clock(void);

progress progress_start(uint64_t steps);

/* Prints a line when it is time: for the first step, the last one, and every two seconds. */
void progress_step(progress *p, uint64_t step, double loss, uint64_t tokens, const batch_loader_stats *stats);

#endif
