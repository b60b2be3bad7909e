#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/guard.h"
#include "base/live.h"
#include "base/memory.h"
#include "base/polled.h"
#include "base/probes.h"
#include "core/pool_internal.h"
#include "loader/loader_internal.h"
#include "sync/line.h"
#include "sync/thread.h"

static BatchLoader *allocate_loader(const batch_loader_options *o) {
  BatchLoader *loader = thread_prepare() == 0 ? line_alloc(sizeof *loader) : NULL;
  if (!loader) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a loader");
  live_enter(loader);
  memset(loader, 0, sizeof *loader);
  loader->generation = thread_generation();
  loader->as_they_come = o->as_they_come;
  loader->num_workers = o->workers ? o->workers : 1;
  loader->look_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  return loader;
}

static bool make_delivery(BatchLoader *loader, uint32_t size, bool stops) {
  return delivery_init(&loader->delivery, size, loader->recipe.order.total, stops) ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %u places", size);
}

static bool make_workers(BatchLoader *loader, uint64_t resident_bytes) {
  resident_init(&loader->resident, &loader->recipe, resident_bytes);
  loader->looked = order_read(&loader->recipe.order, NULL);
  size_t bytes;
  if (memory_multiply(loader->num_workers, sizeof(worker), &bytes)) loader->workers = line_alloc(bytes);
  if (!loader->workers) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for workers");
  memset(loader->workers, 0, bytes);
  for (uint32_t i = 0; i < loader->num_workers; i++) {
    worker *w = &loader->workers[i];
    w->loader = loader;
    w->pool = loader->pools[i % loader->num_pools];
    atomic_init(&w->step, UINT64_MAX);
    w->steps = w->later = order_read(&loader->recipe.order, &loader->closed);
    if (!filler_init(&w->filler, &loader->recipe)) return false;
    w->filler.reader.stop = w->filler.later.stop = &loader->closed;
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

/* Of what has no name yet, see loader_internal.h. */
static bool named(const char *function, bool good) {
  return good || error_name(function);
}

static BatchLoader *create(const char *function, const batch_loader_source *sources, size_t n,
                           const batch_loader_options *given) {
  batch_loader_options options;
  if (!loader_read_options(function, given, &options)) return NULL;
  BatchLoader *loader = loader_check_options(&options) ? allocate_loader(&options) : NULL;
  if (!loader) {
    error_name(function);
    return NULL;
  }
  uint32_t most; /* batches that there can be at a time */
  if (named(function, guard_install() && loader_make_recipe(&loader->recipe, sources, n, &options)) &&
      loader_open_pools(function, loader, &options, &most) &&
      named(function, make_delivery(loader, most, options.faults == BATCH_FAULT_STOP) &&
                          make_workers(loader, options.resident_bytes) && start_workers(loader)))
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
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_create_mixed";
  return named(function, check_sources(sources, n)) ? create(function, sources, n, options) : NULL;
}

BatchLoader *batch_loader_create(const BatchDataset *dataset, const batch_loader_options *options) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_create";
  if (!dataset)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: dataset is NULL, expected a dataset", function);
  return create(function, &(batch_loader_source){dataset, 0.0}, 1, options);
}

bool loader_is_elsewhere(const char *function, const BatchLoader *loader) {
  if (!loader_is_copy(loader)) return false;
  error_set(BATCH_ERROR_UNSUPPORTED,
            "%s: the loader's workers are in the process that forked this one, expected a loader made here",
            function);
  return true;
}

static void close_parts(BatchLoader *loader) {
  /* seq_cst: pairs with the load in allocation_retry (pool.c), as NOTICE with REGISTER in event.h. */
  atomic_store_explicit(&loader->closed, true, memory_order_seq_cst);
  delivery_close(&loader->delivery);
  loader_wake_workers(loader);
}

void batch_loader_close(BatchLoader *loader) {
  if (loader && !loader_is_elsewhere("batch_loader_close", loader)) close_parts(loader);
}

static void free_workers(BatchLoader *loader) {
  uint32_t here = loader_is_copy(loader) ? 0 : loader->running;
  for (uint32_t i = 0; i < here; i++) pthread_join(loader->workers[i].thread, NULL);
  for (uint32_t i = 0; loader->workers && i < loader->num_workers; i++)
    filler_free(&loader->workers[i].filler);
  free(loader->workers);
}

/* Also of a loader whose creation failed half-way: it has no pools, or no delivery, yet. In a child there is
   nobody to join: what the workers had in hand at the fork stays with the child's copy of the pool. */
void batch_loader_free(BatchLoader *loader) {
  HOLD_CANCELLATION;
  if (!loader) return;
  live_leave("batch_loader_free", loader);
  close_parts(loader);
  free_workers(loader);
  delivery_free(&loader->delivery);
  loader_leave_pools(loader);
  plan_free(&loader->recipe.plan);
  free(loader->recipe.transforms);
  free(loader);
}

/* relaxed: who finds the delivery closed sees what was written before. */
static bool is_closed(const BatchLoader *loader) {
  return atomic_load_explicit(&loader->closed, memory_order_relaxed);
}

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
    return error_note(answer, function, is_closed(loader) ? "the loader is closed" : "the pool is closed");
  default:
    return error_set(answer, "%s: %s", function, delivery_stopped(&loader->delivery)->message);
  }
}

static void add(BatchLoader *loader, unsigned kind, uint64_t amount) {
  counters_add(&loader->counts, kind, amount);
}

static batch_status deliver(BatchLoader *loader, const delivery_item *item, Batch **batch) {
  add(loader, COUNT_BATCHES, 1);
  add(loader, COUNT_TOKENS, item->counts.tokens);
  add(loader, COUNT_PADDING, item->counts.padding);
  if (item->counts.masked > 0) add(loader, COUNT_MASKED, item->counts.masked);
  if (item->counts.cropped > 0) add(loader, COUNT_CROPPED, item->counts.cropped);
  *batch = item->batch;
  return BATCH_OK;
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
  PROBE4(loader_take, &loader->delivery, item.step, item.counts.tokens, waited);
  if (why.code != BATCH_OK) error_set(why.code, "%s: %s", function, why.message);
  return deliver(loader, &item, batch);
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
  if (!loader) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: loader is NULL", function);
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
