/* Lanes: a queue and a worker a sphere, one event for all workers, one for those who drain.

   The pairs of memory orders, beside those of the queue and of event.h:
     DISPATCHED  dispatch: the enqueue's seq_cst CAS -> a worker's seq_cst look into every lane
     HOLDS       worker: seq_cst store of an odd turn, then the dequeue's seq_cst CAS of head
     DRAINS      drain: seq_cst load of head, then seq_cst load of the turn: who sees the batch gone
                 sees that its worker may hold it
     DONE        worker: seq_cst store of an even turn -> drain's seq_cst load; a NOTICE of event.h */
#include <headrace/spheres.h>

#include <headrace/distribute.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "base/options.h"
#include "base/sanitizers.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/queue_internal.h"
#include "sync/event.h"
#include "sync/line.h"
#include "sync/thread.h"

enum { MAX_SPHERES = 1024, DEFAULT_LANE_CAPACITY = 64 };

typedef struct worker {
  BatchSpheres *spheres;
  uint32_t number;
  pthread_t thread;
  BatchQueue *lane;
  /* Written by this worker alone, read by anyone. turn is odd while the worker may hold a batch. */
  _Alignas(PORT_LINE) _Atomic uint64_t turn;
  _Atomic uint64_t processed;
  _Atomic uint64_t stolen;
} worker;

struct BatchSpheres {
  uint32_t num_spheres;
  unsigned generation; /* of the process that the workers are in, see thread.h */
  uint32_t started;    /* workers whose thread runs */
  batch_spheres_options options;
  event work;    /* workers wait on it for any lane to have something */
  event drained; /* drain waits on it for workers to end their turns */
  worker workers[];
};

/* Takes from the lane with most batches inside, a hint that may be stale, but not from its own. */
static Batch *steal_from_fullest(BatchSpheres *s, const worker *self) {
  uint32_t fullest = self->number, most = 0;
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    uint32_t size = i == self->number ? 0 : batch_queue_size(s->workers[i].lane);
    if (size > most) most = size, fullest = i;
  }
  return most > 0 ? batch_queue_try_dequeue(s->workers[fullest].lane) : NULL;
}

typedef struct search {
  worker *self;
  Batch *batch; /* NULL after success: every lane is closed and drained */
  bool stolen;
} search;

/* Only the worker itself writes its counts. */
static void count_up(_Atomic uint64_t *count, memory_order order) {
  atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, order);
}

static void end_turn(worker *self) {
  hand_over(self);
  count_up(&self->turn, memory_order_seq_cst); /* DONE: pairs with the load in turn_is_over */
  event_notify_all(&self->spheres->drained);
}

/* Looks into every lane. Decides "nothing there" by try_dequeue, whose loads are seq_cst. */
static bool look_everywhere(search *look) {
  BatchSpheres *s = look->self->spheres;
  bool all_closed = true;
  look->batch = batch_queue_try_dequeue(look->self->lane);
  look->stolen = !look->batch;
  if (!look->batch) look->batch = steal_from_fullest(s, look->self);
  for (uint32_t i = 0; !look->batch && i < s->num_spheres; i++) {
    batch_status status = batch_queue_dequeue_until(s->workers[i].lane, &look->batch, BATCH_NO_WAIT);
    all_closed = all_closed && status == BATCH_CLOSED;
    look->stolen = i != look->self->number;
  }
  return look->batch || all_closed;
}

/* One search, which leaves the turn odd when it found a batch. */
static bool find_work(void *context) {
  search *look = context;
  count_up(&look->self->turn, memory_order_seq_cst); /* HOLDS: pairs with DRAINS in turn_is_over */
  bool over = look_everywhere(look);
  if (!look->batch) end_turn(look->self);
  return over;
}

static void *worker_run(void *context) {
  worker *self = context;
  BatchSpheres *s = self->spheres;
  pthread_setname_np(pthread_self(), "headrace-sphere");
  search look = {.self = self};
  for (;;) {
    if (!find_work(&look)) event_wait(&s->work, find_work, &look, BATCH_FOREVER);
    if (!look.batch) return NULL;
    s->options.process(s->options.context, self->number, look.batch);
    batch_header_release(batch_header_of(look.batch), "batch_spheres_start: a worker");
    count_up(&self->processed, memory_order_relaxed);
    if (look.stolen) count_up(&self->stolen, memory_order_relaxed);
    end_turn(self);
  }
}

/* What drain waits for: that a lane's batches up to a position have been taken, then that a worker
   has ended the turn it was in. */
typedef struct drain {
  const BatchQueue *lane;
  uint64_t tail;
  const worker *worker;
  uint64_t turn;
} drain;

static bool lane_is_past(void *context) {
  const drain *d = context;
  return ring_distance(queue_head(d->lane), d->tail) >= 0;
}

