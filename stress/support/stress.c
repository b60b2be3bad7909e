#include "support/stress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mix.h"
#include "sync/port.h"

enum { MAX_PLACES = 128, PATIENCE = 60 };

/* Where a thread stands: it writes, the watchdog reads. */
typedef struct place {
  _Alignas(128) _Atomic(const char *) step; /* NULL: nobody here */
  _Atomic uint64_t steps;
  _Atomic(const char *) name;
  _Atomic unsigned number;
} place;

static place places[MAX_PLACES];
static _Atomic unsigned places_used;
static _Thread_local place *mine;

static const char *program;
static double seconds;
static unsigned threads;
static uint64_t seed, begun;

double stress_seconds(void) {
  return seconds;
}
unsigned stress_threads(void) {
  return threads;
}
uint64_t stress_seed(void) {
  return seed;
}

uint64_t stress_clock(void) {
  return port_clock();
}

static double elapsed(void) {
  return (double)(stress_clock() - begun) * 1e-9;
}

bool stress_goes_on_until(double share) {
  return elapsed() < seconds * share;
}

bool stress_goes_on(void) {
  return stress_goes_on_until(1.0);
}

uint64_t stress_random(uint64_t *state) {
  return mix64_next(state);
}

uint32_t stress_random_below(uint64_t *state, uint32_t limit) {
  return (uint32_t)((stress_random(state) >> 32) * limit >> 32);
}

/* A place that nobody uses; the places of threads that ended are used again. */
static void take_place(const char *name, unsigned number) {
  for (unsigned i = 0; !mine && i < MAX_PLACES; i++) {
    const char *nobody = NULL;
    if (atomic_compare_exchange_strong(&places[i].step, &nobody, "begins")) mine = &places[i];
    unsigned used = atomic_load(&places_used);
    while (mine && used <= i && !atomic_compare_exchange_weak(&places_used, &used, i + 1)) continue;
  }
  if (!mine) return;
  atomic_store_explicit(&mine->name, name, memory_order_relaxed);
  atomic_store_explicit(&mine->number, number, memory_order_relaxed);
}

void stress_step(const char *step) {
  if (!mine) return;
  atomic_store_explicit(&mine->step, step, memory_order_relaxed);
  uint64_t steps = atomic_load_explicit(&mine->steps, memory_order_relaxed);
  atomic_store_explicit(&mine->steps, steps + 1, memory_order_relaxed);
}

static void print_places(void) {
  for (unsigned i = 0; i < atomic_load(&places_used); i++) {
    const char *step = atomic_load(&places[i].step);
    if (!step) continue;
    printf("  %s %u: %s (step %" PRIu64 ")\n", atomic_load(&places[i].name), atomic_load(&places[i].number),
           step, atomic_load(&places[i].steps));
  }
}

static uint64_t all_steps(void) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < atomic_load(&places_used); i++) sum += atomic_load(&places[i].steps);
  return sum;
}

static void *watch(void *context) {
  uint64_t last = 0;
  unsigned still = 0;
  for (; still < PATIENCE && elapsed() < 4 * seconds + 2 * PATIENCE; sleep(1)) {
    uint64_t now = all_steps();
    still = now == last ? still + 1 : 0;
    last = now;
  }
  printf("WATCHDOG: %s %.3f %u %" PRIu64 " hangs after %.0f s; the last step of each thread:\n", program,
         seconds, threads, seed, elapsed());
  print_places();
  fflush(stdout);
  abort();
  return context;
}

void stress_begin(int argc, char **argv, double default_seconds, unsigned default_threads) {
  program = argv[0];
  begun = stress_clock();
  seconds = argc > 1 ? strtod(argv[1], NULL) : default_seconds;
  threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : default_threads;
  seed = argc > 3 ? strtoull(argv[3], NULL, 0) : begun ^ (uint64_t)getpid() << 32;
  if (argc > 4 || seconds < 0 || threads == 0 || threads > MAX_PLACES / 2) {
    printf("usage: %s [seconds [threads [seed]]], 1 to %d threads\n", program, MAX_PLACES / 2);
    exit(2);
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("%s %.3f %u %" PRIu64 " (seconds, threads, seed)\n", program, seconds, threads, seed);
  take_place("main", 0);
  pthread_t watchdog;
  if (pthread_create(&watchdog, NULL, watch, NULL) || pthread_detach(watchdog)) abort();
}

static void *run(void *context) {
  stress_thread *self = context;
  take_place(self->name, self->number);
  self->function(self);
  if (mine) atomic_store(&mine->step, NULL);
  return NULL;
}

void stress_start(stress_thread *team, unsigned n, const char *name, void (*function)(stress_thread *self),
                  void *context) {
  for (unsigned i = 0; i < n; i++) {
    uint64_t random = seed + i;
    for (const char *c = name; *c; c++) random = random * 31 + (uint64_t)(unsigned char)*c;
    team[i] = (stress_thread){.function = function, .context = context, .name = name, .number = i};
    team[i].random = stress_random(&random);
    stress_check(pthread_create(&team[i].id, NULL, run, &team[i]) == 0, "no thread to be had");
  }
}

void stress_join(stress_thread *team, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    stress_step("joins the others");
    pthread_join(team[i].id, NULL);
  }
}

void stress_fail(const char *format, ...) {
  va_list arguments;
  printf("FAILED: ");
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n(%s %.3f %u %" PRIu64 ")\n", program, seconds, threads, seed);
  print_places();
  fflush(stdout);
  _exit(1);
}

int stress_end(const char *format, ...) {
  va_list arguments;
  printf("passed in %.1f s: ", elapsed());
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  return 0;
}
