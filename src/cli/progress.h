/* How far something has come, on stderr: one line on a terminal, redrawn ten times a second; elsewhere (a
   file, a pipe, a terminal that cannot go back in a line) a plain line every ten seconds. */
#ifndef HEADRACE_CLI_PROGRESS_H
#define HEADRACE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
  bool shown;              /* it was not asked to be quiet */
  bool redraws;            /* stderr is a terminal that can go back in a line */
  bool utf8;               /* the terminal shows block characters */
  uint64_t started, drawn; /* nanoseconds of CLOCK_MONOTONIC */
  uint64_t before;         /* bytes that were done when it started */
} progress;

void progress_start(progress *p, bool quiet);

/* Whether progress_draw would draw something: what it is told may take time to find. */
bool progress_is_due(const progress *p);

/* done of total bytes; note: what else is to be said, what matters most first. */
void progress_draw(progress *p, uint64_t done, uint64_t total, const char *note);

/* Takes the line away. */
void progress_end(progress *p);

/* Seconds since progress_start, at least a microsecond. */
double progress_seconds(const progress *p);

#endif
