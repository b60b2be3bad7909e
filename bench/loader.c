/* The loader suite: tokens a second from a mapped file in the page cache to a trainer that only
   releases, against single loops over the same windows, and what the trainer waits for. */
#include "loader.h"
#include "bench.h"
#include "clock.h"
#include "histogram.h"

#include <headrace/headrace.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VOCABULARY = 50257, MOST_THREADS = 2 };

typedef struct loader_cell {
  batch_shuffle shuffle;
  uint32_t workers;
} loader_cell;

static const bench_metric speed[] = {{"", "Gtokens/s", false}};
static const bench_metric waits[] = {{"p50", "ns", true},    {"p99", "ns", true},
                                     {"p99.9", "ns", true},  {"first", "ms", true},
                                     {"resume", "ms", true}, {"cpu", "s/Gtoken", true}};

#define CELL(...)                                                                                            \
  &(const loader_cell) {                                                                                     \
    __VA_ARGS__                                                                                              \
  }

static const bench_cell cells[] = {
    {"in-order-1", 0, speed, 1, true, CELL(BATCH_SHUFFLE_NONE, 1)},
    {"shuffled-1", 0, speed, 1, true, CELL(BATCH_SHUFFLE_ALL, 1)},
    {"in-order-2", 0, speed, 1, true, CELL(BATCH_SHUFFLE_NONE, 2)},
    {"shuffled-2", 0, speed, 1, true, CELL(BATCH_SHUFFLE_ALL, 2)},
    {"next-1", 0, waits, 6, true, CELL(BATCH_SHUFFLE_ALL, 1)},
};

static struct {
  BatchDataset *dataset;
  FILE *file;
  const uint16_t *tokens;
  uint64_t count, windows;
  uint64_t *orders[2]; /* [windows]: in order, shuffled */
} data;

static bool write_tokens(int fd) {
  static uint16_t block[1 << 16];
  batch_random random = {1};
  for (uint64_t done = 0; done < data.count; done += sizeof block / sizeof *block) {
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
      block[i] = (uint16_t)(batch_random_next(&random) % VOCABULARY);
    uint64_t left = (data.count - done) * sizeof *block;
    size_t bytes = left < sizeof block ? (size_t)left : sizeof block;
    if (write(fd, block, bytes) != (ssize_t)bytes) return false;
  }
  return true;
}

static bool make_orders(void) {
  batch_random random = {2};
  data.windows = (data.count - 1) / LOADER_LENGTH;
  for (int k = 0; k < 2; k++)
    if (!(data.orders[k] = malloc(data.windows * sizeof(uint64_t)))) return false;
  for (uint64_t i = 0; i < data.windows; i++) {
    uint64_t j = batch_random_next(&random) % (i + 1);
    data.orders[0][i] = i * LOADER_LENGTH;
    data.orders[1][i] = data.orders[1][j];
    data.orders[1][j] = i * LOADER_LENGTH;
  }
  return true;
}

/* 400 M tokens, or what a quarter of the free memory holds. */
static bool prepare(const bench_options *options) {
  char path[] = "/tmp/headrace-bench-XXXXXX";
  uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  data.count = options->quick ? 4000000 : 400000000;
  if (data.count > free_bytes / 8) data.count = free_bytes / 8;
  int fd = mkstemp(path);
  bool made = fd >= 0 && write_tokens(fd) && (data.file = fdopen(fd, "rb"));
  batch_dataset_options headerless = BATCH_DATASET_OPTIONS_INIT;
  headerless.format = BATCH_FORMAT_HEADERLESS;
  data.dataset = made ? batch_dataset_open(&(const char *){path}, 1, &headerless) : NULL;
  if (fd >= 0) unlink(path);
  if (!data.dataset || !make_orders()) return false;
  void *map = mmap(NULL, data.count * 2, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  data.tokens = map == MAP_FAILED ? NULL : map;
  printf("%" PRIu64 " M tokens in %s\n", data.count / 1000000, path);
  return data.tokens;
}

static void finish(void) {
  if (data.tokens) munmap((void *)(uintptr_t)data.tokens, data.count * 2);
  batch_dataset_free(data.dataset);
  if (data.file) fclose(data.file);
  free(data.orders[0]);
  free(data.orders[1]);
}

static BatchLoader *start(const loader_cell *cell, const batch_loader_state *resume) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = LOADER_ROWS;
  o.sequence_length = LOADER_LENGTH;
  o.vocab_size = VOCABULARY;
  o.mask_type = TENSOR_UINT8;
  o.workers = cell->workers;
  o.shuffle = cell->shuffle;
  o.world = 1;
  o.epochs = 2;
  o.steps = data.windows / LOADER_ROWS;
  o.resume = resume;
  BatchLoader *loader = batch_loader_create(data.dataset, &o);
  if (!loader) bench_wrong("no loader: %s", batch_last_error()->message);
  return loader;
}

