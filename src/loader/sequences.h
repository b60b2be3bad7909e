/* Cumulative starts of the sequences of a batch (cu_seqlens), found as its rows are filled, one behind the other.

   Usage:
       sequences_begin(&s, batch);
       for each row { sequences_begin_row(&s); sequences_add(&s, 7); sequences_add(&s, 3); }
       sequences_end(&s, batch); */
#ifndef HEADRACE_LOADER_SEQUENCES_H
#define HEADRACE_LOADER_SEQUENCES_H

#include "headrace/batch.h"

typedef struct sequences {
  int32_t *starts;   /* [capacity + 1] */
  uint32_t capacity; /* 0: nobody asks for them */
  uint32_t count;    /* so far; those beyond the capacity are not written */
  uint32_t longest;
  int32_t end; /* of the last one */
  struct {
    uint32_t count, longest;
    int32_t end;
  } row;           /* as they were where the row began */
  uint64_t wanted; /* sequences of the rows before it, also of those that became one for having too many */
} sequences;

/* Begins those of a batch, which may have no room for any. */
void sequences_begin(sequences *s, const Batch *batch);

static inline bool sequences_are_asked_for(const sequences *s) {
  return s->capacity > 0;
}

static inline void sequences_begin_row(sequences *s) {
  s->row.count = s->count;
  s->row.longest = s->longest;
  s->row.end = s->end;
}

/* The next sequence, of `length` positions; 0: none. */
static inline void sequences_add(sequences *s, uint32_t length) {
  if (length == 0 || s->capacity == 0) return;
  if (s->count < s->capacity) s->starts[s->count] = s->end;
  s->count++;
  s->end += (int32_t)length;
  if (length > s->longest) s->longest = length;
}

/* Makes one of those of the row that was begun last, which has `length` positions. */
void sequences_join_row(sequences *s, uint32_t length);

/* The row that was begun last has all of its sequences. Returns whether they fit, where each of the `rows` after it
   needs one. */
bool sequences_end_row(sequences *s, uint32_t rows);

/* Writes the end of the last one behind them all, and to the batch how many there are and the longest. What did not fit
   belongs to the last one that did. Returns whether all fitted. */
bool sequences_end(const sequences *s, Batch *batch);

/* In a batch that was ended so: positions [start, start + length), which begin and end with a sequence, become one. */
void sequences_join(Batch *batch, uint32_t start, uint32_t length);

#endif
