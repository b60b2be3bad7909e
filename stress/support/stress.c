#include "support/stress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mix.h"
#include "support/watchdog.h"
#include "sync/port.h"

enum { MAX_THREADS = 64, PATIENCE = 60 };

static const char *program;
static double seconds;
static unsigned threads;
static uint64_t seed, begun;
static char command[128]; /* that does the same again */

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

void stress_step(const char *step) {
  watchdog_step(step);
}

void stress_begin_as(const char *own_program, double own_seconds, unsigned own_threads, uint64_t own_seed) {
  program = own_program;
  begun = stress_clock();
  seconds = own_seconds;
  threads = own_threads;
  seed = own_seed;
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(command, sizeof command, "%s %.3f %u %" PRIu64, program, seconds, threads, seed);
  printf("%s (seconds, threads, seed)\n", command);
}

void stress_begin(int argc, char **argv, double default_seconds, unsigned default_threads) {
  double so_long = argc > 1 ? strtod(argv[1], NULL) : default_seconds;
  unsigned so_many = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : default_threads;
  if (argc > 4 || so_long < 0 || so_many == 0 || so_many > MAX_THREADS) {
    printf("usage: %s [seconds [threads [seed]]], 1 to %d threads\n", argv[0], MAX_THREADS);
    exit(2);
  }
  stress_begin_as(argv[0], so_long, so_many,
                  argc > 3 ? strtoull(argv[3], NULL, 0) : stress_clock() ^ (uint64_t)getpid() << 32);
  watchdog_start(PATIENCE, (unsigned)(4 * seconds) + 4 * PATIENCE, command);
}

static void *run(void *context) {
  stress_thread *self = context;
  watchdog_thread("%s %u", self->name, self->number);
  self->function(self);
  watchdog_leave();
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
  printf("\n(%s)\n", command);
  watchdog_print(stdout);
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
