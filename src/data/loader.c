#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/pool_internal.h"
#include "data/guard.h"
#include "data/loader_internal.h"
#include "sync/thread.h"

/* --- creation --- */

static BatchLoader *allocate_loader(const batch_loader_options *o) {
  BatchLoader *loader = thread_prepare() == 0 ? aligned_alloc(PORT_LINE, sizeof *loader) : NULL;
  if (!loader) return error_null(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for a loader");
  memset(loader, 0, sizeof *loader);
  loader->generation = thread_generation();
  loader->faults = o->faults;
  loader->as_they_come = o->as_they_come;
  loader->num_workers = o->workers ? o->workers : 1;
  return loader;
}

/* Says in our name what the pool has said in its own. */
static bool pool_refused(void) {
  char why[512];
  batch_status code = batch_last_error()->code;
  snprintf(why, sizeof why, "%s", batch_last_error()->message);
  return error_fail(code, "batch_loader_create: %s", why);
}

static bool make_pool(BatchLoader *loader, const batch_loader_options *o, uint32_t size) {
  batch_pool_options pool = BATCH_POOL_OPTIONS_INIT;
  pool.pool_size = size;
  pool.shape = o->shape;
  loader->pool = batch_pool_create_with(&pool);
  if (!loader->pool) return pool_refused();
  return window_init(&loader->window, size, loader->recipe.schedule.total) ||
         error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for %u places", size);
}

static bool make_workers(BatchLoader *loader, uint64_t resident_bytes) {
  resident_init(&loader->resident, &loader->recipe, resident_bytes);
  size_t bytes = loader->num_workers * sizeof(worker);
  loader->workers = aligned_alloc(PORT_LINE, bytes);
  if (!loader->workers) return error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for workers");
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
      return error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no thread for worker %u of %u: %s",
                        loader->running, loader->num_workers, strerror(answer));
  }
  return true;
}