/* Every batch full, its rows windows of the file: the row's first tokens are looked up. */
static bool is_right(const loader_cell *cell, const Batch *batch) {
  const int32_t *in = batch->input.i32, *out = batch->target.i32;
  if (out[0] != in[1] || batch->mask.u8[0] != 1) return false;
  return cell->shuffle != BATCH_SHUFFLE_NONE ||
         in[0] == data.tokens[batch->batch_id * LOADER_ROWS * LOADER_LENGTH];
}

static bool drain(BatchLoader *loader, const loader_cell *cell, histogram *waited) {
  uint64_t batches = 0, wrong = 0, expected = data.windows / LOADER_ROWS;
  for (;;) {
    uint64_t begin = waited ? bench_now() : 0;
    Batch *batch = batch_loader_next(loader);
    if (!batch) break;
    if (waited) histogram_add(waited, bench_now() - begin);
    if (batches++ % 64 == 0) wrong += !is_right(cell, batch);
    batch_release(batch);
  }
  if (batches != expected || wrong)
    bench_wrong("%" PRIu64 " batches of %" PRIu64 ", %" PRIu64 " of those looked at are wrong", batches,
                expected, wrong);
  return batches == expected && wrong == 0;
}

static bool measure_ours(const loader_cell *cell, double *values) {
  BatchLoader *loader = start(cell, NULL);
  if (!loader) return false;
  uint64_t begin = bench_now();
  bool good = drain(loader, cell, NULL);
  values[0] =
      (double)(data.windows / LOADER_ROWS * LOADER_ROWS) * LOADER_LENGTH / (double)(bench_now() - begin);
  batch_loader_free(loader);
  return good;
}

static double milliseconds_to_first(const loader_cell *cell, const batch_loader_state *resume) {
  uint64_t begin = bench_now();
  BatchLoader *loader = start(cell, resume);
  Batch *batch = loader ? batch_loader_next(loader) : NULL;
  double elapsed = (double)(bench_now() - begin) / 1e6;
  batch_release(batch);
  batch_loader_free(loader);
  return elapsed;
}

/* A state in the middle; where it lies does not matter to the time. */
static bool state_at(const loader_cell *cell, batch_loader_state *state) {
  BatchLoader *loader = start(cell, NULL);
  if (!loader) return false;
  for (int i = 0; i < 10; i++) batch_release(batch_loader_next(loader));
  bool got = batch_loader_get_state(loader, state);
  batch_loader_free(loader);
  return got;
}

static bool measure_waits(const loader_cell *cell, double *values) {
  static histogram waited;
  batch_loader_state state;
  memset(&waited, 0, sizeof waited);
  if (!state_at(cell, &state)) return false;
  values[3] = milliseconds_to_first(cell, NULL);
  values[4] = milliseconds_to_first(cell, &state);
  BatchLoader *loader = start(cell, NULL);
  if (!loader) return false;
  uint64_t begin = bench_clock_of(CLOCK_PROCESS_CPUTIME_ID);
  bool good = drain(loader, cell, &waited);
  double tokens = (double)data.windows * LOADER_LENGTH;
  values[5] = (double)(bench_clock_of(CLOCK_PROCESS_CPUTIME_ID) - begin) / tokens;
  batch_loader_free(loader);
  values[0] = (double)histogram_quantile(&waited, 0.5);
  values[1] = (double)histogram_quantile(&waited, 0.99);
  values[2] = (double)histogram_quantile(&waited, 0.999);
  return good;
}

