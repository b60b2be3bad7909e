/* What a training run shows: a line now and then. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdint.h>

#include <headrace/loader.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct progress {
  uint64_t steps;        /* of the whole run */
  double started, shown; /* seconds */
} progress;

/* Seconds of a steady clock. */
double progress_clock(void);

progress progress_start(uint64_t steps);

/* Whether it is time for a line: for the first step, the last one, and every two seconds. */
bool progress_due(const progress *p, uint64_t step);

/* Prints one when it is. */
void progress_step(progress *p, uint64_t step, double loss, uint64_t tokens, const batch_loader_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