static bool turn_is_over(void *context) {
  const drain *d = context;
  return atomic_load_explicit(&d->worker->turn, memory_order_seq_cst) != d->turn; /* DRAINS */
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
  event_init(&s->drained);
  bool complete = true;
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    worker *w = &s->workers[i];
    *w = (worker){.spheres = s, .number = i};
    if (complete)
      w->lane = batch_queue_create(options->lane_capacity ? options->lane_capacity : DEFAULT_LANE_CAPACITY);
    complete = complete && w->lane;
  }
  if (complete) return s;
  batch_spheres_stop(s);
  return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_spheres_start: no memory for %u lanes",
                    options->num_spheres);
}

BatchSpheres *batch_spheres_start(const batch_spheres_options *options) {
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

/* Whether the workers stayed behind in a fork. */
static bool are_elsewhere(const char *function, const BatchSpheres *s) {
  if (s->generation == thread_generation()) return false;
  error_set(BATCH_ERROR_UNSUPPORTED,
            "%s: the workers are in the process that forked this one, expected spheres started here",
            function);
  return true;
}

/* Hands a batch to a lane in the name of `function`. */
static bool dispatch(const char *function, BatchSpheres *s, uint32_t lane, Batch *batch) {
  batch_header_check(function, batch); /* here, since the queue has a name of its own */
  if (!batch_queue_enqueue(s->workers[lane].lane, batch))
    return error_fail(BATCH_CLOSED, "%s: lane %u is closed: batch_spheres_stop has begun", function, lane);
  event_notify(&s->work, 1);
  return true;
}

bool batch_spheres_dispatch(BatchSpheres *spheres, uint32_t lane, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch";
  if (!spheres || !batch)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      spheres ? "batch" : "spheres");
  if (are_elsewhere(function, spheres)) return false;
  if (lane == BATCH_SPHERES_ANY) lane = batch_symmetry_group(batch) % spheres->num_spheres;
  if (lane >= spheres->num_spheres)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: lane is %u, expected 0 to %u or BATCH_SPHERES_ANY",
                      function, lane, spheres->num_spheres - 1);
  return dispatch(function, spheres, lane, batch);
}

/* One view a lane, the lower lanes when there are fewer rows than lanes. Lanes close from the lowest up, and
   only at the end: once a view has been refused, the rest of the batch has nowhere to go. */
bool batch_spheres_dispatch_split(BatchSpheres *spheres, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch_split";
  if (!spheres) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: spheres is NULL", function);
  if (are_elsewhere(function, spheres)) return false;
  if (!batch_check(function, batch)) return false;
  uint32_t n = spheres->num_spheres < batch->batch_size ? spheres->num_spheres : batch->batch_size, given = 0;
  Batch **parts = calloc(n, sizeof *parts);
  if (!parts) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %u parts", function, n);
  bool is_split = batch_split_views(function, batch, n, parts);
  while (is_split && given < n && dispatch(function, spheres, given, parts[given])) given++;
  for (uint32_t i = given; is_split && i < n; i++) batch_header_release(batch_header_of(parts[i]), function);
  free(parts);
  if (given < n) return false;
  batch_header_release(batch_header_of(batch), function);
  return true;
}

static void drain_wait(BatchSpheres *s, event_retry *is_over, drain *d) {
  if (!is_over(d)) event_wait(&s->drained, is_over, d, BATCH_FOREVER);
}

/* A batch dispatched before is inside its lane up to that lane's tail, or with a worker in its turn. */
void batch_spheres_drain(BatchSpheres *spheres) {
  if (!spheres) {
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_drain: spheres is NULL");
    return;
  }
  if (are_elsewhere("batch_spheres_drain", spheres)) return;
  for (uint32_t i = 0; i < spheres->num_spheres; i++) {
    const BatchQueue *lane = spheres->workers[i].lane;
    drain_wait(spheres, lane_is_past, &(drain){.lane = lane, .tail = queue_tail(lane)});
  }
  for (uint32_t i = 0; i < spheres->num_spheres; i++) {
    const worker *w = &spheres->workers[i];
    uint64_t turn = atomic_load_explicit(&w->turn, memory_order_seq_cst);
    if (turn % 2 == 1) drain_wait(spheres, turn_is_over, &(drain){.worker = w, .turn = turn});
    handed_over(w);
  }
}

void batch_spheres_stop(BatchSpheres *spheres) {
  if (!spheres) return;
  live_leave("batch_spheres_stop", spheres);
  for (uint32_t i = 0; i < spheres->num_spheres; i++)
    if (spheres->workers[i].lane) batch_queue_close(spheres->workers[i].lane);
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
  if (are_elsewhere(function, spheres)) return false;
  const worker *w = &spheres->workers[sphere];
  batch_sphere_stats mine = BATCH_SPHERE_STATS_INIT;
  mine.processed = atomic_load_explicit(&w->processed, memory_order_relaxed);
  mine.stolen = atomic_load_explicit(&w->stolen, memory_order_relaxed);
  return options_write(&type, function, "stats", &mine, stats);
}
