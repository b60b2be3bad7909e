/* The loader suite: tokens a second from a mapped file in the page cache to a trainer that only
   releases, against single loops over the same windows, and what the trainer waits for. */
#include "loader.h"
#include "bench.h"
#include "clock.h"
#include "histogram.h"
#include "lists.h"
#include "team.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const bench_metric speed[] = {{"first", "Gtokens/s", false}, {"later", "Gtokens/s", false}};
static const bench_metric waits[] = {{"p50", "ns", true},    {"p99", "ns", true},
                                     {"p99.9", "ns", true},  {"first", "ms", true},
                                     {"resume", "ms", true}, {"cpu", "s/Gtoken", true}};

enum { MOST_LISTED = 16, MOST_CELLS = 2 * MOST_LISTED * MOST_LISTED + 1, MOST_NAME = 64 };

static struct {
  bench_cell cells[MOST_CELLS];
  loader_cell details[MOST_CELLS];
  char names[MOST_CELLS][MOST_NAME];
  size_t count;
} made;

static void add_cell(const char *name, const bench_metric *metrics, uint32_t metric_count,
                     loader_cell detail) {
  size_t i = made.count;
  made.details[i] = detail;
  snprintf(made.names[i], MOST_NAME, "%s-%ux%u-%u", name, detail.shape.rows, detail.shape.length,
           detail.workers);
  made.cells[i] = (bench_cell){made.names[i], 0, metrics, metric_count, true, &made.details[i]};
  made.count++;
}

enum { MOST_ROWS = 4096, MOST_LENGTH = 65536 };

static bool read_workers(const char *list, uint32_t *workers, uint32_t *n) {
  return take_numbers(list, 1, LOADER_MOST_WORKERS, workers, MOST_LISTED, n) ||
         bench_refuse("--workers", list, "up to %d numbers from 1 to %d with commas between", MOST_LISTED,
                      LOADER_MOST_WORKERS);
}

static bool take_shape(const char **at, loader_shape *shape) {
  return take_number(at, 1, MOST_ROWS, &shape->rows) && take_text(at, "x") &&
         take_number(at, 1, MOST_LENGTH, &shape->length);
}

static bool read_shapes(const char *list, loader_shape *shapes, uint32_t *n) {
  const char *at = list;
  *n = 0;
  do {
    if (*n == MOST_LISTED || !take_shape(&at, &shapes[(*n)++]) || !take_comma(&at))
      return bench_refuse("--batch", list,
                          "up to %d shapes ROWSxLENGTH, of 1 to %d rows of 1 to %d, with commas between",
                          MOST_LISTED, MOST_ROWS, MOST_LENGTH);
  } while (*at != '\0');
  return true;
}

/* As many workers as there are processors for this process, in powers of two up to 8; 2 at least. */
static const char *default_workers(void) {
  unsigned processors = bench_processors();
  return processors >= 8 ? "1,2,4,8" : processors >= 4 ? "1,2,4" : "1,2";
}

enum { WORKERS, BATCH };

static const bench_option own_options[] = {
    [WORKERS] = {"workers", "LIST", "comma separated numbers of workers (1,2,4,8, up to the processors)"},
    [BATCH] = {"batch", "LIST", "comma separated shapes of a batch, rows x tokens (32x1024,8x1024)"},
};

static bool make_cells(const bench_options *options, const bench_cell **cells, size_t *count) {
  const char *workers_list = options->own[WORKERS] ? options->own[WORKERS] : default_workers();
  const char *shapes_list = options->own[BATCH] ? options->own[BATCH] : "32x1024,8x1024";
  uint32_t workers[MOST_LISTED];
  loader_shape shapes[MOST_LISTED];
  uint32_t counts, forms;
  if (!read_workers(workers_list, workers, &counts) || !read_shapes(shapes_list, shapes, &forms))
    return false;
  for (uint32_t i = 0; i < forms; i++)
    for (uint32_t k = 0; k < counts; k++) {
      add_cell("in-order", speed, 2, (loader_cell){BATCH_SHUFFLE_NONE, workers[k], shapes[i]});
      add_cell("shuffled", speed, 2, (loader_cell){BATCH_SHUFFLE_ALL, workers[k], shapes[i]});
    }
  add_cell("next", waits, 6, (loader_cell){BATCH_SHUFFLE_ALL, workers[0], shapes[0]});
  *cells = made.cells;
  *count = made.count;
  return true;
}

