/* The metrics: which there are of each kind of object, and where their values stand. docs/metrics.md lists them, which a
   test compares. */
#ifndef HEADRACE_LOADER_METRICS_FAMILIES_H
#define HEADRACE_LOADER_METRICS_FAMILIES_H

#include <headrace/metrics.h>

typedef enum metric_kind {
  METRIC_LOADER,
  METRIC_QUEUE,
  METRIC_POOL,
  METRIC_SPHERES,
  METRIC_TOKENIZE
} metric_kind;

/* What is read of an object, or of a part of it, at a time. */
typedef union metric_view {
  batch_loader_stats loader;
  struct queue_view {
    uint64_t batches, capacity, closed;
  } queue;
  struct pool_view {
    uint64_t size, outstanding, allocations, waits;
  } pool;
  struct sphere_view {
    uint64_t processed, stolen;
  } sphere;
  batch_tokenize_progress tokenize;
} metric_view;

/* A family of samples, in the words of Prometheus: one name, type and help. */
typedef struct metric_family {
  metric_kind kind;
  enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_SECONDS /* a counter of nanoseconds */ } type;
  size_t offset, bytes; /* of an unsigned number in the view */
  const char *name, *help;
} metric_family;

extern const metric_family metric_families[];
extern const size_t metric_families_count;

/* Which kind it is; the caller has looked that it is one. */
metric_kind metric_kind_of(const batch_metrics_object *object);

/* How many parts it has, each with samples of its own: the spheres; 1 of what has none. */
uint32_t metric_parts_of(const batch_metrics_object *object);

/* Whether its workers stayed behind in a fork: sets an error in the name of `function`. NULL: none have. */
bool metric_spheres_are_elsewhere(const char *function, const BatchSpheres *spheres);

/* Reads a part, as far as the family needs it: the rest of the view may be left as it is. */
void metric_look(const batch_metrics_object *object, uint32_t part, const metric_family *family,
                 metric_view *view);

#endif
