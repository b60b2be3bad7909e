#include <stdio.h>
#include <time.h>

#include "soak/soak.h"
#include "soak/watch.h"

const char *const soak_kind_names[SOAK_KINDS] = {
    "batches",  "loaders",   "resumed",      "replayed",  "queues", "passed", "pools",
    "resized",  "allocated", "spheres",      "processed", "polled", "cut",    "cut_rows",
    "replaced", "texts",     "written",      "tokenized", "opened", "saved",  "forks",
    "commands", "signals",   "threads_made", "faults",    "refused"};

static _Atomic uint64_t counts[SOAK_KINDS];

void soak_count(soak_kind kind, uint64_t n) {
  atomic_fetch_add_explicit(&counts[kind], n, memory_order_relaxed);
}

uint64_t soak_counted(soak_kind kind) {
  return kind == SOAK_FAULTS ? faults_all() : atomic_load_explicit(&counts[kind], memory_order_relaxed);
}

uint32_t hand_below(hand *h, uint32_t limit) {
  return stress_random_below(&h->random, limit);
}

bool hand_once_in(hand *h, uint32_t n) {
  return hand_below(h, n) == 0;
}

const char *hand_path(const hand *h, const char *name) {
  static _Thread_local char paths[4][200];
  static _Thread_local unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", h->folder, name);
  return path;
}

void hand_step(hand *h, const char *step) {
  watch_step(h->number, step);
}

bool hand_allows(hand *h, bool good, const char *call) {
  if (good) return true;
  if (atomic_load(&h->faults.failed) == 0)
    stress_fail("%s, with no call that failed on purpose: %s: %s", call,
                batch_status_name(batch_last_error()->code), batch_last_error()->message);
  soak_count(SOAK_REFUSED, 1);
  return false;
}

void hand_start(hand *h, stress_thread *team, unsigned n, const char *name, void (*run)(stress_thread *self),
                void *context) {
  (void)h;
  faults_spare_threads(true);
  stress_start(team, n, name, run, context);
  faults_spare_threads(false);
  soak_count(SOAK_THREADS, n);
}

void hand_join(hand *h, stress_thread *team, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    hand_step(h, "joins its threads");
    pthread_join(team[i].id, NULL);
  }
}

Batch *soak_batch(uint64_t id) {
  Batch *batch = batch_create(1, 2, 0);
  if (batch) batch->batch_id = id;
  return batch;
}

void soak_pause(uint32_t microseconds) {
  nanosleep(&(struct timespec){0, (long)microseconds * 1000}, NULL);
}
