#include "clock.h"
#include "frame.h"
#include "names.h"
#include "team.h"

#include "cli/terminal.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char wrong[256];

void bench_wrong(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(wrong, sizeof wrong, format, arguments);
  va_end(arguments);
}

typedef struct run_state {
  const bench_suite *suite;
  bench_options options;
  const bench_cell *cells;
  size_t cell_count;
  report_row *rows; /* one a contestant */
  uint64_t started, told;
  unsigned done, all; /* measurements */
  bool failed;
} run_state;

static bool takes_part(const run_state *run, const bench_cell *cell, const bench_contestant *contestant) {
  return contestant->missing == NULL && options_want_contestant(&run->options, contestant) &&
         (run->suite->supports == NULL || run->suite->supports(cell, contestant));
}

/* Rows of the contestants in this cell; returns how many. */
static size_t line_up(const run_state *run, const bench_cell *cell) {
  size_t count = 0;
  for (size_t i = 0; i < run->suite->contestant_count; i++) {
    const bench_contestant *contestant = &run->suite->contestants[i];
    if (!takes_part(run, cell, contestant)) continue;
    run->rows[count].contestant = contestant;
    run->rows[count].wrong = false;
    run->rows[count++].rounds = 0;
  }
  return count;
}

static unsigned count_measurements(const run_state *run) {
  unsigned count = 0;
  for (size_t i = 0; i < run->cell_count; i++)
    if (options_want_cell(&run->options, &run->cells[i]))
      count += (unsigned)line_up(run, &run->cells[i]) * run->options.rounds;
  return count;
}

/* One line that overwrites itself on a terminal, and one every ten seconds elsewhere. */
static void progress(run_state *run, const bench_cell *cell, unsigned round, const char *contestant) {
  bool terminal = terminal_can_redraw();
  uint64_t now = bench_now();
  if (now - run->told < (terminal ? BENCH_SECOND / 10 : 10 * BENCH_SECOND)) return;
  run->told = now;
  double spent = (double)(now - run->started) / (double)BENCH_SECOND;
  unsigned left = run->done == 0 ? 0 : (unsigned)(spent / run->done * (run->all - run->done));
  fprintf(stderr, "%s%3u %%, about %u:%02u left: %s %s @ %u, round %u of %u, %s%s", terminal ? "\r" : "",
          100 * run->done / run->all, left / 60, left % 60, run->suite->name, cell->name, cell->capacity,
          round + 1, run->options.rounds, contestant, terminal ? "\033[K" : "\n");
}

static void measure(run_state *run, const bench_cell *cell, report_row *row) {
  double values[BENCH_MAX_METRICS] = {0};
  snprintf(wrong, sizeof wrong, "it gave no reason");
  snprintf(bench_team_task, sizeof bench_team_task, "%s in %s @ %u", row->contestant->name, cell->name,
           cell->capacity);
  if (run->suite->measure(cell, row->contestant, &run->options, values)) {
    for (uint32_t m = 0; m < cell->metric_count; m++) row->values[m][row->rounds] = values[m];
    row->rounds++;
    return;
  }
  fprintf(stderr, "%sWRONG: %s in %s @ %u: %s\n", terminal_can_redraw() ? "\r\033[K" : "",
          row->contestant->name, cell->name, cell->capacity, wrong);
  row->wrong = true;
  run->failed = true;
}

static void run_cell(run_state *run, const bench_cell *cell, FILE *csv) {
  size_t rows = line_up(run, cell);
  for (unsigned round = 0; round < run->options.rounds; round++)
    for (size_t i = 0; i < rows; i++, run->done++) {
      progress(run, cell, round, run->rows[i].contestant->name);
      if (!run->rows[i].wrong) measure(run, cell, &run->rows[i]);
    }
  if (terminal_can_redraw()) fputs("\r\033[K", stderr);
  if (rows > 0) report_cell(stdout, csv, run->suite, &run->options, cell, run->rows, rows);
}

/* Whether a cell that is wanted has this contestant, or would if that were built. */
static bool takes_part_anywhere(const run_state *run, const bench_contestant *contestant) {
  if (contestant->missing != NULL) return options_want_contestant(&run->options, contestant);
  for (size_t i = 0; i < run->cell_count; i++)
    if (options_want_cell(&run->options, &run->cells[i]) && takes_part(run, &run->cells[i], contestant))
      return true;
  return false;
}

static void print_contestants(const run_state *run) {
  for (size_t i = 0; i < run->suite->contestant_count; i++)
    if (takes_part_anywhere(run, &run->suite->contestants[i]))
      report_contestant(stdout, &run->suite->contestants[i]);
}

