#include "support/watchdog.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

/* Where a thread stands: it writes, the watchdog reads. */
typedef struct place {
  _Alignas(128) _Atomic(const char *) step; /* NULL: nobody here */
  _Atomic uint64_t steps;
  char name[48]; /* written while the step is `unnamed` */
} place;

static const char unnamed[] = "has no name yet";
static place places[MAX_THREADS];
static _Thread_local place *mine;

static struct {
  unsigned still, total;
  const char *what;
} limits;

/* A place that nobody uses; those of threads that have left are used again. */
static place *own_place(void) {
  for (int i = 0; !mine && i < MAX_THREADS; i++) {
    const char *nobody = NULL;
    if (atomic_compare_exchange_strong(&places[i].step, &nobody, unnamed)) mine = &places[i];
  }
  return mine;
}

void watchdog_thread(const char *format, ...) {
  va_list arguments;
  place *here = own_place();
  if (!here) return;
  atomic_store(&here->step, unnamed);
  va_start(arguments, format);
  vsnprintf(here->name, sizeof here->name, format, arguments);
  va_end(arguments);
  atomic_store(&here->step, "has not named a step");
}

void watchdog_step(const char *step) {
  if (!mine) watchdog_thread("thread");
  if (!mine) return;
  atomic_store_explicit(&mine->step, step, memory_order_relaxed);
  uint64_t steps = atomic_load_explicit(&mine->steps, memory_order_relaxed);
  atomic_store_explicit(&mine->steps, steps + 1, memory_order_relaxed);
}

void watchdog_leave(void) {
  if (mine) atomic_store(&mine->step, NULL);
  mine = NULL;
}

void watchdog_print(FILE *to) {
  for (int i = 0; i < MAX_THREADS; i++) {
    const char *step = atomic_load(&places[i].step);
    if (!step) continue;
    fprintf(to, "watchdog: %s: %s (step %" PRIu64 ")\n", step == unnamed ? "thread" : places[i].name, step,
            atomic_load(&places[i].steps));
  }
}

static uint64_t all_steps(void) {
  uint64_t sum = 0;
  for (int i = 0; i < MAX_THREADS; i++) sum += atomic_load(&places[i].steps);
  return sum;
}

static void *watch(void *unused) {
  (void)unused;
  unsigned still = 0, seconds = 0;
  uint64_t last = 0;
  for (;; seconds++) {
    if (limits.still && still >= limits.still) break;
    if (limits.total && seconds >= limits.total) break;
    for (unsigned left = 1; left; left = sleep(left)) continue;
    uint64_t now = all_steps();
    still = now == last ? still + 1 : 0;
    last = now;
  }
  fprintf(stderr, "watchdog: %s has not ended in %u seconds, the last %u of them without a step\n",
          limits.what, seconds, still);
  watchdog_print(stderr);
  abort();
}

void watchdog_start(unsigned still, unsigned total, const char *what) {
  pthread_t thread;
  limits.still = still, limits.total = total, limits.what = what;
  watchdog_thread("main");
  if (pthread_create(&thread, NULL, watch, NULL) || pthread_detach(thread)) abort();
}

void watchdog_on(void) {
  watchdog_start(0, WATCHDOG_SECONDS, "the test");
}
