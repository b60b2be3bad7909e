/* A team of threads: pinned round robin to the processors this process may use, started together,
   told to stop after a time, timed one by one, and watched: one that does not end is named.

   Usage:
       bench_thread threads[2] = {{.role = "producer", .run = produce, .argument = &a}, ...};
       uint32_t stop = 0;
       double seconds = bench_team(threads, 2, &stop, 0.3);     from the first start to the last end */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H

#include <stdint.h>

typedef struct bench_thread {
  /* Set by the caller. */
  const char *role; /* for the watchdog */
  void (*run)(void *argument);
  void *argument;
  /* Set by the team. */
  uint64_t begin, end;         /* CLOCK_MONOTONIC, nanoseconds */
  uint64_t cpu;                /* nanoseconds of processor time between the two */
  uint64_t cpu_late;           /* of that, in the last three quarters of the time before the stop */
  uint64_t voluntary_switches; /* how often it went to sleep */
} bench_thread;

#define BENCH_TEAM_MAX 1024

/* How many processors the process may use. */
unsigned bench_processors(void);

/* What the team works for, "boost in 4p4c @ 1024": the watchdog says it. */
extern char bench_team_task[128];

/* Runs the team; sets *stop after `seconds` (see bench_is) and waits until all have ended. Who still runs after
   five times as long and a quarter of a second is told to hurry (see bench_hurries); aborts, naming the threads, when
   one runs 60 s longer.
   Returns: seconds from the first begin to the last end. */
double bench_team(bench_thread *threads, unsigned count, uint32_t *stop, double seconds);

#endif
