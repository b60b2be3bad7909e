#include "schedule/stopping.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "support/stress.h"

enum { MAX_STEPS = 1000000, MAX_SWAPS = 64 };

struct stopper {
  pthread_t thread;
  sem_t go, halted;
  void (*job)(void *context);
  void *context;
  bool leave, stopped, asleep;
  unsigned steps; /* to do before the next stop */
  unsigned total; /* of this job */
  unsigned swaps;
  schedule_step place;
  schedule_step swapped[MAX_SWAPS];
};

static _Thread_local stopper *self;

static void halt(bool stopped) {
  self->stopped = stopped;
  sem_post(&self->halted);
  while (sem_wait(&self->go) != 0) continue;
}

static void on_point(const schedule_step *step) {
  self->place = *step;
  while (self->steps == 0) halt(true);
  if (self->steps != STOPPER_NEVER) self->steps--;
  if (++self->total < MAX_STEPS) return;
  stress_fail("no end after %d steps, at %s:%d", MAX_STEPS, step->file, step->line);
}

static void on_swapped(const schedule_step *step) {
  if (self->swaps < MAX_SWAPS) self->swapped[self->swaps++] = *step;
}

static bool never(void) {
  return false;
}

/* Sleeps, however many steps are left, until it is told to go on. */
static bool sleep_until_told(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  (void)word, (void)expected;
  if (deadline != UINT64_MAX) return false;
  self->asleep = true;
  if (self->steps != STOPPER_NEVER) halt(true);
  self->asleep = false;
  return true;
}

static void wake_nobody(_Atomic uint32_t *word, uint32_t count) {
  (void)word, (void)count;
}

static uint64_t no_time(void) {
  return 0;
}

static void go_on(void) {}

static const schedule stopping = {.point = on_point,
                                  .swapped = on_swapped,
                                  .fails_spuriously = never,
                                  .wait = sleep_until_told,
                                  .wake = wake_nobody,
                                  .clock = no_time,
                                  .may_spin = never,
                                  .give_way = go_on};

static void *stopper_main(void *context) {
  self = context;
  for (;;) {
    halt(false);
    if (self->leave) return NULL;
    schedule_mine = &stopping;
    self->job(self->context);
    schedule_mine = NULL;
  }
}

static bool wait_until_halted(stopper *s) {
  while (sem_wait(&s->halted) != 0) continue;
  return s->stopped;
}

stopper *stopper_create(void) {
  stopper *s = calloc(1, sizeof *s);
  stress_check(s && sem_init(&s->go, 0, 0) == 0 && sem_init(&s->halted, 0, 0) == 0 &&
                   pthread_create(&s->thread, NULL, stopper_main, s) == 0,
               "no thread to be had");
  wait_until_halted(s);
  return s;
}

void stopper_free(stopper *s) {
  s->leave = true;
  sem_post(&s->go);
  pthread_join(s->thread, NULL);
  sem_destroy(&s->go);
  sem_destroy(&s->halted);
  free(s);
}

bool stopper_run(stopper *s, void (*job)(void *context), void *context, unsigned steps) {
  s->job = job;
  s->context = context;
  s->total = s->swaps = 0;
  return stopper_go_on(s, steps);
}

bool stopper_is_asleep(const stopper *s) {
  return s->stopped && s->asleep;
}

bool stopper_go_on(stopper *s, unsigned steps) {
  s->steps = steps;
  sem_post(&s->go);
  return wait_until_halted(s);
}

schedule_step stopper_place(const stopper *s) {
  return s->place;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

unsigned stopper_swaps(const stopper *s, schedule_kind kind, const char *file) {
  unsigned count = 0;
  for (unsigned i = 0; i < s->swaps; i++)
    if (s->swapped[i].kind == kind && ends_with(s->swapped[i].file, file)) count++;
  return count;
}
