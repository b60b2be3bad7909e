/* The windows of a plan (pack_window.h) that are packed, shared by all threads that need rows of them.

   A table is packed by whoever needs it first; others who need the same wait for it, which takes milliseconds. It stays as
   long as somebody has it pinned, and some time longer; one that has gone is packed again, so nothing depends on what is
   here but how long it takes. How many rows each window has is remembered of the last passes, so that going over windows
   packs none of those that have been packed already.

   Usage:
       lane_at at = {.pass = epoch};
       if (windows_find(w, lane, &at, nth, NULL) == WINDOWS_FOUND) table = windows_pin(w, lane, &at);
       ... row nth - at.first of the window ...
       windows_unpin(w, table);

   Threads: any number, but for windows_make and windows_free. A lock is taken for a moment, and never while something is
   packed; readers come here when they leave a window, not for each row. */
#ifndef HEADRACE_LOADER_PLAN_WINDOWS_H
#define HEADRACE_LOADER_PLAN_WINDOWS_H

#include <stdatomic.h>

#include "loader/plan/pack_window.h"

/* Where a reader is in a lane: at a window. Rows are counted from the beginning of the pass, or, with weights, of the run. */
typedef struct lane_at {
  uint64_t pass, before; /* and the rows before it */
  uint64_t number;       /* of the window in the pass */
  uint64_t first, rows;  /* its first row, and how many it has: 0 where windows_find has not been there yet */
} lane_at;

typedef enum windows_answer { WINDOWS_FOUND, WINDOWS_NONE, WINDOWS_FAILED } windows_answer;

/* Makes p->windows. Sets an error, without a function's name; windows_free also then. */
bool windows_make(plan *p);

/* NULL is fine. In a forked child too, whatever the parent's threads were at. */
void windows_free(windows *w);

/* Where the search for a row begins: with weights, the last pass before it that is remembered; else the pass's first
   window. */
lane_at windows_start(windows *w, uint32_t lane, uint64_t pass, uint64_t nth);

/* Goes on to the window that has row `nth` >= at->first, packing windows on the way where nobody knows how many rows they
   have. With weights into later passes; without, WINDOWS_NONE: the pass has at->first rows, no more. WINDOWS_FAILED with an
   error, *at unchanged: a window cannot be packed, a pass has no row, or *stop (NULL: never) has become true. */
windows_answer windows_find(windows *w, uint32_t lane, lane_at *at, uint64_t nth, const _Atomic bool *stop);

/* Writes how many rows the window has; false with an error when it cannot be packed. */
bool windows_rows_of(windows *w, uint32_t lane, lane_at *at);

/* The rows of the window, until windows_unpin (NULL is fine); NULL with an error when it cannot be packed. */
const pack_table *windows_pin(windows *w, uint32_t lane, const lane_at *at);
void windows_unpin(windows *w, const pack_table *table);

/* Packs the window after this one, if nobody has. */
void windows_pack_next(windows *w, uint32_t lane, const lane_at *at);

/* Rows of an epoch (not with weights): of the last one that somebody has found the end of, an estimate before. */
uint64_t windows_rows(const windows *w);

/* Where epochs begin among the steps of the run (not with weights): notes that one begins with step `nth`; the last one
   noted that begins at `nth` or before, false: none. */
void windows_note_epoch(windows *w, uint64_t epoch, uint64_t nth);
bool windows_last_epoch(windows *w, uint64_t nth, uint64_t *epoch, uint64_t *begin);

#endif