static bool wants_any(const run_state *run, const char *cells) {
  for (size_t i = 0; i < run->cell_count; i++)
    if (options_want_cell(&run->options, &run->cells[i]) && fnmatch(cells, run->cells[i].name, 0) == 0)
      return true;
  return false;
}

static void print_legends(const run_state *run) {
  const bench_suite *suite = run->suite;
  printf("\n%s\n", suite->legend);
  for (size_t i = 0; i < suite->legend_count; i++)
    if (wants_any(run, suite->legends[i].cells)) printf("%s\n", suite->legends[i].text);
}

static void run_cells(run_state *run, FILE *csv) {
  run->started = run->told = bench_now();
  machine_print(stdout, run->suite);
  print_contestants(run);
  print_legends(run);
  for (size_t i = 0; i < run->cell_count; i++)
    if (options_want_cell(&run->options, &run->cells[i])) run_cell(run, &run->cells[i], csv);
}

static void list(const run_state *run) {
  for (size_t i = 0; i < run->cell_count; i++)
    printf("cell %s@%u\n", run->cells[i].name, run->cells[i].capacity);
  print_contestants(run);
}

static void fill_in(bench_options *o, const bench_suite *suite) {
  if (o->seconds == 0) o->seconds = o->quick ? suite->quick_seconds : suite->seconds;
  if (o->rounds == 0) o->rounds = o->quick ? suite->quick_rounds : suite->rounds;
}

static int cannot_write(const char *path) {
  fprintf(stderr, "headrace-bench: %s: %s\n", path, strerror(errno));
  return 1;
}

/* Measures into a CSV file, and draws it. `csv` is open; path is its name, for the picture. */
static int run_into(run_state *run, FILE *csv, const char *path) {
  run->all = count_measurements(run);
  if (run->all == 0) return names_nobody(run->suite, &run->options, run->cells, run->cell_count);
  if (csv != NULL) report_csv_header(csv);
  run_cells(run, csv);
  if (csv != NULL && (fflush(csv) != 0 || ferror(csv))) return cannot_write(path);
  if (run->options.plot != NULL && !report_plot(run->suite, path, run->options.plot)) return 1;
  return run->failed ? 1 : 0;
}

/* A picture without a CSV gets one in a temporary file. */
static FILE *open_csv(const bench_options *o, char *path, size_t size) {
  if (o->csv != NULL) {
    snprintf(path, size, "%s", o->csv);
    return fopen(path, "w");
  }
  const char *directory = getenv("TMPDIR");
  snprintf(path, size, "%s/headrace-bench-XXXXXX", directory != NULL ? directory : "/tmp");
  int fd = mkstemp(path);
  return fd < 0 ? NULL : fdopen(fd, "w");
}

static int run_prepared(run_state *run) {
  char path[4096] = "";
  FILE *csv = NULL;
  bool wanted = run->options.csv != NULL || run->options.plot != NULL;
  if (wanted && (csv = open_csv(&run->options, path, sizeof path)) == NULL) return cannot_write(path);
  int status = run_into(run, csv, path);
  if (csv != NULL && fclose(csv) != 0 && status == 0) status = cannot_write(path);
  if (csv != NULL && run->options.csv == NULL) unlink(path);
  return status;
}

/* Measures, or lists; returns the exit status. */
static int run_suite(run_state *run) {
  const bench_suite *suite = run->suite;
  run->cells = suite->cells;
  run->cell_count = suite->cell_count;
  if (suite->make_cells != NULL && !suite->make_cells(&run->options, &run->cells, &run->cell_count)) return 2;
  if (suite->prepare != NULL && !suite->prepare(&run->options)) return 2;
  int status = 0;
  if (run->options.only_list)
    list(run);
  else
    status = run_prepared(run);
  if (suite->finish != NULL) suite->finish();
  return status;
}

int bench_main(const bench_suite *suite, int argc, char **argv) {
  run_state run = {.suite = suite};
  options_action action;
  if (argc > 1 && strcmp(argv[1], "--complete") == 0) return options_complete(suite, argv[2]);
  if (!options_parse(suite, argc, argv, &run.options, &action)) return 2;
  if (action == OPTIONS_HELP) {
    options_usage(stdout, suite);
    return 0;
  }
  fill_in(&run.options, suite);
  run.rows = calloc(suite->contestant_count, sizeof *run.rows);
  run.options.only_list = action == OPTIONS_LIST;
  int status = run.rows == NULL ? 2 : run_suite(&run);
  free(run.rows);
  return status;
}
