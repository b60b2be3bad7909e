#include "queue_cells.h"

#include "queue_measure.h"
#include "queue_own.h"
#include "queue_tails.h"
#include "team.h"

#include <stdio.h>
#include <string.h>

static const bench_metric speed[] = {{"", "Mops/s", false}};
static const bench_metric round_trip[] = {
    {"p50", "ns", true}, {"p99", "ns", true}, {"p99.9", "ns", true}, {"max", "ns", true}};
static const bench_metric under_way[] = {{"p50", "ns", true},
                                         {"p99", "ns", true},
                                         {"max", "ns", true},
                                         {"cpu", "%", true},
                                         {"sleeps", "1/s", true}};
static const bench_metric idle[] = {{"cpu", "us/s", true}, {"wakeups", "wake-ups", true}};

static const bench_metric lies[] = {{"", "lies per million", true}};

static const bench_metric many[] = {{"k1", "Melements/s", false},
                                    {"k4", "Melements/s", false},
                                    {"k16", "Melements/s", false},
                                    {"k32", "Melements/s", false}};

#define SHAPE(what, some, others, wait)                                                                      \
  &(const queue_shape) {                                                                                     \
    .kind = what, .producers = some, .consumers = others, .waits = wait                                      \
  }

/* The cells of one capacity, for trying ("") or waiting ("-blocking"). */
#define STREAMS(suffix, waits, capacity, quick)                                                              \
  {"pairs-1" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_PAIRS, 1, 0, waits)},                            \
      {"pairs-2" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_PAIRS, 2, 0, waits)},                        \
      {"pairs-4" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_PAIRS, 4, 0, waits)},                        \
      {"pairs-8" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_PAIRS, 8, 0, waits)},                        \
      {"1p1c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 1, 1, waits)},                          \
      {"2p2c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 2, 2, waits)},                          \
      {"4p4c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 4, 4, waits)},                          \
      {"8p8c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 8, 8, waits)},                          \
      {"1p4c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 1, 4, waits)}, {                        \
    "4p1c" suffix, capacity, speed, 1, quick, SHAPE(QUEUE_STREAM, 4, 1, waits)                               \
  }

#define TAILS(suffix, kind, quick)                                                                           \
  {"tails-4p4c" suffix, 1024, queue_tails_metrics, TAILS_METRICS, quick, SHAPE(kind, 4, 4, false)},          \
      {"tails-8p8c" suffix, 1024, queue_tails_metrics, TAILS_METRICS, false, SHAPE(kind, 8, 8, false)},      \
      {"tails-pairs-4" suffix, 1024, queue_tails_metrics, TAILS_METRICS, quick, SHAPE(kind, 4, 0, false)}, { \
    "tails-pairs-8" suffix, 1024, queue_tails_metrics, TAILS_METRICS, false, SHAPE(kind, 8, 0, false)        \
  }

#define MANY(threads, some, others)                                                                          \
  {                                                                                                          \
    "many-" threads, 1024, many, 4, true, &(const queue_shape) {                                             \
      .kind = QUEUE_BULK, .producers = some, .consumers = others, .many = { 1, 4, 16, 32 }                   \
    }                                                                                                        \
  }

static const bench_cell fixed[] = {
    STREAMS("", false, 16, false),
    STREAMS("", false, 1024, true),
    STREAMS("-blocking", true, 16, false),
    STREAMS("-blocking", true, 1024, true),
    MANY("1p1c", 1, 1),
    MANY("4p4c", 4, 4),
    MANY("8p8c", 8, 8),
    {"roundtrip", 1024, round_trip, 4, true, SHAPE(QUEUE_ROUND_TRIP, 1, 1, false)},
    {"roundtrip-blocking", 1024, round_trip, 4, true, SHAPE(QUEUE_ROUND_TRIP, 1, 1, true)},
    {"trickle", 1024, under_way, 5, false, SHAPE(QUEUE_DRIP, 1, 1, false)},
    {"trickle-blocking", 1024, under_way, 5, true, SHAPE(QUEUE_DRIP, 1, 1, true)},
    {"idle-blocking", 1024, idle, 2, true, SHAPE(QUEUE_IDLE, 1, 1, true)},
    {"exact-4", 4, lies, 1, false, SHAPE(QUEUE_EXACTNESS, 4, 0, false)},
    {"exact-8", 8, lies, 1, false, SHAPE(QUEUE_EXACTNESS, 8, 0, false)},
    {"exact-16", 16, lies, 1, true, SHAPE(QUEUE_EXACTNESS, 16, 0, false)},
    TAILS("", QUEUE_TAILS_AT_ONCE, true),
    TAILS("-yield", QUEUE_TAILS, false),
};

#define FIXED (sizeof fixed / sizeof fixed[0])
#define MOST  ((size_t)QUEUE_OWN_MOST * QUEUE_OWN_MOST)

static bench_cell cells[MOST];
static size_t cell_count;

/* What the cells are made of that are made here. */
static struct {
  queue_shape shape;
  char name[48];
} made[MOST];

_Static_assert(FIXED + 8 <= MOST, "room for the fixed cells and those of add_crowds");

/* "3p2c", "over2-pairs-8-blocking", "many-3p2c" */
static void name_cell(char *name, size_t size, const char *prefix, const queue_shape *shape) {
  char threads[32];
  if (shape->kind == QUEUE_PAIRS)
    snprintf(threads, sizeof threads, "pairs-%u", shape->producers);
  else
    snprintf(threads, sizeof threads, "%up%uc", shape->producers, shape->consumers);
  snprintf(name, size, "%s%s%s", prefix, threads, shape->waits ? "-blocking" : "");
}

static bench_cell *add(const char *prefix, queue_shape shape, uint32_t capacity) {
  bench_cell *cell = &cells[cell_count];
  name_cell(made[cell_count].name, sizeof made[0].name, prefix, &shape);
  made[cell_count].shape = shape;
  *cell = (bench_cell){.name = made[cell_count].name,
                       .capacity = capacity,
                       .metrics = speed,
                       .metric_count = 1,
                       .detail = &made[cell_count].shape};
  cell_count++;
  return cell;
}

/* Twice and four times as many threads as processors. */
static void add_crowds(bool waits) {
  for (unsigned times = 2; times <= 4; times += 2) {
    unsigned threads = times * bench_processors();
    const char *prefix = times == 2 ? "over2-" : "over4-";
    if (threads > BENCH_TEAM_MAX) continue;
    add(prefix, (queue_shape){.kind = QUEUE_PAIRS, .producers = threads, .waits = waits}, 1024);
    add(prefix,
        (queue_shape){
            .kind = QUEUE_STREAM, .producers = threads / 2, .consumers = threads / 2, .waits = waits},
        1024);
  }
}

/* "k1", "k8": one figure for each of how many. Returns how many. */
static uint32_t many_metrics(const uint32_t *numbers, bench_metric metrics[BENCH_MAX_METRICS]) {
  static char names[BENCH_MAX_METRICS][16];
  uint32_t i = 0;
  for (; i < BENCH_MAX_METRICS && numbers[i] > 0; i++) {
    snprintf(names[i], sizeof names[i], "k%u", numbers[i]);
    metrics[i] = (bench_metric){names[i], many[0].unit, false};
  }
  return i;
}

static bool add_own(const bench_options *options) {
  static bench_metric metrics[BENCH_MAX_METRICS];
  queue_own own;
  if (!queue_own_parse(options, &own)) return false;
  uint32_t metric_count = many_metrics(own.many, metrics);
  for (uint32_t i = 0; i < own.shape_count; i++)
    for (uint32_t j = 0; j < QUEUE_OWN_MOST && own.capacities[j] > 0; j++) {
      bench_cell *cell = add(metric_count > 0 ? "many-" : "", own.shapes[i], own.capacities[j]);
      cell->quick = true;
      if (metric_count == 0) continue;
      cell->metrics = metrics;
      cell->metric_count = metric_count;
    }
  return true;
}

bool queue_cells_make(const bench_options *options, const bench_cell **result, size_t *count) {
  bool good = true;
  if (queue_own_wanted(options)) {
    good = add_own(options);
  } else {
    memcpy(cells, fixed, sizeof fixed);
    cell_count = FIXED;
    add_crowds(false);
    add_crowds(true);
  }
  *result = cells;
  *count = cell_count;
  return good;
}
