#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/guard.h"
#include "base/live.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/polled.h"
#include "core/batch_internal.h"
#include "loader/loader_internal.h"
#include "sync/line.h"
#include "sync/thread.h"

/* --- creation --- */

/* Puts the name of the function that was called before a sentence without one, or with the name of one that
   we have called. */
static void *refused(const char *function) {
  static const char *const callees[] = {
      "batch_pool_create_with: ", "batch_create_with: ", "batch_launcher_rank: ", "headrace: "};
  batch_status code = batch_last_error()->code;
  const char *message = batch_last_error()->message;
  for (size_t i = 0; i < sizeof callees / sizeof *callees; i++)
    if (strncmp(message, callees[i], strlen(callees[i])) == 0) message += strlen(callees[i]);
  return error_null(code, "%s: %s", function, message);
}

static BatchLoader *allocate_loader(const batch_loader_options *o) {
  BatchLoader *loader = thread_prepare() == 0 ? line_alloc(sizeof *loader) : NULL;
  if (!loader) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a loader");
  live_enter(loader);
  memset(loader, 0, sizeof *loader);
  loader->generation = thread_generation();
  loader->faults = o->faults;
  loader->as_they_come = o->as_they_come;
  loader->num_workers = o->workers ? o->workers : 1;
  return loader;
}

static bool make_pool(BatchLoader *loader, const batch_loader_options *o, uint32_t size) {
  batch_pool_options pool = BATCH_POOL_OPTIONS_INIT;
  pool.pool_size = size;
  pool.shape = loader_shape(o);
  loader->pool = batch_pool_create_with(&pool);
  if (!loader->pool) return false;
  return delivery_init(&loader->delivery, size, loader->recipe.schedule.total) ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %u places", size);
}

static bool make_workers(BatchLoader *loader, uint64_t resident_bytes) {
  resident_init(&loader->resident, &loader->recipe, resident_bytes);
  size_t bytes;
  if (memory_multiply(loader->num_workers, sizeof(worker), &bytes)) loader->workers = line_alloc(bytes);
  if (!loader->workers) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for workers");
  memset(loader->workers, 0, bytes);
  for (uint32_t i = 0; i < loader->num_workers; i++) {
    worker *w = &loader->workers[i];
    w->loader = loader;
    atomic_init(&w->step, UINT64_MAX);
    if (!filler_init(&w->filler, &loader->recipe)) return false;
  }
  return true;
}

static bool start_workers(BatchLoader *loader) {
  loader->started = port_clock();
  for (; loader->running < loader->num_workers; loader->running++) {
    worker *w = &loader->workers[loader->running];
    int answer = thread_start(&w->thread, worker_run, w);
    if (answer != 0)
      return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no thread for worker %u of %u: %s", loader->running,
                        loader->num_workers, strerror(answer));
  }
  return true;
}

static BatchLoader *create(const batch_loader_source *sources, size_t n,
                           const batch_loader_options *options) {
  if (!loader_check_options(options)) return NULL;
  BatchLoader *loader = allocate_loader(options);
  if (!loader) return NULL;
  uint32_t pool_size = options->pool_size ? options->pool_size : 2 * loader->num_workers + 2;
  if (guard_install() && loader_make_recipe(&loader->recipe, sources, n, options) &&
      make_pool(loader, options, pool_size) && make_workers(loader, options->resident_bytes) &&
      start_workers(loader))
    return loader;
  batch_loader_free(loader);
  return NULL;
}

static bool check_sources(const batch_loader_source *sources, size_t n) {
  if (!sources) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "sources is NULL, expected datasets");
  if (n == 0) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "n is 0, expected at least one source");
  for (size_t i = 0; i < n; i++)
    if (!sources[i].dataset)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "sources[%zu].dataset is NULL, expected a dataset", i);
  return true;
}

BatchLoader *batch_loader_create_mixed(const batch_loader_source *sources, size_t n,
                                       const batch_loader_options *options) {
  static const char function[] = "batch_loader_create_mixed";
  batch_loader_options mine;
  if (!check_sources(sources, n)) return refused(function);
  if (!loader_read_options(function, options, &mine)) return NULL;
  BatchLoader *loader = create(sources, n, &mine);
  return loader ? loader : refused(function);
}

BatchLoader *batch_loader_create(const BatchDataset *dataset, const batch_loader_options *options) {
  static const char function[] = "batch_loader_create";
  batch_loader_options mine;
  if (!dataset)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: dataset is NULL, expected a dataset", function);
  if (!loader_read_options(function, options, &mine)) return NULL;
  BatchLoader *loader = create(&(batch_loader_source){dataset, 0.0}, 1, &mine);
  return loader ? loader : refused(function);
}

/* --- the end --- */

