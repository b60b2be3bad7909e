#include "support/stress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

bool stress_number(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return strspn(text, "0123456789.") == strlen(text) && end != text && *end == '\0' && *value <= 1e9;
}

bool stress_whole_number(const char *text, uint64_t *value) {
  char *end;
  errno = 0;
  *value = strtoull(text, &end, 0);
  return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

void stress_begin(int argc, char **argv, double default_seconds, unsigned default_threads) {
  double so_long = default_seconds;
  uint64_t so_many = default_threads, own_seed = stress_clock() ^ (uint64_t)getpid() << 32;
  bool good = argc <= 4 && (argc <= 1 || stress_number(argv[1], &so_long)) &&
              (argc <= 2 || stress_whole_number(argv[2], &so_many)) &&
              (argc <= 3 || stress_whole_number(argv[3], &own_seed));
  if (!good || so_many == 0 || so_many > MAX_THREADS) {
    printf("usage: %s [seconds [threads [seed]]], 1 to %d threads\n", argv[0], MAX_THREADS);
    exit(2);
  }
  stress_begin_as(argv[0], so_long, (unsigned)so_many, own_seed);
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
