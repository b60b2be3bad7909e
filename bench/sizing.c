/* The sizing suite: how many batches a pool needs and how long a queue must be, by what they are for. See docs/sizing.md. */
#include "sizing.h"

#include "lists.h"
#include "team.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static const bench_metric waits[SIZING_METRICS] = {{"waiting", "%", true},
                                                   {"p50", "us", true},
                                                   {"p99", "us", true},
                                                   {"p99.9", "us", true},
                                                   {"memory", "MiB", true}};
static const bench_metric speeds[SIZING_METRICS] = {{"speed", "Gtokens/s", false},
                                                    {"p50", "us", true},
                                                    {"p99", "us", true},
                                                    {"p99.9", "us", true},
                                                    {"memory", "MiB", true}};
static const bench_metric hand_overs[SIZING_QUEUE_METRICS] = {
    {"speed", "Mbatches/s", false}, {"call-p50", "us", true},     {"call-p99", "us", true},
    {"call-p99.9", "us", true},     {"over-p50", "us", true},     {"over-p99", "us", true},
    {"over-p99.9", "us", true},     {"queue-memory", "KiB", true}};

enum { MOST_SIZES = 12 };

/* A kind with all its sizes, up to the first 0; NONE stands for 0, a queue without a limit. */
typedef struct family {
  sizing_kind kind;
  const char *name;
  uint32_t batches, threads; /* threads 0: --workers */
  loader_shape shape;
  uint32_t sizes[MOST_SIZES];
} family;

#define NONE UINT32_MAX

static const family families[] = {
    {SIZING_STALL, "stall-5", 5, 2, {8, 1024}, {2, 3, 4, 5, 6, 7, 8, 10, 14}},
    {SIZING_STALL, "stall-20", 20, 2, {8, 1024}, {3, 4, 8, 12, 16, 20, 22, 24, 28, 36}},
    {SIZING_PAUSE, "pause-20", 20, 2, {8, 1024}, {3, 4, 8, 12, 16, 20, 22, 24, 28, 36}},
    {SIZING_BURST, "burst-20", 20, 2, {8, 1024}, {3, 4, 8, 12, 16, 20, 22, 24, 28, 36}},
    {SIZING_QUEUE_STALL, "queue-stall-20", 20, 1, {8, 1024}, {1, 4, 8, 12, 16, 20, 22, 24, 28, 36}},
    {SIZING_QUEUE, "queue-1p1c", 0, 1, {1, 16}, {1, 4, 16, 64, 256, 1024, 4096, NONE}},
    {SIZING_QUEUE, "queue-4p4c", 0, 4, {1, 16}, {1, 4, 16, 64, 256, 1024, 4096, NONE}},
    {SIZING_SPEED, "loader-2x1024", 0, 0, {2, 1024}, {3, 4, 8, 16, 32, 64, 128, 256}},
    {SIZING_SPEED, "loader-8x1024", 0, 0, {8, 1024}, {3, 4, 8, 16, 32, 64, 128, 256}},
    {SIZING_SPEED, "loader-32x1024", 0, 0, {32, 1024}, {3, 4, 8, 16, 32, 64, 128, 256}},
    {SIZING_SPEED, "loader-128x1024", 0, 0, {128, 1024}, {3, 4, 8, 16, 32, 64, 128, 256}},
};

enum { FAMILIES = sizeof families / sizeof *families, MOST_CELLS = FAMILIES * MOST_SIZES, MOST_NAME = 32 };

static struct {
  bench_cell cells[MOST_CELLS];
  sizing_cell details[MOST_CELLS];
  char names[MOST_CELLS][MOST_NAME];
  size_t count;
  uint32_t step_us, workers;
  BatchDataset *dataset;
} made;

enum { STEP, WORKERS };

static const bench_option own_options[] = {
    [STEP] = {"step", "US", "microseconds that the trainer takes for a batch (1000; quick: 200)"},
    [WORKERS] = {"workers", "N", "of the cells loader-* (8 from 9 processors on, else 2)"},
};

static bool read_number(const bench_options *options, unsigned own, uint32_t otherwise, uint32_t most,
                        uint32_t *number) {
  const char *text = options->own[own], *at = text;
  *number = otherwise;
  if (text == NULL || (take_number(&at, 1, most, number) && *at == '\0')) return true;
  char option[32];
  snprintf(option, sizeof option, "--%s", own_options[own].name);
  return bench_refuse(option, text, "a number from 1 to %" PRIu32, most);
}

/* Important: the stalls of 20 batches, and a small and a usual size of all else. */
static bool is_quick(const family *f, uint32_t size) {
  return f->kind == SIZING_STALL || size == 4 || size == 16;
}