static bool is_elsewhere(const BatchLoader *loader) {
  return loader->generation != thread_generation();
}

bool loader_is_elsewhere(const char *function, const BatchLoader *loader) {
  if (!is_elsewhere(loader)) return false;
  error_set(BATCH_ERROR_UNSUPPORTED,
            "%s: the loader's workers are in the process that forked this one, expected a loader made here",
            function);
  return true;
}

static void close_parts(BatchLoader *loader) {
  atomic_store_explicit(&loader->closed, true, memory_order_relaxed); /* see closed() in worker.c */
  delivery_close(&loader->delivery);
  batch_pool_close(loader->pool);
}

void batch_loader_close(BatchLoader *loader) {
  if (loader && !loader_is_elsewhere("batch_loader_close", loader)) close_parts(loader);
}

static void free_workers(BatchLoader *loader) {
  uint32_t here = is_elsewhere(loader) ? 0 : loader->running;
  for (uint32_t i = 0; i < here; i++) pthread_join(loader->workers[i].thread, NULL);
  for (uint32_t i = 0; loader->workers && i < loader->num_workers; i++)
    filler_free(&loader->workers[i].filler);
  free(loader->workers);
}

/* Also of a loader whose creation failed half-way: it has no pool, or no delivery, yet. In a child there is
   nobody to join: what the workers had in hand at the fork stays with the child's copy of the pool. */
void batch_loader_free(BatchLoader *loader) {
  if (!loader) return;
  live_leave("batch_loader_free", loader);
  if (loader->pool) close_parts(loader);
  free_workers(loader);
  if (loader->pool) delivery_free(&loader->delivery);
  batch_pool_free(loader->pool);
  plan_free(&loader->recipe.plan);
  free(loader->recipe.transforms);
  free(loader);
}

/* --- taking batches --- */

static batch_status report(BatchLoader *loader, const char *function, batch_status answer) {
  switch (answer) {
  case BATCH_OK:
    return BATCH_OK;
  case BATCH_EMPTY:
    return error_note(answer, function, "no batch is ready");
  case BATCH_TIMEDOUT:
    return error_note(answer, function, "the deadline passed");
  case BATCH_END:
    return error_note(answer, function, "the last batch has been delivered");
  case BATCH_CLOSED:
    return error_note(answer, function, "the loader is closed");
  default:
    return error_set(answer, "%s: %s", function, delivery_stopped(&loader->delivery)->message);
  }
}

static void add(BatchLoader *loader, unsigned kind, uint64_t amount) {
  counters_add(&loader->counts, kind, amount);
}

static batch_status deliver(BatchLoader *loader, const delivery_item *item, Batch **batch) {
  add(loader, COUNT_BATCHES, 1);
  add(loader, COUNT_TOKENS, item->tokens);
  *batch = item->batch;
  return BATCH_OK;
}

static batch_status stop(BatchLoader *loader, const delivery_item *item) {
  delivery_stop(&loader->delivery, item->step, item->why);
  batch_release(item->batch);
  return item->why->code;
}

/* Does with a batch that had a fault what the policy says; with BATCH_FAULT_SKIP its status is OK. */
static batch_status settle(BatchLoader *loader, const char *function, const delivery_item *item,
                           Batch **batch) {
  error_set(item->why->code, "%s: %s", function, item->why->message);
  return loader->faults == BATCH_FAULT_STOP ? stop(loader, item) : deliver(loader, item, batch);
}

static batch_status take(BatchLoader *loader, const char *function, Batch **batch, uint64_t deadline) {
  fault why;
  delivery_item item = {.why = &why};
  uint64_t waited;
  if (batch) *batch = NULL;
  if (!loader || !batch)
    return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, loader ? "batch is NULL" : "loader is NULL");
  if (loader_is_elsewhere(function, loader)) return BATCH_ERROR_UNSUPPORTED;
  batch_status answer = delivery_take(&loader->delivery, &item, deadline, &waited);
  if (waited) add(loader, COUNT_TRAINER_WAIT, waited);
  if (answer != BATCH_OK) return report(loader, function, answer);
  return why.code == BATCH_OK ? deliver(loader, &item, batch) : settle(loader, function, &item, batch);
}

batch_status batch_loader_next_until(BatchLoader *loader, Batch **batch, uint64_t deadline) {
  return take(loader, "batch_loader_next_until", batch, deadline);
}

Batch *batch_loader_next(BatchLoader *loader) {
  Batch *batch;
  take(loader, "batch_loader_next", &batch, BATCH_FOREVER);
  return batch;
}

/* Whether there is a loader that may be polled here; false: refused in the name of `function`. */
static bool may_poll(const char *function, const BatchLoader *loader) {
  if (!loader) return error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "loader is NULL"), false;
  return !loader_is_elsewhere(function, loader);
}

