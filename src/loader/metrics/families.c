#include "loader/metrics/families.h"

#include "core/pool_internal.h"
#include "core/spheres_internal.h"

#define OF(kind, type, member)                                                                               \
  METRIC_##kind, METRIC_##type, offsetof(metric_view, member), sizeof(((metric_view *)NULL)->member)
#define LOADER(type, member, name, help)                                                                     \
  { OF(LOADER, type, loader.member), "headrace_loader_" name, help }
#define QUEUE(type, member, name, help)                                                                      \
  { OF(QUEUE, type, queue.member), "headrace_queue_" name, help }
#define POOL(type, member, name, help)                                                                       \
  { OF(POOL, type, pool.member), "headrace_pool_" name, help }
#define SPHERES(type, member, name, help)                                                                    \
  { OF(SPHERES, type, sphere.member), "headrace_spheres_" name, help }
#define TOKENIZE(type, member, name, help)                                                                   \
  { OF(TOKENIZE, type, tokenize.member), "headrace_tokenize_" name, help }

const metric_family metric_families[] = {
    LOADER(COUNTER, batches, "batches_total", "Batches delivered."),
    LOADER(COUNTER, tokens, "tokens_total", "Positions delivered that had a pair of tokens, masked or not."),
    LOADER(COUNTER, masked, "masked_tokens_total", "Of the tokens, those with a mask of 0."),
    LOADER(COUNTER, padding, "padding_positions_total", "Positions delivered that had no pair of tokens."),
    LOADER(COUNTER, cropped, "cropped_tokens_total", "Tokens of delivered documents without a position."),
    LOADER(COUNTER, bytes, "read_bytes_total", "Bytes of the files read to fill batches."),
    LOADER(COUNTER, errors, "faulty_batches_total", "Batches with a fault, delivered or not."),
    LOADER(COUNTER, skipped, "skipped_rows_total", "Rows of faulty batches that were made padding."),
    LOADER(SECONDS, trainer_wait_ns, "trainer_wait_seconds_total",
           "Time that trainer threads have waited for a batch, all together, once the wait is over."),
    LOADER(SECONDS, worker_wait_ns, "worker_wait_seconds_total",
           "Time that workers have waited for a batch to come back, all together, once the wait is over."),
    LOADER(SECONDS, worker_fill_ns, "worker_fill_seconds_total",
           "Time that workers have filled and transformed batches, all together."),
    LOADER(COUNTER, pool_misses, "pool_waits_total",
           "Allocations that had to wait for a batch to come back."),
    LOADER(GAUGE, queue_depth, "ready_batches", "Batches that are filled and not yet taken."),
    LOADER(GAUGE, pool_size, "pool_batches", "Batches that the loader's pools have, taken or not."),
    LOADER(GAUGE, workers, "workers", "Threads that fill batches."),
    QUEUE(GAUGE, batches, "batches", "Batches inside."),
    QUEUE(GAUGE, capacity, "capacity_batches", "Batches that it holds when it is full; 0: no limit."),
    QUEUE(GAUGE, closed, "closed", "1 once it is closed, drained or not."),
    POOL(GAUGE, size, "batches", "Batches that the pool has, out or idle."),
    POOL(GAUGE, outstanding, "outstanding_batches", "Batches that are out."),
    POOL(COUNTER, allocations, "allocations_total",
         "Batches handed out, and idle ones that a resize has taken away."),
    POOL(COUNTER, waits, "waits_total", "Allocations that had to wait for a batch, or were refused."),
    SPHERES(COUNTER, processed, "processed_batches_total", "Batches that the sphere's worker has processed."),
    SPHERES(COUNTER, stolen, "stolen_batches_total", "Of these, taken from another lane."),
    TOKENIZE(COUNTER, bytes, "bytes_total", "Bytes of the input that are tokenized and written."),
    TOKENIZE(GAUGE, total_bytes, "input_bytes", "Bytes that the whole input has."),
    TOKENIZE(COUNTER, tokens, "tokens_total", "Tokens written."),
    TOKENIZE(COUNTER, masked, "masked_tokens_total", "Of the tokens, those that are not to be learnt."),
    TOKENIZE(COUNTER, documents, "documents_total", "Documents written."),
    TOKENIZE(COUNTER, bad_lines, "bad_lines_total", "Lines of .jsonl that were passed over."),
    TOKENIZE(SECONDS, reader_ns, "reader_busy_seconds_total", "Time spent reading and decompressing."),
    TOKENIZE(SECONDS, reader_wait_ns, "reader_wait_seconds_total", "Time that reading waited for the rest."),
    TOKENIZE(SECONDS, worker_ns, "worker_busy_seconds_total", "Time spent tokenizing, all threads together."),
    TOKENIZE(SECONDS, worker_wait_ns, "worker_wait_seconds_total",
             "Time that tokenizing threads waited for text, all together."),
    TOKENIZE(SECONDS, writer_ns, "writer_busy_seconds_total", "Time spent writing."),
    TOKENIZE(SECONDS, writer_wait_ns, "writer_wait_seconds_total", "Time that writing waited for text."),
    TOKENIZE(GAUGE, workers, "workers", "Threads that tokenize; 0: one thread does everything in turn."),
};
const size_t metric_families_count = sizeof metric_families / sizeof *metric_families;

metric_kind metric_kind_of(const batch_metrics_object *o) {
  return o->loader    ? METRIC_LOADER
         : o->queue   ? METRIC_QUEUE
         : o->pool    ? METRIC_POOL
         : o->spheres ? METRIC_SPHERES
                      : METRIC_TOKENIZE;
}

uint32_t metric_parts_of(const batch_metrics_object *o) {
  return o->spheres ? o->spheres->num_spheres : 1;
}

bool metric_spheres_are_elsewhere(const char *function, const BatchSpheres *spheres) {
  return spheres && spheres_are_elsewhere(function, spheres);
}

/* To know how many are out every idle batch is looked at: only for who asks that. */
static void look_at_pool(const BatchPool *pool, size_t asked, struct pool_view *view) {
  batch_pool_get_stats(pool, NULL, NULL, NULL, &view->waits);
  view->size = batch_pool_size(pool);
  if (asked == offsetof(metric_view, pool.outstanding)) view->outstanding = batch_pool_outstanding(pool);
  view->allocations = pool_pops(pool);
}

static void look_at_sphere(const BatchSpheres *spheres, uint32_t sphere, struct sphere_view *view) {
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  batch_spheres_get_stats(spheres, sphere, &stats);
  *view = (struct sphere_view){stats.processed, stats.stolen};
}

void metric_look(const batch_metrics_object *o, uint32_t part, const metric_family *family,
                 metric_view *view) {
  switch (metric_kind_of(o)) {
  case METRIC_LOADER:
    view->loader = (batch_loader_stats)BATCH_LOADER_STATS_INIT;
    batch_loader_get_stats(o->loader, &view->loader);
    break;
  case METRIC_QUEUE:
    view->queue = (struct queue_view){batch_queue_size(o->queue), batch_queue_capacity(o->queue),
                                      batch_queue_is_closed(o->queue)};
    break;
  case METRIC_POOL:
    look_at_pool(o->pool, family->offset, &view->pool);
    break;
  case METRIC_SPHERES:
    look_at_sphere(o->spheres, part, &view->sphere);
    break;
  case METRIC_TOKENIZE:
    view->tokenize = *o->tokenize;
    break;
  }
}
