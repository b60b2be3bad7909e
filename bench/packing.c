/* The packing suite: what rows of whole documents cost, by how many documents there are: columns that stay empty, tokens
   without a place, memory, and how long the first batch takes, at the beginning and in the middle of an epoch. */
#include "packing.h"
#include "bench.h"
#include "clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 8, LENGTH = 2048, WARM_STEPS = 10 };

/* Of an epoch, to find how full rows are. */
#define MOST_TOKENS 40000000u

static const bench_metric metrics[] = {{"padding", "%", true},
                                       {"cropped", "%", true},
                                       {"memory", "MB", true},
                                       {"first", "ms", true},
                                       {"resume", "ms", true}};

enum { PADDING, CROPPED, MEMORY, FIRST, RESUME, METRICS };

#define DOCUMENTS(n)                                                                                         \
  &(const uint64_t) {                                                                                        \
    n                                                                                                        \
  }

static const bench_cell cells[] = {{"10k", 0, metrics, METRICS, true, DOCUMENTS(10000)},
                                   {"1M", 0, metrics, METRICS, false, DOCUMENTS(1000000)},
                                   {"10M", 0, metrics, METRICS, false, DOCUMENTS(10000000)}};

typedef struct packing_way {
  batch_packing packing;
  bool loses; /* the last step */
} packing_way;

#define WAY(...)                                                                                             \
  &(const packing_way) {                                                                                     \
    __VA_ARGS__                                                                                              \
  }

static const bench_contestant contestants[] = {
    {BENCH_US, NULL, "whole documents by best fit", NULL, false, WAY(BATCH_PACK_BEST_FIT, false)},
    {"aligned", NULL, "the same, each row begins with a document's first token", NULL, false,
     WAY(BATCH_PACK_BOS_ALIGNED, false)},
    {"documents", NULL, "one in a row", NULL, false, WAY(BATCH_PACK_DOCUMENTS, false)},
    {"windows", NULL, "consecutive tokens, whatever document they are of", NULL, false,
     WAY(BATCH_PACK_WINDOWS, false)},
    {"broken", NULL, "the control: the last step of an epoch is missing", NULL, true,
     WAY(BATCH_PACK_BEST_FIT, true)},
};

/* What the process that measures says to the one that asked. */
static struct answer {
  bool good;
  double values[METRICS];
  char why[256];
} told;

/* Returns false. */
__attribute__((format(printf, 1, 2))) static bool fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(told.why, sizeof told.why, format, arguments);
  va_end(arguments);
  return false;
}

/* Bytes of a line of /proc/self/status. */
static double status_of(const char *name) {
  char line[256];
  unsigned long long kilobytes = 0;
  size_t length = strlen(name);
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, length) == 0) kilobytes = strtoull(line + length + 1, NULL, 10);
  if (file) fclose(file);
  return 1024.0 * (double)kilobytes;
}

static BatchLoader *start(const BatchDataset *dataset, const packing_way *way,
                          const batch_loader_state *resume) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = ROWS;
  o.sequence_length = LENGTH;
  o.mask_type = TENSOR_UINT8;
  o.packing = way->packing;
  o.drop_last = way->loses;
  o.seed = 1;
  o.resume = resume;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!loader) fail("no loader: %s", batch_last_error()->message);
  return loader;
}

static bool measure_first(const BatchDataset *dataset, const packing_way *way,
                          const batch_loader_state *resume, double *milliseconds) {
  uint64_t begin = bench_now();
  BatchLoader *loader = start(dataset, way, resume);
  Batch *batch = loader ? batch_loader_next(loader) : NULL;
  *milliseconds = (double)(bench_now() - begin) / 1e6;
  bool good = batch || (loader && fail("no batch: %s", batch_last_error()->message));
  batch_release(batch);
  batch_loader_free(loader);
  return good;
}

/* How full the rows of an epoch are, and that all documents are in them, where there is time for all. */
static bool measure_rows(const BatchDataset *dataset, const packing_way *way) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  BatchLoader *loader = start(dataset, way, NULL);
  if (!loader) return false;
  uint64_t positions = 0;
  Batch *batch = NULL;
  while (positions < MOST_TOKENS && (batch = batch_loader_next(loader))) {
    positions += (uint64_t)ROWS * LENGTH;
    batch_release(batch);
  }
  batch_loader_get_stats(loader, &stats);
  uint64_t expected = packing_data_pairs(way->packing == BATCH_PACK_WINDOWS);
  bool good =
      batch || stats.tokens + stats.cropped == expected ||
      fail("%llu tokens came, and %llu were cropped, expected %llu together",
           (unsigned long long)stats.tokens, (unsigned long long)stats.cropped, (unsigned long long)expected);
  batch_loader_free(loader);
  told.values[PADDING] = 100 * (double)stats.padding / (double)positions;
  told.values[CROPPED] = 100 * (double)stats.cropped / (double)(stats.tokens + stats.cropped);
  return good;
}

/* A state behind the first steps, and what the first batch takes from there. */
static bool measure_resume(const BatchDataset *dataset, const packing_way *way) {
  batch_loader_state state;
  BatchLoader *loader = start(dataset, way, NULL);
  if (!loader) return false;
  for (int i = 0; i < WARM_STEPS; i++) batch_release(batch_loader_next(loader));
  bool good = batch_loader_get_state(loader, &state) || fail("no state: %s", batch_last_error()->message);
  batch_loader_free(loader);
  return good && measure_first(dataset, way, &state, &told.values[RESUME]);
}

/* In a process of its own, whose memory tells. */
static bool measure_here(const packing_way *way) {
  BatchDataset *dataset = packing_data_open();
  double before = status_of("RssAnon");
  if (!dataset) return fail("no dataset: %s", batch_last_error()->message);
  if (!measure_first(dataset, way, NULL, &told.values[FIRST])) return false;
  told.values[MEMORY] = (status_of("VmHWM") - status_of("RssFile") - before) / 1e6;
  bool good = measure_resume(dataset, way) && measure_rows(dataset, way);
  batch_dataset_free(dataset);
  return good;
}

static bool ask_child(const packing_way *way) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  pid_t child = fork();
  if (child == 0) {
    told.good = measure_here(way);
    _exit(write(ends[1], &told, sizeof told) == sizeof told ? 0 : 1);
  }
  close(ends[1]);
  bool got = child > 0 && read(ends[0], &told, sizeof told) == sizeof told;
  close(ends[0]);
  if (child > 0) (void)waitpid(child, NULL, 0);
  return got;
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  (void)options;
  memset(&told, 0, sizeof told);
  if (!packing_data_make(*(const uint64_t *)cell->detail))
    fail("the documents cannot be written");
  else if (!ask_child(contestant->detail))
    fail("the process that measures has ended");
  if (!told.good) bench_wrong("%s", told.why);
  memcpy(values, told.values, sizeof told.values);
  return told.good;
}

const bench_suite bench_packing = {
    .name = "packing",
    .legend =
        "Documents like those of the web (log-normal, 1000 tokens in the middle), in rows of 2048. "
        "padding: positions that\n"
        "hold no token; cropped: tokens without a place; memory: the most that was in use up to the first "
        "batch;\n"
        "first, resume: from making the loader to its first batch, at the beginning and after ten steps.",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .contestants = contestants,
    .contestant_count = sizeof contestants / sizeof contestants[0],
    .seconds = 0,
    .quick_seconds = 0,
    .rounds = 5,
    .quick_rounds = 3,
    .finish = packing_data_free,
    .measure = measure,
};