static bool prepare(const bench_options *options) {
  return options->only_list || loader_data_make(options->quick);
}

/* steps: fewer than there are, of a loader that is broken; 0: all. */
static BatchLoader *start(const BatchDataset *dataset, const loader_cell *cell, uint64_t epochs,
                          uint64_t steps, const batch_loader_state *resume) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = cell->shape.rows;
  o.sequence_length = cell->shape.length;
  o.vocab_size = LOADER_VOCABULARY;
  o.mask_type = TENSOR_UINT8;
  o.workers = cell->workers;
  o.shuffle = cell->shuffle;
  o.world = 1;
  o.epochs = epochs;
  o.steps = steps;
  o.drop_last = true;
  o.resume = resume;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!loader) bench_wrong("no loader: %s", batch_last_error()->message);
  return loader;
}

/* Every batch full, its rows windows of the file: the row's first tokens are looked up. */
static bool is_right(const loader_cell *cell, const Batch *batch) {
  const int32_t *in = batch->input.i32, *out = batch->target.i32;
  if (out[0] != in[1] || batch->mask.u8[0] != 1) return false;
  return cell->shuffle != BATCH_SHUFFLE_NONE ||
         in[0] == loader_data_token(batch->batch_id * cell->shape.rows * cell->shape.length);
}

/* When each epoch's last batch came, in times[epoch]; false: not all batches came, or not the right ones. */
static bool drain(BatchLoader *loader, const loader_cell *cell, uint64_t epochs, histogram *waited,
                  uint64_t *times) {
  uint64_t steps = loader_data_steps(cell->shape), batches = 0, wrong = 0;
  for (;;) {
    uint64_t begin = waited ? bench_now() : 0;
    Batch *batch = batch_loader_next(loader);
    if (!batch) break;
    if (waited) histogram_add(waited, bench_now() - begin);
    if (batches % 64 == 0) wrong += !is_right(cell, batch);
    batch_release(batch);
    if (++batches % steps == 0 && batches <= steps * epochs) times[batches / steps - 1] = bench_now();
  }
  if (batches != steps * epochs || wrong)
    bench_wrong("%" PRIu64 " batches of %" PRIu64 ", %" PRIu64 " of those looked at are wrong", batches,
                steps * epochs, wrong);
  return batches == steps * epochs && wrong == 0;
}

static bool measure_ours(const loader_cell *cell, uint64_t steps, double *values) {
  uint64_t times[LOADER_EPOCHS] = {0};
  BatchDataset *dataset = loader_data_open();
  uint64_t begin = bench_now();
  BatchLoader *loader = dataset ? start(dataset, cell, LOADER_EPOCHS, steps, NULL) : NULL;
  bool good = loader && drain(loader, cell, LOADER_EPOCHS, NULL, times);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  if (!good) return false;
  double tokens = (double)loader_data_steps(cell->shape) * cell->shape.rows * cell->shape.length;
  values[0] = tokens / (double)(times[0] - begin);
  values[1] = tokens * (LOADER_EPOCHS - 1) / (double)(times[LOADER_EPOCHS - 1] - times[0]);
  return true;
}

static double milliseconds_to_first(const BatchDataset *dataset, const loader_cell *cell,
                                    const batch_loader_state *resume) {
  uint64_t begin = bench_now();
  BatchLoader *loader = start(dataset, cell, 2, 0, resume);
  Batch *batch = loader ? batch_loader_next(loader) : NULL;
  double elapsed = (double)(bench_now() - begin) / 1e6;
  batch_release(batch);
  batch_loader_free(loader);
  return elapsed;
}

/* A state in the middle; where it lies does not matter to the time. */
static bool state_at(const BatchDataset *dataset, const loader_cell *cell, batch_loader_state *state) {
  BatchLoader *loader = start(dataset, cell, 2, 0, NULL);
  if (!loader) return false;
  for (int i = 0; i < 10; i++) batch_release(batch_loader_next(loader));
  bool got = batch_loader_get_state(loader, state);
  batch_loader_free(loader);
  return got;
}

