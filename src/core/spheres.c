/* Lanes: a queue and a worker a sphere, one event for all workers, one for those who drain.

   The pairs of memory orders, beside those of the queue and of event.h (whose NOTICE is an
   operation's own seq_cst RMW):
     DISPATCHED  dispatch: the enqueue's seq_cst CAS  ->  a worker's seq_cst look into every lane
     PROCESSED   worker: seq_cst add to its count     ->  drained(): seq_cst loads of the counts */
#include <headrace/distribute.h>
#include <headrace/queue.h>
#include <headrace/spheres.h>

#include <pthread.h>
#include <stdlib.h>

#include "core/error.h"
#include "sync/counters.h"
#include "sync/event.h"

enum { MAX_SPHERES = 1024, DEFAULT_LANE_CAPACITY = 64 };
enum { DISPATCHED };

typedef struct worker {
  BatchSpheres *spheres;
  uint32_t number;
  pthread_t thread;
  BatchQueue *lane;
  /* Written by this worker alone, read by anyone. */
  _Alignas(PORT_LINE) _Atomic uint64_t processed;
  _Atomic uint64_t stolen;
} worker;

struct BatchSpheres {
  uint32_t num_spheres;
  uint32_t started; /* workers whose thread runs */
  batch_spheres_options options;
  event work;    /* workers wait on it for any lane to have something */
  event drained; /* drain waits on it */
  counters dispatches;
  _Atomic uint64_t refused; /* of these, by a closed lane */
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

/* Looks into every lane. Decides "nothing there" by try_dequeue, whose loads are seq_cst. */
static bool find_work(void *context) {
  search *look = context;
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

static void *worker_run(void *context) {
  worker *self = context;
  BatchSpheres *s = self->spheres;
  search look = {.self = self};
  for (;;) {
    if (!find_work(&look)) event_wait(&s->work, find_work, &look, BATCH_FOREVER);
    if (!look.batch) return NULL;
    s->options.process(s->options.context, self->number, look.batch);
    batch_release(look.batch);
    if (look.stolen) atomic_fetch_add_explicit(&self->stolen, 1, memory_order_relaxed);
    /* PROCESSED: seq_cst; pairs with the loads in is_drained. */
    atomic_fetch_add_explicit(&self->processed, 1, memory_order_seq_cst);
    event_notify_all(&s->drained);
  }
}

/* Reads what is done before what was dispatched: equal sums mean that both were equal in between. */
static bool is_drained(void *context) {
  BatchSpheres *s = context;
  uint64_t done = atomic_load_explicit(&s->refused, memory_order_seq_cst);
  for (uint32_t i = 0; i < s->num_spheres; i++)
    done += atomic_load_explicit(&s->workers[i].processed, memory_order_seq_cst);
  return done == counters_sum(&s->dispatches, DISPATCHED);
}

static bool options_check(const batch_spheres_options *options) {
  if (!options || !options->process)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_spheres_start: options or options->process is NULL");
  if (options->num_spheres == 0 || options->num_spheres > MAX_SPHERES)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_spheres_start: num_spheres is %u, expected 1 to %d",
                      options->num_spheres, MAX_SPHERES);
  return true;
}

/* Everything but the threads. */
static BatchSpheres *spheres_make(const batch_spheres_options *options) {
  size_t bytes = sizeof(BatchSpheres) + options->num_spheres * sizeof(worker);
  BatchSpheres *s = aligned_alloc(PORT_LINE, (bytes + PORT_LINE - 1) & ~(size_t)(PORT_LINE - 1));
  if (!s)
    return error_null(BATCH_OUT_OF_MEMORY, "batch_spheres_start: no memory for %u spheres",
                      options->num_spheres);
  s->num_spheres = options->num_spheres;
  s->started = 0;
  s->options = *options;
  event_init(&s->work);
  event_init(&s->drained);
  counters_reset(&s->dispatches);
  atomic_store_explicit(&s->refused, 0, memory_order_relaxed);
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
  return NULL;
}

BatchSpheres *batch_spheres_start(const batch_spheres_options *options) {
  if (!options_check(options)) return NULL;
  BatchSpheres *s = spheres_make(options);
  if (!s) return NULL;
  for (; s->started < s->num_spheres; s->started++) {
    worker *w = &s->workers[s->started];
    int error = pthread_create(&w->thread, NULL, worker_run, w);
    if (error == 0) continue;
    batch_spheres_stop(s);
    return error_null(BATCH_OUT_OF_MEMORY, "batch_spheres_start: no thread for sphere %u (error %d)",
                      w->number, error);
  }
  return s;
}

bool batch_spheres_dispatch(BatchSpheres *spheres, uint32_t lane, Batch *batch) {
  if (!spheres || !batch)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_spheres_dispatch: spheres or batch is NULL");
  if (lane == BATCH_SPHERES_ANY) lane = batch_symmetry_group(batch) % spheres->num_spheres;
  if (lane >= spheres->num_spheres)
    return error_fail(BATCH_INVALID_ARGUMENT,
                      "batch_spheres_dispatch: lane is %u, expected 0 to %u or BATCH_SPHERES_ANY", lane,
                      spheres->num_spheres - 1);
  counters_add(&spheres->dispatches, DISPATCHED,
               1); /* relaxed: before the enqueue that shows the batch to anyone */
  if (batch_queue_enqueue(spheres->workers[lane].lane, batch)) {
    event_notify(&spheres->work, 1);
    return true;
  }
  atomic_fetch_add_explicit(&spheres->refused, 1, memory_order_seq_cst); /* PROCESSED, as it were */
  event_notify_all(&spheres->drained);
  return false;
}

bool batch_spheres_dispatch_split(BatchSpheres *spheres, Batch *batch) {
  if (!spheres || !batch)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_spheres_dispatch_split: spheres or batch is NULL");
  Batch **parts = calloc(spheres->num_spheres, sizeof *parts);
  if (!parts) return error_fail(BATCH_OUT_OF_MEMORY, "batch_spheres_dispatch_split: no memory for the parts");
  bool dispatched = batch_distribute_to_spheres(batch, spheres->num_spheres, parts);
  for (uint32_t i = 0; dispatched && i < spheres->num_spheres; i++)
    if (parts[i] && !batch_spheres_dispatch(spheres, i, parts[i])) batch_release(parts[i]);
  free(parts);
  if (dispatched) batch_release(batch);
  return dispatched;
}

void batch_spheres_drain(BatchSpheres *spheres) {
  if (!spheres)
    error_set(BATCH_INVALID_ARGUMENT, "batch_spheres_drain: spheres is NULL");
  else if (!is_drained(spheres))
    event_wait(&spheres->drained, is_drained, spheres, BATCH_FOREVER);
}

void batch_spheres_stop(BatchSpheres *spheres) {
  if (!spheres) return;
  for (uint32_t i = 0; i < spheres->num_spheres; i++)
    if (spheres->workers[i].lane) batch_queue_close(spheres->workers[i].lane);
  event_notify_all(&spheres->work);
  for (uint32_t i = 0; i < spheres->started; i++) pthread_join(spheres->workers[i].thread, NULL);
  for (uint32_t i = 0; i < spheres->num_spheres; i++) batch_queue_free(spheres->workers[i].lane);
  free(spheres);
}

bool batch_spheres_get_stats(const BatchSpheres *spheres, uint32_t sphere, batch_sphere_stats *stats) {
  if (!spheres || !stats || sphere >= spheres->num_spheres)
    return error_fail(BATCH_INVALID_ARGUMENT,
                      "batch_spheres_get_stats: sphere is %u, expected less than %u, and stats not NULL",
                      sphere, spheres ? spheres->num_spheres : 0);
  const worker *w = &spheres->workers[sphere];
  stats->processed = atomic_load_explicit(&w->processed, memory_order_relaxed);
  stats->stolen = atomic_load_explicit(&w->stolen, memory_order_relaxed);
  return true;
}
