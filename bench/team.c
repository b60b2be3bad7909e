#include "team.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define GRACE_SECONDS 60

char bench_team_task[128];

typedef struct place {
  bench_thread *thread;
  pthread_barrier_t *start;
} place;

static uint64_t voluntary_switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return (uint64_t)usage.ru_nvcsw;
}

static void *run(void *argument) {
  place *here = argument;
  bench_thread *t = here->thread;
  pthread_barrier_wait(here->start);
  uint64_t switches = voluntary_switches(), cpu = bench_clock_of(CLOCK_THREAD_CPUTIME_ID);
  t->begin = bench_now();
  t->run(t->argument);
  t->end = bench_now();
  t->cpu = bench_clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
  t->voluntary_switches = voluntary_switches() - switches;
  return NULL;
}

unsigned bench_processors(void) {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? (unsigned)CPU_COUNT(&allowed) : 1;
}

/* The index-th processor of those that the process may use, counted round and round. */
static void pin(pthread_attr_t *attributes, unsigned index) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  unsigned left = index % (unsigned)CPU_COUNT(&allowed);
  for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_attr_setaffinity_np(attributes, sizeof one, &one);
    return;
  }
}

static void start(pthread_t *id, place *where, unsigned index) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pin(&attributes, index);
  int error = pthread_create(id, &attributes, run, where);
  pthread_attr_destroy(&attributes);
  if (error == 0) return;
  fprintf(stderr, "headrace-bench: thread %u cannot be started: %s\n", index, strerror(error));
  exit(2);
}

/* Names everyone who is still running; a hang is a finding, never an endless wait. */
static void abort_over(const bench_thread *threads, const pthread_t *ids, unsigned from, unsigned count) {
  for (unsigned i = from; i < count; i++)
    if (pthread_tryjoin_np(ids[i], NULL) == EBUSY)
      fprintf(stderr, "headrace-bench: %s: thread %u of %u (%s) still runs %d s after it was to hurry\n",
              bench_team_task, i, count, threads[i].role, GRACE_SECONDS);
  abort();
}

static struct timespec in(double seconds) {
  uint64_t then = bench_clock_of(CLOCK_REALTIME) + (uint64_t)(seconds * (double)BENCH_SECOND);
  return (struct timespec){(time_t)(then / BENCH_SECOND), (long)(then % BENCH_SECOND)};
}

/* Waits until all have ended; tells those who take longer than `patience` to hurry. */
static void join(const bench_thread *threads, const pthread_t *ids, unsigned count, uint32_t *stop,
                 double patience) {
  struct timespec soon = in(patience), at_last = in(GRACE_SECONDS + patience);
  for (unsigned i = 0; i < count; i++) {
    if (pthread_timedjoin_np(ids[i], NULL, &soon) != ETIMEDOUT) continue;
    bench_hurry(stop);
    if (pthread_timedjoin_np(ids[i], NULL, &at_last) == ETIMEDOUT) abort_over(threads, ids, i, count);
  }
}

/* Processor time of a thread that has not been joined; 0 once it has ended. */
static uint64_t cpu_of(pthread_t id) {
  clockid_t clock;
  return pthread_getcpuclockid(id, &clock) == 0 ? bench_clock_of(clock) : 0;
}

/* Lets the team work; sees what each has used in the last three quarters of the time. */
static void let_work(bench_thread *threads, const pthread_t *ids, unsigned count, double seconds) {
  uint64_t quarter = (uint64_t)(seconds * (double)BENCH_SECOND / 4);
  bench_sleep(quarter);
  for (unsigned i = 0; i < count; i++) threads[i].cpu_late = cpu_of(ids[i]);
  bench_sleep(3 * quarter);
  for (unsigned i = 0; i < count; i++) threads[i].cpu_late = cpu_of(ids[i]) - threads[i].cpu_late;
}

double bench_team(bench_thread *threads, unsigned count, uint32_t *stop, double seconds) {
  pthread_t ids[BENCH_TEAM_MAX];
  place places[BENCH_TEAM_MAX];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, count + 1);
  for (unsigned i = 0; i < count; i++) {
    places[i] = (place){&threads[i], &barrier};
    start(&ids[i], &places[i], i);
  }
  pthread_barrier_wait(&barrier);
  let_work(threads, ids, count, seconds);
  bench_set(stop);
  join(threads, ids, count, stop, 0.25 + 5 * seconds);
  pthread_barrier_destroy(&barrier);
  uint64_t begin = threads[0].begin, end = threads[0].end;
  for (unsigned i = 1; i < count; i++) {
    if (threads[i].begin < begin) begin = threads[i].begin;
    if (threads[i].end > end) end = threads[i].end;
  }
  return (double)(end - begin) / (double)BENCH_SECOND;
}
