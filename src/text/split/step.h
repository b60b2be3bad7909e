/* One step of a splitter: from a text to the pieces of it. */
#ifndef HEADRACE_TEXT_SPLIT_STEP_H
#define HEADRACE_TEXT_SPLIT_STEP_H

#include "text/split/regex.h"
#include "text/split/splitter.h"

typedef struct split_step {
  regex *regex;
  split_behavior behavior;
  bool invert;
} split_step;

/* Where a step stands in its text. Its segments are the matches and what is between them. */
typedef struct step_cursor {
  const char *text; /* the whole one; places count from its start */
  size_t start, end;
  size_t fragment, fragment_end; /* what is well-formed around `at` */
  size_t at;                     /* where the next match is looked for */
  size_t done;                   /* where the last segment ended */
  size_t last_match;             /* the end of the last match; SIZE_MAX: none */
  piece match;                   /* found, and not given yet */
  bool found, exhausted;
  bool previous; /* whether the last segment was a match */
  bool holds;
  piece held;    /* what the next segment may be joined to */
  piece removed; /* what may still hold malformed bytes */
} step_cursor;

/* Begins with text [start, end). */
void step_begin(step_cursor *c, const char *text, piece part);

/* The next piece, maybe an empty one. 1: *out; 0: there is none; -1: as regex_find. */
int step_next(const split_step *s, step_cursor *c, regex_match *match, piece *out);

#endif
