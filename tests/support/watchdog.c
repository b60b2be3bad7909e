#include "support/watchdog.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_THREADS = 256 };

typedef struct place {
  char name[48];
  const char *step;
  bool taken;
} place;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static place places[MAX_THREADS];
static _Thread_local place *mine;

static place *own_place(void) {
  for (int i = 0; !mine && i < MAX_THREADS; i++)
    if (!places[i].taken) mine = &places[i];
  if (mine && !mine->taken) *mine = (place){"thread", "has not named a step", true};
  return mine;
}

void watchdog_thread(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  pthread_mutex_lock(&lock);
  place *here = own_place();
  if (here) vsnprintf(here->name, sizeof here->name, format, arguments);
  pthread_mutex_unlock(&lock);
  va_end(arguments);
}

void watchdog_step(const char *step) {
  pthread_mutex_lock(&lock);
  place *here = own_place();
  if (here) here->step = step;
  pthread_mutex_unlock(&lock);
}

void watchdog_leave(void) {
  pthread_mutex_lock(&lock);
  if (mine) mine->taken = false;
  mine = NULL;
  pthread_mutex_unlock(&lock);
}

static void *watch(void *seconds) {
  struct timespec left = {(time_t)(size_t)seconds, 0};
  while (nanosleep(&left, &left)) continue;
  pthread_mutex_lock(&lock);
  fprintf(stderr, "watchdog: nothing ended within %zu seconds\n", (size_t)seconds);
  for (int i = 0; i < MAX_THREADS; i++)
    if (places[i].taken) fprintf(stderr, "watchdog: %s: %s\n", places[i].name, places[i].step);
  abort();
}

void watchdog_start(unsigned seconds) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, (void *)(size_t)seconds) || pthread_detach(thread)) abort();
  watchdog_thread("main");
}

void watchdog_on(void) {
  watchdog_start(WATCHDOG_SECONDS);
}
