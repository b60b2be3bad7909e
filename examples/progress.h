/* What a training run shows: one line that is redrawn on a terminal, a plain line now and then
   anywhere else. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <headrace/stats.h>

enum { PROGRESS_LOSSES = 24 }; /* columns of the curve */

typedef struct progress {
  bool terminal;
  uint64_t steps;                /* of the whole run */
  double started, shown;         /* seconds */
  double curve[PROGRESS_LOSSES]; /* mean losses, each over steps / PROGRESS_LOSSES steps */
  uint64_t in_curve[PROGRESS_LOSSES];
} progress;

/* Seconds of a steady clock. */
double progress_clock(void);

progress progress_start(uint64_t steps);

/* Notes a step's loss and redraws when it is time. */
void progress_step(progress *p, uint64_t step, double loss, uint64_t tokens, const batch_loader_stats *stats);

/* Leaves the last state of the line standing. */
void progress_end(progress *p);

#endif
