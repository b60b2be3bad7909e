/* One line on a terminal that shows how far something has come, redrawn at most ten times a second. */
#ifndef HEADRACE_CLI_PROGRESS_H
#define HEADRACE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
  bool shown;              /* stderr is a terminal, and it was not asked to be quiet */
  bool utf8;               /* the terminal shows block characters */
  uint64_t started, drawn; /* nanoseconds of CLOCK_MONOTONIC */
} progress;

void progress_start(progress *p, bool quiet);

/* done of total bytes; note: what else is to be said, behind the bar. */
void progress_draw(progress *p, uint64_t done, uint64_t total, const char *note);

/* Takes the line away. */
void progress_end(progress *p);

/* Seconds since progress_start, at least a microsecond. */
double progress_seconds(const progress *p);

#endif
