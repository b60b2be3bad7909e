/* The way through the windows of a plan (pack_window.h): which window of a lane has a row. How many rows each window has is
   remembered of the last passes, so that going over windows packs none of those that have been packed already.

   Usage:
       lane_at at = {.pass = epoch};
       if (windows_find(w, lane, &at, nth, NULL) == WINDOWS_FOUND) window = windows_pin(w, lane, &at);
       ... row nth - at.first of window->table ...
       packed_window_unpin(window);

   Threads: any number, but for windows_make and windows_free. Locks are taken for a moment; readers come here when they
   leave a window, not for each row. */
#ifndef HEADRACE_LOADER_PLAN_WINDOWS_H
#define HEADRACE_LOADER_PLAN_WINDOWS_H

#include "loader/plan/packed_windows.h"

/* Where a reader is in a lane: at a window. Rows are counted from the beginning of the pass, or, with weights, of the run. */
typedef struct lane_at {
  uint64_t pass, before; /* and the rows before it */
  uint64_t number;       /* of the window in the pass */
  uint64_t first, rows;  /* its first row, and how many it has: 0 where nobody has looked yet */
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
bool windows_count(windows *w, uint32_t lane, lane_at *at);

/* The window, until packed_window_unpin; NULL with an error when it cannot be packed, or has not at->rows rows (0: any
   number). */
packed_window *windows_pin(windows *w, uint32_t lane, const lane_at *at);

/* Packs the window after this one, if nobody has. */
void windows_pack_next(windows *w, uint32_t lane, const lane_at *at);

/* Rows of an epoch (not with weights): of the last one of those whose end somebody has found, an estimate before. */
uint64_t windows_rows(const windows *w);

/* Where epochs begin among the steps of the run (not with weights): notes that one begins with step `nth`; the last one
   noted that begins at `nth` or before, false: none. */
void windows_note_epoch(windows *w, uint64_t epoch, uint64_t nth);
bool windows_last_epoch(windows *w, uint64_t nth, uint64_t *epoch, uint64_t *begin);

#endif
