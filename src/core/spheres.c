/* Lanes: a queue and a worker a sphere, one event for all workers. What was dispatched before a drain is inside its lane up
   to that lane's tail, or with a worker in its turn: drain.h.

   The pair of memory orders, beside those of the queue, of event.h and of drain.h:
     DISPATCHED  dispatch: the enqueue's seq_cst CAS -> a worker's seq_cst look into every lane */
#include <headrace/spheres.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "base/options.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "core/batch_header.h"
#include "core/spheres_internal.h"
#include "sync/line.h"
#include "sync/thread.h"

enum { DEFAULT_LANE_CAPACITY = 64 };

typedef struct search {
  worker *self;
  worker *from; /* whose lane the batch was in */
  Batch *batch; /* NULL after success: every lane is closed and drained */
} search;

/* Only the worker itself writes its counts. */
static void count_up(_Atomic uint64_t *count) {
  atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Ends a turn, in which a batch from that worker's lane, NULL: none, has been processed. */
static void end_turn(worker *self, worker *from) {
  hand_over(self);
  turn_end(&self->spheres->drains, &self->turns, from ? &from->turns : NULL);
}

/* The other worker whose lane has most batches inside; NULL: none has any, decided by the seq_cst loads of each size. */
static worker *with_fullest_lane(BatchSpheres *s, const worker *self) {
  worker *fullest = NULL;
  uint32_t most = 0;
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    uint32_t size = i == self->number ? 0 : batch_queue_size(s->workers[i].lane);
    if (size > most) most = size, fullest = &s->workers[i];
  }
  return fullest;
}

/* Takes from its own lane, else from the fullest other one, until there is none. True: a batch, or there will be none. */
static bool look_everywhere(search *look) {
  BatchSpheres *s = look->self->spheres;
  /* Before the looks: what they find empty then stays so. */
  bool closed = atomic_load_explicit(&s->closed, memory_order_seq_cst);
  look->from = look->self;
  look->batch = batch_queue_try_dequeue(look->from->lane);
  while (!look->batch && (look->from = with_fullest_lane(s, look->self)))
    look->batch = batch_queue_try_dequeue(look->from->lane);
  return look->batch || closed;
}

/* One search, which leaves the turn odd when it found a batch. */
static bool find_work(void *context) {
  search *look = context;
  turn_begin(&look->self->turns);
  bool over = look_everywhere(look);
  if (!look->batch) end_turn(look->self, NULL);
  return over;
}

/* As event_wait, but who was woken in vain looks for a while again before it sleeps: where there is work for others
   there will be more, and whoever dispatches need not wake it for that. */
static void wait_for_work(search *look) {
  event *work = &look->self->spheres->work;
  bool in_time;
  PROBE2(spheres_wait_begin, look->self->spheres, look->self->number);
  while (!event_spin(work, find_work, look, BATCH_FOREVER) &&
         !event_wait_once(work, find_work, look, BATCH_FOREVER, &in_time))
    continue;
  PROBE3(spheres_wait_end, look->self->spheres, look->self->number, look->batch != NULL);
}

static void *worker_run(void *context) {
  worker *self = context;
  BatchSpheres *s = self->spheres;
  pthread_setname_np(pthread_self(), "headrace-sphere");
  search look = {.self = self};
  for (;;) {
    if (!find_work(&look)) wait_for_work(&look);
    if (!look.batch) return NULL;
    s->options.process(s->options.context, self->number, look.batch);
    if (s->generation != thread_generation()) return NULL; /* in a child that process has forked */
    batch_header_release(batch_header_of(look.batch), "batch_spheres_start: a worker");
    count_up(&self->processed);
    if (look.from != self) count_up(&self->stolen);
    end_turn(self, look.from);
  }
}

static bool options_check(const batch_spheres_options *options) {
  if (!options->process)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_start: options.process is NULL");
  if (options->num_spheres == 0 || options->num_spheres > MAX_SPHERES)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_spheres_start: num_spheres is %u, expected 1 to %d", options->num_spheres,
                      MAX_SPHERES);
  if (options->lane_capacity > BATCH_QUEUE_MAX_CAPACITY)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_spheres_start: lane_capacity is %u, expected 0 to %u", options->lane_capacity,
                      BATCH_QUEUE_MAX_CAPACITY);
  return true;
}