int batch_loader_fd(BatchLoader *loader) {
  static const char function[] = "batch_loader_fd";
  return may_poll(function, loader) ? polled_fd(function, &loader->delivery.window.ready) : -1;
}

batch_status batch_loader_arm(BatchLoader *loader) {
  static const char function[] = "batch_loader_arm";
  if (!may_poll(function, loader)) return batch_last_error()->code;
  batch_status found;
  delivery *d = &loader->delivery;
  bool is_armed = polled_arm(function, &d->window.ready, delivery_look, d, &found);
  return is_armed && found != BATCH_READY ? report(loader, function, found) : found;
}

/* --- looking back and at the figures --- */

static const char replaying[] = "batch_loader_replay";

static Batch *replay(BatchLoader *loader, filler *f, const schedule_place *place) {
  Batch *batch = batch_create_with(&loader->recipe.shape);
  if (!batch) return refused(replaying);
  filler_fill(f, place, batch);
  if (f->fault.code != BATCH_OK) error_set(f->fault.code, "%s: %s", replaying, f->fault.message);
  if (batch->status == BATCH_OK) return batch;
  batch_release(batch);
  return NULL;
}

Batch *batch_loader_replay(BatchLoader *loader, uint64_t epoch, uint64_t step) {
  schedule_place place;
  if (!loader) return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_replay: loader is NULL");
  if (loader_is_elsewhere("batch_loader_replay", loader)) return NULL;
  const schedule *s = &loader->recipe.schedule;
  if (!schedule_find(s, epoch, step, &place))
    return error_null(
        BATCH_ERROR_OUT_OF_RANGE,
        "batch_loader_replay: step is %llu of epoch %llu, expected one of the %llu steps of %llu "
        "epochs that this loader has",
        (unsigned long long)step, (unsigned long long)epoch, (unsigned long long)s->epoch_steps,
        (unsigned long long)s->epochs);
  filler f;
  Batch *batch = filler_init(&f, &loader->recipe) ? replay(loader, &f, &place) : refused(replaying);
  filler_free(&f);
  return batch;
}

/* Whose waiting costs more: below a twentieth of the time it counts for nothing. */
static const char *bottleneck(const BatchLoader *loader, const batch_loader_stats *s) {
  uint64_t trainer = s->trainer_wait_ns, workers = s->worker_wait_ns / s->workers;
  uint64_t least = (port_clock() - loader->started) / 20;
  if (trainer < least && workers < least) return "none";
  return trainer > workers ? "data" : "trainer";
}

bool batch_loader_get_stats(const BatchLoader *loader, batch_loader_stats *stats) {
  static const options_type type = OPTIONS_TYPE(batch_loader_stats, BATCH_LOADER_STATS_INIT, bottleneck);
  if (!loader || !stats)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_get_stats: %s is NULL",
                      loader ? "stats" : "loader");
  if (loader_is_elsewhere("batch_loader_get_stats", loader)) return false;
  const counters *c = &loader->counts;
  batch_loader_stats mine = {.batches = counters_sum(c, COUNT_BATCHES),
                             .tokens = counters_sum(c, COUNT_TOKENS),
                             .bytes = counters_sum(c, COUNT_BYTES),
                             .errors = counters_sum(c, COUNT_ERRORS),
                             .skipped = counters_sum(c, COUNT_SKIPPED),
                             .trainer_wait_ns = counters_sum(c, COUNT_TRAINER_WAIT),
                             .worker_wait_ns = counters_sum(c, COUNT_WORKER_WAIT),
                             .worker_fill_ns = counters_sum(c, COUNT_FILL),
                             .queue_depth = delivery_depth(&loader->delivery),
                             .workers = loader->num_workers};
  batch_pool_get_stats(loader->pool, NULL, NULL, &mine.pool_hits, &mine.pool_misses);
  mine.bottleneck = bottleneck(loader, &mine);
  return options_write(&type, "batch_loader_get_stats", "stats", &mine, stats);
}

uint64_t batch_loader_epoch_rows(const BatchLoader *loader) {
  return loader ? loader->recipe.plan.rows : 0;
}

uint64_t batch_loader_epoch_steps(const BatchLoader *loader) {
  return loader ? loader->recipe.schedule.epoch_steps : 0;
}

uint64_t batch_loader_place(const BatchLoader *loader, const Batch *batch) {
  schedule_place place;
  if (!loader || !batch) return 0;
  uint64_t step = batch->batch_id & ~BATCH_GROUP_MASK;
  if (!schedule_find(&loader->recipe.schedule, batch->epoch_id, step, &place)) return 0;
  return place.row + loader->recipe.rank_row;
}