typedef struct loop_contestant {
  void (*run)(const loader_loop *loop);
  bool parts; /* can run in several threads, each over its part of the windows */
} loop_contestant;

typedef struct loop_thread {
  loader_loop loop;
  void (*run)(const loader_loop *loop);
  pthread_t thread;
} loop_thread;

static void *run_loop(void *context) {
  loop_thread *t = context;
  t->run(&t->loop);
  return NULL;
}

static bool start_loops(loop_thread *threads, uint32_t n, const loop_contestant *contestant,
                        batch_shuffle shuffle) {
  size_t numbers = (size_t)LOADER_BATCHES * 2 * LOADER_ROWS * LOADER_LENGTH;
  const uint64_t *order = data.orders[shuffle == BATCH_SHUFFLE_ALL];
  for (uint32_t i = 0; i < n; i++) {
    size_t first = data.windows * i / n, end = data.windows * (i + 1) / n;
    threads[i].run = contestant->run;
    threads[i].loop = (loader_loop){data.tokens, order + first, end - first, data.file,
                                    aligned_alloc(64, numbers * sizeof(int32_t))};
    if (!threads[i].loop.out) return false;
    memset(threads[i].loop.out, 0, numbers * sizeof(int32_t));
  }
  return true;
}

static bool measure_loop(const loader_cell *cell, const loop_contestant *contestant, double *values) {
  loop_thread threads[MOST_THREADS];
  memset(threads, 0, sizeof threads);
  uint32_t n = contestant->parts ? cell->workers : 1;
  bool good = start_loops(threads, n, contestant, cell->shuffle);
  uint64_t begin = bench_now();
  for (uint32_t i = 0; good && i < n; i++)
    good = pthread_create(&threads[i].thread, NULL, run_loop, &threads[i]) == 0;
  for (uint32_t i = 0; good && i < n; i++) pthread_join(threads[i].thread, NULL);
  values[0] = (double)data.windows * LOADER_LENGTH / (double)(bench_now() - begin);
  for (uint32_t i = 0; i < n; i++) free(threads[i].loop.out);
  if (!good) bench_wrong("no memory or no thread");
  return good;
}

#define LOOP(...)                                                                                            \
  &(const loop_contestant) {                                                                                 \
    __VA_ARGS__                                                                                              \
  }

static const bench_contestant contestants[] = {
    {BENCH_US, NULL, "workers as in the cell's name, ids checked, in-order delivery", NULL, false, NULL},
    {"limit", NULL, "one loop a worker: no pool, no queue, no check", NULL, false, LOOP(loader_limit, true)},
    {"memcpy", NULL, "one loop: the bytes only", NULL, false, LOOP(loader_memcpy, false)},
    {"fread", NULL, "one loop: seek, fread, widen, as llm.c does", NULL, false, LOOP(loader_fread, false)},
};

static bool supports(const bench_cell *cell, const bench_contestant *contestant) {
  return cell->metrics == speed || !contestant->detail;
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  (void)options;
  if (contestant->detail) return measure_loop(cell->detail, contestant->detail, values);
  return cell->metrics == waits ? measure_waits(cell->detail, values) : measure_ours(cell->detail, values);
}

const bench_suite bench_loader = {
    .name = "loader",
    .legend =
        "Gtokens/s: random u16 tokens in a mapped file in the page cache, to int32 input and target of\n"
        "32 x 1024, taken by one thread that only releases. ORDER-N: N workers. next-1: how long the\n"
        "trainer waits for a batch, time to the first batch and after a resume, processor time.",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .contestants = contestants,
    .contestant_count = sizeof contestants / sizeof contestants[0],
    .seconds = 0,
    .quick_seconds = 0,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .finish = finish,
    .supports = supports,
    .measure = measure,
};