/* Everything but the threads. */
static BatchSpheres *spheres_make(const batch_spheres_options *options) {
  size_t bytes = sizeof(BatchSpheres) + options->num_spheres * sizeof(worker);
  BatchSpheres *s = thread_prepare() == 0 ? line_alloc(bytes) : NULL;
  if (!s)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_spheres_start: no memory for %u spheres",
                      options->num_spheres);
  live_enter(s);
  s->num_spheres = options->num_spheres;
  s->generation = thread_generation();
  s->started = 0;
  s->options = *options;
  event_init(&s->work);
  drains_init(&s->drains);
  atomic_init(&s->closed, false);
  bool complete = true;
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    worker *w = &s->workers[i];
    *w = (worker){.spheres = s, .number = i};
    if (complete)
      w->lane = batch_queue_create(options->lane_capacity ? options->lane_capacity : DEFAULT_LANE_CAPACITY);
    complete = complete && w->lane;
    if (complete) turns_init(&w->turns, queue_ring(w->lane));
  }
  if (complete) return s;
  batch_spheres_stop(s);
  return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_spheres_start: no memory for %u lanes",
                    options->num_spheres);
}

BatchSpheres *batch_spheres_start(const batch_spheres_options *options) {
  HOLD_CANCELLATION;
  static const options_type type = OPTIONS_TYPE(batch_spheres_options, BATCH_SPHERES_OPTIONS_INIT, context);
  batch_spheres_options mine;
  if (!options_read(&type, "batch_spheres_start", "options", options, &mine) || !options_check(&mine))
    return NULL;
  BatchSpheres *s = spheres_make(&mine);
  if (!s) return NULL;
  for (; s->started < s->num_spheres; s->started++) {
    worker *w = &s->workers[s->started];
    int error = thread_start(&w->thread, worker_run, w);
    if (error == 0) continue;
    uint32_t number = w->number;
    batch_spheres_stop(s);
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_spheres_start: no thread for sphere %u of %u: %s",
                      number, mine.num_spheres, strerror(error));
  }
  return s;
}

bool spheres_are_elsewhere(const char *function, const BatchSpheres *s) {
  if (s->generation == thread_generation()) return false;
  error_set(BATCH_ERROR_UNSUPPORTED,
            "%s: the workers are in the process that forked this one, expected spheres started here",
            function);
  return true;
}

void batch_spheres_drain(BatchSpheres *spheres) {
  if (!spheres) {
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_drain: spheres is NULL");
    return;
  }
  if (spheres_are_elsewhere("batch_spheres_drain", spheres)) return;
  drain_begin(&spheres->drains);
  for (uint32_t i = 0; i < spheres->num_spheres; i++)
    drain_lane(&spheres->drains, &spheres->workers[i].turns, queue_tail(spheres->workers[i].lane));
  for (uint32_t i = 0; i < spheres->num_spheres; i++) {
    drain_turn(&spheres->drains, &spheres->workers[i].turns);
    handed_over(&spheres->workers[i]);
  }
  drain_end(&spheres->drains);
}

void batch_spheres_stop(BatchSpheres *spheres) {
  HOLD_CANCELLATION;
  if (!spheres) return;
  live_leave("batch_spheres_stop", spheres);
  for (uint32_t i = 0; i < spheres->num_spheres; i++)
    if (spheres->workers[i].lane) batch_queue_close(spheres->workers[i].lane);
  atomic_store_explicit(&spheres->closed, true, memory_order_seq_cst); /* a NOTICE of event.h */
  event_notify_all(&spheres->work);
  uint32_t here = spheres->generation == thread_generation() ? spheres->started : 0;
  for (uint32_t i = 0; i < here; i++) pthread_join(spheres->workers[i].thread, NULL);
  for (uint32_t i = 0; i < spheres->num_spheres; i++) batch_queue_free(spheres->workers[i].lane);
  free(spheres);
}

bool batch_spheres_get_stats(const BatchSpheres *spheres, uint32_t sphere, batch_sphere_stats *stats) {
  static const options_type type = OPTIONS_TYPE(batch_sphere_stats, BATCH_SPHERE_STATS_INIT, stolen);
  static const char function[] = "batch_spheres_get_stats";
  if (!spheres || !stats)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      spheres ? "stats" : "spheres");
  if (sphere >= spheres->num_spheres)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: sphere is %u, expected 0 to %u", function, sphere,
                      spheres->num_spheres - 1);
  if (spheres_are_elsewhere(function, spheres)) return false;
  const worker *w = &spheres->workers[sphere];
  batch_sphere_stats mine = BATCH_SPHERE_STATS_INIT;
  mine.processed = atomic_load_explicit(&w->processed, memory_order_relaxed);
  mine.stolen = atomic_load_explicit(&w->stolen, memory_order_relaxed);
  return options_write(&type, function, "stats", &mine, stats);
}
