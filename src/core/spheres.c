/* Lanes: a queue and a worker a sphere, one event for all workers, one for those who drain.

   The pairs of memory orders, beside those of the queue and of event.h:
     DISPATCHED  dispatch: the enqueue's seq_cst CAS -> a worker's seq_cst look into every lane
     HOLDS       worker: store of an odd turn, which the dequeue's CAS of head publishes
     DRAINS      drain: load of head, then of the turn: who sees the batch gone sees that its worker may
                 hold it
     DONE        worker: seq_cst store of an even turn -> drain's seq_cst load
     GOAL        drain: seq_cst CAS of a lane's goal, then load of its head; worker: the dequeue's seq_cst
                 CAS of head, then load of the goal. At least one sees the other
     ASKED       drain: seq_cst add to `drains`, and to a worker's `asked`, then loads of heads and of its
                 turn; worker: the dequeue's CAS and the store of the turn, then loads of both. The same
   So who drains is told when a worker has ended what it waits for, not after each batch, and a worker looks at one
   word while nobody drains. Telling is a NOTICE of event.h. */
#include <headrace/spheres.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "base/options.h"
#include "base/sanitizers.h"
#include "core/batch_header.h"
#include "core/spheres_internal.h"
#include "sync/line.h"
#include "sync/thread.h"

enum { DEFAULT_LANE_CAPACITY = 64 };
#define NO_GOAL UINT64_MAX /* further than any position */

typedef struct search {
  worker *self;
  worker *from; /* whose lane the batch was in */
  Batch *batch; /* NULL after success: every lane is closed and drained */
} search;

/* Only the worker itself writes its counts. */
static void count_up(_Atomic uint64_t *count, memory_order order) {
  atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, order);
}

/* Takes the lane's goal away if it has been reached, and says whether: those who saw it must be told. Who waits for
   more sets a goal anew. */
static bool reach_goal(worker *w) {
  uint64_t goal = atomic_load_explicit(&w->goal, memory_order_seq_cst); /* GOAL: pairs with set_goal */
  while (goal != NO_GOAL && ring_distance(queue_head(w->lane), goal) >= 0)
    if (atomic_compare_exchange_weak_explicit(&w->goal, &goal, NO_GOAL, memory_order_seq_cst,
                                              memory_order_seq_cst))
      return true;
  return false;
}

/* Tells who drains of the end of a turn, in which a batch from that worker's lane, NULL: none, has been processed. */
COLD static void tell_drains(worker *self, worker *from) {
  bool reached = from && reach_goal(from);
  /* ASKED: seq_cst; pairs with the add in end_of_turn. */
  if (reached || atomic_load_explicit(&self->asked, memory_order_seq_cst) > 0)
    event_notify_all(&self->spheres->drained);
}

static void end_turn(worker *self, worker *from) {
  hand_over(self);
  count_up(&self->turn, memory_order_seq_cst); /* DONE: pairs with the load in turn_is_over */
  /* ASKED: seq_cst; pairs with the add in batch_spheres_drain. */
  if (atomic_load_explicit(&self->spheres->drains, memory_order_seq_cst) > 0) tell_drains(self, from);
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
  bool closed =
      atomic_load_explicit(&s->closed, memory_order_seq_cst); /* before the looks: what is empty stays so */
  look->from = look->self;
  look->batch = batch_queue_try_dequeue(look->from->lane);
  while (!look->batch && (look->from = with_fullest_lane(s, look->self)))
    look->batch = batch_queue_try_dequeue(look->from->lane);
  return look->batch || closed;
}

/* One search, which leaves the turn odd when it found a batch. */
static bool find_work(void *context) {
  search *look = context;
  count_up(&look->self->turn, memory_order_relaxed); /* HOLDS: pairs with DRAINS in turn_is_over */
  bool over = look_everywhere(look);
  if (!look->batch) end_turn(look->self, NULL);
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
    if (look.from != self) count_up(&self->stolen, memory_order_relaxed);
    end_turn(self, look.from);
  }
}

/* What drain waits for: that a lane's batches up to a position have been taken, then that its worker has ended the
   turn that it was in. */
typedef struct drain {
  worker *worker;
  uint64_t tail, turn;
} drain;

/* Lets a worker tell when the lane's head has got to `position`; of several that are waited for the nearest is told. */
static void set_goal(worker *w, uint64_t position) {
  uint64_t goal = atomic_load_explicit(&w->goal, memory_order_seq_cst);
  while (goal == NO_GOAL || ring_distance(position, goal) < 0) /* GOAL: seq_cst; pairs with reach_goal */
    if (atomic_compare_exchange_weak_explicit(&w->goal, &goal, position, memory_order_seq_cst,
                                              memory_order_seq_cst))
      return;
}

static bool lane_is_past(void *context) {
  const drain *d = context;
  set_goal(d->worker, d->tail);
  return ring_distance(queue_head(d->worker->lane), d->tail) >= 0;
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
  atomic_init(&s->drains, 0);
  event_init(&s->work);
  event_init(&s->drained);
  atomic_init(&s->closed, false);
  bool complete = true;
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    worker *w = &s->workers[i];
    *w = (worker){.spheres = s, .number = i, .goal = NO_GOAL};
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

bool spheres_are_elsewhere(const char *function, const BatchSpheres *s) {
  if (s->generation == thread_generation()) return false;
  error_set(BATCH_ERROR_UNSUPPORTED,
            "%s: the workers are in the process that forked this one, expected spheres started here",
            function);
  return true;
}

static void drain_wait(BatchSpheres *s, event_retry *is_over, drain *d) {
  if (!is_over(d)) event_wait(&s->drained, is_over, d, BATCH_FOREVER);
}

/* Until what the worker may hold has been processed. */
static void end_of_turn(BatchSpheres *s, worker *w) {
  drain d = {.worker = w, .turn = atomic_load_explicit(&w->turn, memory_order_seq_cst)};
  if (d.turn % 2 == 0) return;
  atomic_fetch_add_explicit(&w->asked, 1,
                            memory_order_seq_cst); /* ASKED: pairs with the load in tell_drains */
  drain_wait(s, turn_is_over, &d);
  atomic_fetch_sub_explicit(&w->asked, 1, memory_order_relaxed);
}

/* A batch dispatched before is inside its lane up to that lane's tail, or with a worker in its turn. */
void batch_spheres_drain(BatchSpheres *spheres) {
  if (!spheres) {
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_drain: spheres is NULL");
    return;
  }
  if (spheres_are_elsewhere("batch_spheres_drain", spheres)) return;
  atomic_fetch_add_explicit(&spheres->drains, 1,
                            memory_order_seq_cst); /* ASKED: pairs with the load in end_turn */
  for (uint32_t i = 0; i < spheres->num_spheres; i++) {
    worker *w = &spheres->workers[i];
    drain d = {.worker = w, .tail = queue_tail(w->lane)};
    if (ring_distance(queue_head(w->lane), d.tail) < 0) drain_wait(spheres, lane_is_past, &d);
  }
  for (uint32_t i = 0; i < spheres->num_spheres; i++) {
    end_of_turn(spheres, &spheres->workers[i]);
    handed_over(&spheres->workers[i]);
  }
  atomic_fetch_sub_explicit(&spheres->drains, 1, memory_order_relaxed);
}

void batch_spheres_stop(BatchSpheres *spheres) {
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
