/* Which source each row of a mix comes from. After any number n of rows, counted from the beginning of
   the run, source i has given more than n * share - 1 of them and fewer than n * share + 1; share is
   weights[i] / whole.

   So the j-th row of a source has a window of slots: not before floor((j - 1) / share), and by
   ceil(j / share). Giving each slot to the row, among those whose window has begun, whose window ends
   first keeps all windows (Tijdeman, "The chairman assignment problem", 1980; Baruah, Cohen, Plaxton
   and Varvel, "Proportionate progress", 1996). It is laid out a period at a time. Where weights are
   whole numbers of a small sum, or fractions like 0.3, every period is as the first. Otherwise the
   sources that are a row ahead of their share where a period begins are found from a little way before
   it: whoever starts `reach` slots earlier, with those ahead whose windows end first, comes to a choice
   that fits what lies before as well as what comes after. So a period depends on its number alone, and
   costs the same wherever it lies. */
#ifndef HEADRACE_LOADER_PLAN_SHARES_H
#define HEADRACE_LOADER_PLAN_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest share is 1 / SHARES_MOST. */
#define SHARES_MOST ((uint64_t)1 << 20)

/* Rows of a run that can be told apart. */
#define SHARES_MAX_ROWS ((uint64_t)1 << 62)

/* Constant once made. */
typedef struct shares {
  size_t count;
  uint64_t *weights; /* [count] whole numbers >= 1 */
  uint64_t whole;    /* their sum */
  uint64_t reach;    /* more slots than the longest window has */
  uint64_t period;   /* slots, at least reach; whole: every period is as the first */
} shares;

/* A source while a period is laid out. Times are slots from where that began. */
typedef struct shares_lane {
  uint64_t before;  /* its rows before the period */
  uint64_t time;    /* by when its last row was due */
  uint64_t rest;    /* what it is entitled to at that time beyond whole rows, of `whole` */
  uint64_t due;     /* by when its next row is */
  uint64_t key;     /* the same, but no later than the end of what is laid out */
  uint32_t given;   /* rows */
  uint32_t next;    /* the next source whose window begins at the same slot */
  bool ahead;       /* it has a row more than its share, rounded down, where the period begins */
  bool ahead_after; /* and where it ends */
} shares_lane;

typedef struct shares_slot {
  uint32_t source;
  uint32_t nth; /* how many of its rows of this period come before */
} shares_slot;

/* What one thread needs to read them. */
typedef struct shares_reader {
  const shares *shares;
  uint64_t number;    /* of the period that is laid out; UINT64_MAX: none */
  shares_slot *slots; /* [period] */
  shares_lane *lanes; /* [count] */
  uint32_t *waiting;  /* [period] the first source whose window begins at a slot */
  uint32_t *ready;    /* [count] a heap: sources whose windows have begun, by key */
  size_t num_ready;
} shares_reader;

/* A row of a run: its source, and how many rows that has given before. */
typedef struct shares_row {
  uint32_t source;
  uint64_t nth;
} shares_row;

/* weights: [count], positive, each at least 1 / SHARES_MOST of their sum, which is finite. False without
   memory; shares_free also then. */
bool shares_init(shares *s, const double *weights, size_t count);
void shares_free(shares *s);

/* False without memory; shares_reader_free also then. */
bool shares_reader_init(shares_reader *r, const shares *s);
void shares_reader_free(shares_reader *r);

/* Row `row` (< SHARES_MAX_ROWS) of the run. */
shares_row shares_at(shares_reader *r, uint64_t row);

#endif