static bool measure_waits_of(const BatchDataset *dataset, const loader_cell *cell, double *values) {
  static histogram waited;
  batch_loader_state state;
  uint64_t end;
  memset(&waited, 0, sizeof waited);
  if (!state_at(dataset, cell, &state)) return false;
  values[3] = milliseconds_to_first(dataset, cell, NULL);
  values[4] = milliseconds_to_first(dataset, cell, &state);
  BatchLoader *loader = start(dataset, cell, 1, 0, NULL);
  if (!loader) return false;
  uint64_t begin = bench_clock_of(CLOCK_PROCESS_CPUTIME_ID);
  bool good = drain(loader, cell, 1, &waited, &end);
  double tokens = (double)loader_data_steps(cell->shape) * cell->shape.rows * cell->shape.length;
  values[5] = (double)(bench_clock_of(CLOCK_PROCESS_CPUTIME_ID) - begin) / tokens;
  batch_loader_free(loader);
  values[0] = (double)histogram_quantile(&waited, 0.5);
  values[1] = (double)histogram_quantile(&waited, 0.99);
  values[2] = (double)histogram_quantile(&waited, 0.999);
  return good;
}

static bool measure_waits(const loader_cell *cell, double *values) {
  BatchDataset *dataset = loader_data_open();
  bool good = dataset && measure_waits_of(dataset, cell, values);
  batch_dataset_free(dataset);
  return good;
}

typedef struct loop_contestant {
  loader_loop_run *run;
  bool in_parts; /* in as many threads as the cell has workers, each over its part of the windows */
} loop_contestant;

#define LOOP(...)                                                                                            \
  &(const loop_contestant) {                                                                                 \
    __VA_ARGS__                                                                                              \
  }

static const bench_contestant contestants[] = {
    {BENCH_US, NULL, "as many workers as the cell's name says, ids checked, in-order delivery", NULL, false,
     NULL},
    {"limit", NULL, "as many threads, a loop each over its part: no pool, no order between them, no check",
     NULL, false, LOOP(loader_limit, true)},
    {"memcpy", NULL, "one loop: the bytes only", NULL, false, LOOP(loader_memcpy, false)},
    {"broken", NULL, "the control: a batch is missing", NULL, true, NULL},
    {"fread", NULL, "one loop: seek, fread, widen, as llm.c does", NULL, false, LOOP(loader_fread, false)},
};

/* Single loops know nothing of workers: once an order and a batch is enough. */
static bool supports(const bench_cell *cell, const bench_contestant *contestant) {
  const loader_cell *detail = cell->detail;
  const loop_contestant *loop = contestant->detail;
  if (loop && !loop->in_parts && detail->workers != made.details[0].workers) return false;
  return cell->metrics == speed || (!contestant->detail && !contestant->hidden);
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  (void)options;
  const loader_cell *detail = cell->detail;
  const loop_contestant *loop = contestant->detail;
  if (loader_data_steps(detail->shape) == 0) {
    bench_wrong("there are too few tokens for a batch");
    return false;
  }
  if (loop) return loader_measure_loop(loop->run, detail, loop->in_parts ? detail->workers : 1, values);
  uint64_t all = LOADER_EPOCHS * loader_data_steps(detail->shape);
  if (cell->metrics == speed) return measure_ours(detail, contestant->hidden ? all - 1 : 0, values);
  return measure_waits(detail, values);
}

const bench_suite bench_loader = {
    .name = "loader",
    .legend = "Gtokens/s: random u16 tokens in a mapped file in the page cache, to int32 input and target, "
              "taken by one\n"
              "thread that only releases. ORDER-BATCH-N: rows x tokens of a batch, N workers; .first: the "
              "first epoch, in\n"
              "which the pages are mapped in; .later: the next two. next: how long the trainer waits for a "
              "batch, time to the\n"
              "first batch and after a resume, processor time.",
    .options = own_options,
    .option_count = sizeof own_options / sizeof own_options[0],
    .make_cells = make_cells,
    .contestants = contestants,
    .contestant_count = sizeof contestants / sizeof contestants[0],
    .seconds = 0,
    .quick_seconds = 0,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .finish = loader_data_free,
    .supports = supports,
    .measure = measure,
};
