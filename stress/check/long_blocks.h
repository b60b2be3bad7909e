/* What long_history.c and long_blocks.c share: the checker's memory, and the bounds that the rules compare. */
#ifndef HEADRACE_STRESS_LONG_BLOCKS_H
#define HEADRACE_STRESS_LONG_BLOCKS_H

#include "check/long_history.h"
#include "check/range_max.h"

/* The bounds of a block; see long_history.h. GONE_BY: an instant by which its last value has been taken. */
enum { PUSH_BY, PUSH_FROM, FRONT_BY, FRONT_TO, GONE_BY, BOUNDS };

typedef struct value {
  const history_operation *push; /* NULL: never pushed */
  const history_operation *taken;
  uint32_t next,
      before;        /* the values beside it in the queue, where a call of several says so; 0: not known */
  uint64_t from, by; /* between these it was pushed */
  uint64_t gone_from, gone_by; /* between these it was taken */
  uint64_t told_by, told_to;   /* the first response and the last invocation of a peek that told it */
} value;

typedef struct block {
  const history_operation *call; /* that took its first value; the push, if nobody did */
  uint32_t first;                /* value; the others follow by `next` */
  uint64_t bound[BOUNDS];
} block;

typedef struct ranked {
  uint64_t key;
  uint32_t block;
} ranked;

/* Of all blocks up to a rank the two with the largest bound. */
typedef struct best_two {
  uint32_t first, second;
} best_two;

typedef struct gap {
  uint64_t start, end;
  uint32_t block;
} gap;

struct history_checker {
  const history_operation *operations;
  size_t n;
  uint32_t capacity;
  /* An instant by which the queue was closed, and before which all was done that needs it open. */
  uint64_t closed_by;
  history_fault *fault;

  value *values; /* [values_size], by value */
  size_t values_size;
  size_t pushed; /* values */
  size_t room;   /* operations and values for which the arrays below have room */
  block *blocks;
  size_t blocks_size;
  ranked *ranks;
  best_two *best;
  gap *gaps;
  size_t gaps_size;
  uint64_t *from, *by, *gone, *to; /* sorted bounds of all values */
  size_t counted;
  range_max counts; /* the most that can have been inside */
};

static inline uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
static inline uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static inline bool history_refused(const history_operation *o) {
  return o->result == HISTORY_FULL || o->result == HISTORY_EMPTY || o->result == HISTORY_TIMEDOUT;
}

/* Finds a fault: always true, for the rules to return. */
bool history_found(history_checker *c, const char *what, const history_operation *a,
                   const history_operation *b);

void *history_grown(void *memory, size_t count, size_t size);

/* Collects what the calls say of each value, and makes the blocks. True: a fault has been found on the way. */
bool history_make_blocks(history_checker *c);

/* Leaves the table of values as it was. */
void history_forget_values(history_checker *c);

#endif
