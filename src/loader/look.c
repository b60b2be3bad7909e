/* Looking back at what a loader has delivered, and at its figures. */
#include <stdio.h>

#include "base/error.h"
#include "base/options.h"
#include "core/batch_internal.h"
#include "core/pool_internal.h"
#include "loader/loader_internal.h"
#include "sync/thread.h"

/* steps: of the epoch, see order_find_step. */
static bool no_step(const char *function, const order *o, const char *what, uint64_t epoch, uint64_t step,
                    uint64_t steps) {
  char expected[96];
  if (epoch >= o->epochs)
    snprintf(expected, sizeof expected, "an epoch below %llu", (unsigned long long)o->epochs);
  else if (epoch == o->origin.epoch && step < o->origin.step)
    snprintf(expected, sizeof expected,
             "step %llu, with which this loader began in that epoch, or a later one",
             (unsigned long long)o->origin.step);
  else
    snprintf(expected, sizeof expected, "below %llu, the steps of that epoch", (unsigned long long)steps);
  return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%s: %s is %llu of epoch %llu, expected %s", function, what,
                    (unsigned long long)step, (unsigned long long)epoch, expected);
}

/* The place of a step, whose numbers the user has given in `what`. False with an error. */
static bool find_place(const char *function, const BatchLoader *loader, const char *what, uint64_t epoch,
                       uint64_t step, order_place *place) {
  const order *o = &loader->recipe.order;
  uint64_t steps;
  order_answer found = order_find_step(o, epoch, step, place, &steps);
  if (found == ORDER_FAILED) return error_name(function);
  return found == ORDER_FOUND || no_step(function, o, what, epoch, step, steps);
}

static Batch *replay(const char *function, BatchLoader *loader, filler *f, const order_place *place) {
  Batch *batch = batch_create_named(function, &loader->recipe.shape);
  if (!batch) return NULL;
  filler_fill(f, place, batch);
  if (f->fault.code != BATCH_OK) error_set(f->fault.code, "%s: %s", function, f->fault.message);
  if (batch->status == BATCH_OK) return batch;
  batch_release(batch);
  return NULL;
}

Batch *batch_loader_replay(BatchLoader *loader, uint64_t epoch, uint64_t step) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_replay";
  order_place place;
  filler f;
  if (!loader) return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: loader is NULL", function);
  if (loader_is_elsewhere(function, loader)) return NULL;
  if (!find_place(function, loader, "step", epoch, step, &place)) return NULL;
  bool ready = filler_init(&f, &loader->recipe) || error_name(function);
  Batch *batch = ready ? replay(function, loader, &f, &place) : NULL;
  filler_free(&f);
  return batch;
}

const char *batch_bottleneck_name(batch_bottleneck bottleneck) {
  static const char *const names[] = {"none", "data", "trainer"};
  return (unsigned)bottleneck < sizeof names / sizeof *names ? names[bottleneck] : "?";
}

/* Whose waiting costs more: below a twentieth of the time it counts for nothing. */
static batch_bottleneck bottleneck_of(const BatchLoader *loader, const batch_loader_stats *s) {
  uint64_t trainer = s->trainer_wait_ns, workers = s->worker_wait_ns / s->workers;
  uint64_t least = (port_clock() - loader->started) / 20;
  if (trainer < least && workers < least) return BATCH_BOTTLENECK_NONE;
  return trainer > workers ? BATCH_BOTTLENECK_DATA : BATCH_BOTTLENECK_TRAINER;
}

static void add_pools(const BatchLoader *loader, batch_loader_stats *s) {
  for (uint32_t i = 0; i < loader->num_pools; i++) {
    uint64_t hits, misses;
    batch_pool_get_stats(loader->pools[i], NULL, NULL, &hits, &misses);
    s->pool_hits += hits;
    s->pool_misses += misses;
    s->pool_size += batch_pool_size(loader->pools[i]);
  }
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
                             .workers = loader->num_workers,
                             .masked = counters_sum(c, COUNT_MASKED),
                             .padding = counters_sum(c, COUNT_PADDING),
                             .cropped = counters_sum(c, COUNT_CROPPED)};
  add_pools(loader, &mine);
  mine.bottleneck = bottleneck_of(loader, &mine);
  return options_write(&type, "batch_loader_get_stats", "stats", &mine, stats);
}

static const BatchLoader *need(const char *function, const BatchLoader *loader) {
  if (!loader) error_note(BATCH_ERROR_INVALID_ARGUMENT, function, "loader is NULL");
  return loader;
}

uint64_t batch_loader_epoch_rows(const BatchLoader *loader) {
  return need("batch_loader_epoch_rows", loader) ? plan_epoch_rows(&loader->recipe.plan) : 0;
}

uint64_t batch_loader_epoch_steps(const BatchLoader *loader) {
  return need("batch_loader_epoch_steps", loader) ? order_epoch_steps(&loader->recipe.order) : 0;
}

static bool check_rows(const char *function, const BatchLoader *loader, const Batch *batch) {
  const batch_shape *shape = &loader->recipe.shape;
  if (batch->batch_size != shape->batch_size || batch->sequence_length != shape->sequence_length)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: batch has %u rows of %u columns, expected a whole one of this loader, %u of %u",
                      function, batch->batch_size, batch->sequence_length, shape->batch_size,
                      shape->sequence_length);
  const BatchPool *pool = batch_header_is_ours(batch) ? pool_of(batch) : NULL;
  return !pool || loader_has_pool(loader, pool) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: batch is one of another pool, expected one of this loader's", function);
}

bool batch_loader_places(const BatchLoader *loader, const Batch *batch, uint64_t *places) {
  static const char function[] = "batch_loader_places";
  order_place at;
  if (!loader || !places)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, loader ? "places" : "loader");
  if (loader_is_elsewhere(function, loader)) return false;
  if (!batch_check(function, batch) || !check_rows(function, loader, batch)) return false;
  uint64_t step = batch->batch_id & ~BATCH_GROUP_MASK;
  if (!find_place(function, loader, "batch_id", batch->epoch_id, step, &at)) return false;
  const recipe *r = &loader->recipe;
  uint32_t there;
  return order_places(&r->order, NULL, &at, r->rank_row, r->shape.batch_size, places, &there) ||
         error_name(function);
}