BatchLoader *batch_loader_create_mixed(const batch_loader_source *sources, size_t n,
                                       const batch_loader_options *options) {
  if (!loader_check_options(options)) return NULL;
  if (!sources || n == 0)
    return error_null(BATCH_INVALID_ARGUMENT, "batch_loader_create_mixed: sources is NULL or n 0");
  for (size_t i = 0; i < n; i++)
    if (!sources[i].dataset)
      return error_null(BATCH_INVALID_ARGUMENT, "batch_loader_create: the dataset number %zu is NULL", i);
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

BatchLoader *batch_loader_create(const BatchDataset *dataset, const batch_loader_options *options) {
  return batch_loader_create_mixed(&(batch_loader_source){dataset, 0.0}, 1, options);
}

/* --- the end --- */

static bool is_elsewhere(const BatchLoader *loader) {
  return loader->generation != thread_generation();
}

bool loader_is_elsewhere(const char *function, const BatchLoader *loader) {
  if (!is_elsewhere(loader)) return false;
  error_set(BATCH_UNSUPPORTED,
            "%s: the loader's workers are in the process that forked this one, expected a loader made here",
            function);
  return true;
}

static void close_parts(BatchLoader *loader) {
  atomic_store_explicit(&loader->closed, true, memory_order_relaxed); /* see closed() in worker.c */
  window_close(&loader->window);
  pool_close(loader->pool);
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

/* Also of a loader whose creation failed half-way: it has no pool, or no window, yet. In a child there is
   nobody to join: what the workers had in hand at the fork stays with the child's copy of the pool. */
void batch_loader_free(BatchLoader *loader) {
  if (!loader) return;
  if (loader->pool) close_parts(loader);
  free_workers(loader);
  if (loader->pool) window_free(&loader->window);
  batch_pool_free(loader->pool);
  plan_free(&loader->recipe.plan);
  free(loader->recipe.transforms);
  free(loader);
}

/* --- taking batches --- */

static batch_status report(BatchLoader *loader, batch_status answer) {
  switch (answer) {
  case BATCH_OK:
    return BATCH_OK;
  case BATCH_EMPTY:
    return error_note(answer, "batch_loader_next_until", "no batch is ready");
  case BATCH_TIMEDOUT:
    return error_note(answer, "batch_loader_next_until", "the deadline passed");
  case BATCH_END:
    return error_note(answer, "batch_loader_next", "the last batch has been delivered");
  case BATCH_CLOSED:
    return error_note(answer, "batch_loader_next", "the loader is closed");
  default:
    return error_set(answer, "%s", window_stopped(&loader->window)->message);
  }
}

static void add(BatchLoader *loader, unsigned kind, uint64_t amount) {
  counters_add(&loader->counts, kind, amount);
}

static batch_status deliver(BatchLoader *loader, const window_item *item, Batch **batch) {
  add(loader, COUNT_BATCHES, 1);
  add(loader, COUNT_TOKENS, item->tokens);
  *batch = item->batch;
  return BATCH_OK;
}

static batch_status stop(BatchLoader *loader, const fault *why, const window_item *item) {
  window_stop(&loader->window, item->step, why);
  batch_release(item->batch);
  return why->code;
}

/* Does with a faulty batch what the policy says; BATCH_EMPTY: go on with the next one. */
static batch_status settle(BatchLoader *loader, const window_item *item, Batch **batch) {
  fault unsaid = {item->batch->status, "batch_loader: no memory to say what is wrong with a batch"};
  const fault *why = item->why ? item->why : &unsaid;
  if (loader->faults == BATCH_FAULT_SKIP) {
    add(loader, COUNT_SKIPPED, 1);
    batch_release(item->batch);
    return BATCH_EMPTY;
  }
  error_set(why->code, "%s", why->message);
  return loader->faults == BATCH_FAULT_STOP ? stop(loader, why, item) : deliver(loader, item, batch);
}

batch_status batch_loader_next_until(BatchLoader *loader, Batch **batch, uint64_t deadline) {
  if (batch) *batch = NULL;
  if (!loader || !batch)
    return error_note(BATCH_INVALID_ARGUMENT, "batch_loader_next_until", "loader or batch is NULL");
  if (loader_is_elsewhere("batch_loader_next", loader)) return BATCH_UNSUPPORTED;
  for (;;) {
    window_item item;
    uint64_t waited;
    batch_status answer = window_take(&loader->window, &item, deadline, &waited);
    if (waited) add(loader, COUNT_TRAINER_WAIT, waited);
    if (answer != BATCH_OK) return report(loader, answer);
    if (item.batch->status == BATCH_OK) return deliver(loader, &item, batch);
    answer = settle(loader, &item, batch);
    free(item.why);
    if (answer != BATCH_EMPTY) return answer;
  }
}

Batch *batch_loader_next(BatchLoader *loader) {
  Batch *batch;
  batch_loader_next_until(loader, &batch, BATCH_FOREVER);
  return batch;
}

/* --- looking back and at the figures --- */

static Batch *replay(BatchLoader *loader, const schedule_place *place) {
  filler f;
  Batch *batch = filler_init(&f, &loader->recipe) ? batch_create_shaped(&loader->recipe.shape) : NULL;
  if (batch) filler_fill(&f, place, batch);
  if (batch && batch->status != BATCH_OK) {
    error_set(batch->status, "%s", f.fault.message);
    batch_release(batch);
    batch = NULL;
  }
  filler_free(&f);
  return batch;
}

Batch *batch_loader_replay(BatchLoader *loader, uint64_t epoch, uint64_t step) {
  schedule_place place;
  if (!loader) return error_null(BATCH_INVALID_ARGUMENT, "batch_loader_replay: loader is NULL");
  if (loader_is_elsewhere("batch_loader_replay", loader)) return NULL;
  if (!schedule_find(&loader->recipe.schedule, epoch, step, &place))
    return error_null(BATCH_OUT_OF_RANGE,
                      "batch_loader_replay: step is %llu of epoch %llu, expected one that this loader has",
                      (unsigned long long)step, (unsigned long long)epoch);
  return replay(loader, &place);
}

/* Whose waiting costs more: below a twentieth of the time it counts for nothing. */
static const char *bottleneck(const BatchLoader *loader, const batch_loader_stats *s) {
  uint64_t trainer = s->trainer_wait_ns, workers = s->worker_wait_ns / s->workers;
  uint64_t least = (port_clock() - loader->started) / 20;
  if (trainer < least && workers < least) return "none";
  return trainer > workers ? "data" : "trainer";
}

bool batch_loader_get_stats(const BatchLoader *loader, batch_loader_stats *stats) {
  if (!loader || !stats)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_loader_get_stats: loader or stats is NULL");
  if (loader_is_elsewhere("batch_loader_get_stats", loader)) return false;
  const counters *c = &loader->counts;
  *stats = (batch_loader_stats){.batches = counters_sum(c, COUNT_BATCHES),
                                .tokens = counters_sum(c, COUNT_TOKENS),
                                .bytes = counters_sum(c, COUNT_BYTES),
                                .errors = counters_sum(c, COUNT_ERRORS),
                                .skipped = counters_sum(c, COUNT_SKIPPED),
                                .trainer_wait_ns = counters_sum(c, COUNT_TRAINER_WAIT),
                                .worker_wait_ns = counters_sum(c, COUNT_WORKER_WAIT),
                                .worker_fill_ns = counters_sum(c, COUNT_FILL),
                                .queue_depth = window_depth(&loader->window),
                                .workers = loader->num_workers};
  batch_pool_get_stats(loader->pool, NULL, NULL, &stats->pool_hits, &stats->pool_misses);
  stats->bottleneck = bottleneck(loader, stats);
  return true;
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
  uint64_t step = batch->batch_id & (((uint64_t)1 << 60) - 1); /* without the symmetry group */
  if (!schedule_find(&loader->recipe.schedule, batch->epoch_id, step, &place)) return 0;
  return place.row + loader->recipe.rank_row;
}
