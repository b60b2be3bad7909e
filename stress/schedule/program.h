/* The small programs of proof_schedules: what each of two to four threads calls, and what is done before they begin. */
#ifndef HEADRACE_STRESS_PROGRAM_H
#define HEADRACE_STRESS_PROGRAM_H

#include "check/history.h"
#include "schedule/fibers.h"
#include "schedule/inside_groups.h"

enum { PROGRAM_CALLS = 4, PROGRAM_BEFORE = 6 };

typedef struct operation {
  history_kind kind;
  history_mode mode;
  uint32_t many; /* to take, or to put in */
  bool polls;    /* waits by polling; for one */
} operation;

typedef struct program {
  uint32_t capacity, filled;
  group_state groups;  /* before it */
  uint64_t first_turn; /* of a small queue */
  unsigned before;
  operation first
      [PROGRAM_BEFORE]; /* done before the threads begin: an entry at head of which a part has gone, and laps */
  unsigned threads;
  unsigned length[FIBERS_MAX];
  operation operations[FIBERS_MAX][PROGRAM_CALLS];
} program;

/* Returns a random one for up to so many threads, of a pool or of a queue. */
program program_make(bool is_pool, uint64_t *random, unsigned most_threads);

#endif