static void add_cell(const family *f, uint32_t size) {
  size_t i = made.count++;
  bool hands_over = f->kind == SIZING_QUEUE, is_speed = f->kind == SIZING_SPEED;
  uint32_t threads = f->threads > 0 ? f->threads : made.workers;
  made.details[i] = (sizing_cell){f->kind, size == NONE ? 0 : size, f->batches, threads, f->shape};
  snprintf(made.names[i], MOST_NAME, is_speed ? "%s-%" PRIu32 : "%s", f->name, threads);
  made.cells[i] = (bench_cell){.name = made.names[i],
                               .capacity = made.details[i].size,
                               .metrics = hands_over ? hand_overs
                                          : is_speed ? speeds
                                                     : waits,
                               .metric_count = hands_over ? SIZING_QUEUE_METRICS : SIZING_METRICS,
                               .quick = is_quick(f, size),
                               .detail = &made.details[i]};
}

static bool make_cells(const bench_options *options, const bench_cell **cells, size_t *count) {
  if (!read_number(options, STEP, options->quick ? 200 : 1000, 1000000, &made.step_us) ||
      !read_number(options, WORKERS, bench_processors() > 8 ? 8 : 2, LOADER_MOST_WORKERS, &made.workers))
    return false;
  for (size_t i = 0; i < FAMILIES; i++)
    for (size_t k = 0; k < MOST_SIZES && families[i].sizes[k] > 0; k++)
      if (families[i].kind != SIZING_SPEED || families[i].sizes[k] > made.workers)
        add_cell(&families[i], families[i].sizes[k]);
  *cells = made.cells;
  *count = made.count;
  return true;
}

static bool prepare(const bench_options *options) {
  return options->only_list || (loader_data_make(options->quick) && (made.dataset = loader_data_open()));
}

static void finish(void) {
  batch_dataset_free(made.dataset);
  loader_data_free();
}

const BatchDataset *sizing_dataset(void) {
  return made.dataset;
}

size_t sizing_allocated(void) {
  struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

void sizing_quantiles(const histogram *times, double *values) {
  static const double shares[] = {0.5, 0.99, 0.999};
  for (int i = 0; i < 3; i++) values[i] = (double)histogram_quantile(times, shares[i]) / 1e3;
}

batch_loader_options sizing_loader_options(const sizing_cell *cell) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = cell->shape.rows;
  options.sequence_length = cell->shape.length;
  options.vocab_size = LOADER_VOCABULARY;
  options.mask_type = TENSOR_UINT8;
  options.workers = cell->threads;
  options.pool_size = cell->size;
  options.shuffle = BATCH_SHUFFLE_NONE;
  options.world = 1;
  options.epochs = BATCH_LOADER_ENDLESS;
  options.drop_last = true;
  return options;
}

bool sizing_is_next(const sizing_cell *cell, const Batch *batch, uint64_t number) {
  uint64_t step = number % loader_data_steps(cell->shape);
  uint64_t first = step * cell->shape.rows * cell->shape.length;
  if (batch->batch_id == step && batch->input.i32[0] == loader_data_token(first) &&
      batch->target.i32[0] == batch->input.i32[1])
    return true;
  bench_wrong("batch %" PRIu64 " came in place of %" PRIu64 ", or has other tokens", batch->batch_id, step);
  return false;
}

static const bench_contestant contestants[] = {
    {BENCH_US, NULL, NULL, NULL, false, NULL},
    {"broken", NULL, "the control: a batch is lost", NULL, true, NULL},
};

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  const sizing_cell *detail = cell->detail;
  bool loses = contestant->hidden;
  switch (detail->kind) {
  case SIZING_QUEUE:
    return sizing_measure_queue(detail, options->seconds, loses, values);
  case SIZING_SPEED:
    return sizing_measure_speed(detail, options->seconds, loses, values);
  default:
    return sizing_measure_feed(detail, made.step_us * UINT64_C(1000), options->seconds, loses, values);
  }
}

const bench_suite bench_sizing = {
    .name = "sizing",
    .legend =
        "By the size of a loader's pools, in batches, or a queue's capacity (0: unlimited). waiting: the\n"
        "trainer's, as a share of its time. It takes as long for each batch, but that\n"
        "stall-N: now and then nobody makes a batch for as long as it takes for N, a tenth of the time;\n"
        "queue-stall-N: the same, batches made by a thread with a pool and a queue of its own;\n"
        "pause-N: the trainer stands still for so long, where workers are 8 % slower than it else;\n"
        "burst-N: now and then it takes N at once; workers make 5 batches in the time that it takes for 4.\n"
        "queue-NpNc: batches from a pool, through a queue and back, by the calls that wait; call: how\n"
        "long one takes, over: from the call that enqueues to the end of the one that dequeues.\n"
        "loader-ROWSxCOLUMNS-WORKERS: to a trainer that only releases. p50 ...: a call of\n"
        "batch_loader_next, or dequeue. memory: by malloc, of loader or pool and queue.",
    .options = own_options,
    .option_count = sizeof own_options / sizeof own_options[0],
    .make_cells = make_cells,
    .contestants = contestants,
    .contestant_count = sizeof contestants / sizeof contestants[0],
    .seconds = 0.2,
    .quick_seconds = 0.02,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .finish = finish,
    .measure = measure,
};
