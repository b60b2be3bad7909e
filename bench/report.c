#include "frame.h"
#include "team.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void report_contestant(FILE *to, const bench_contestant *c) {
  fprintf(to, "  %-21s", c->name);
  if (c->missing != NULL) fprintf(to, " skipped: not built, %s was not found", c->missing);
  if (c->missing == NULL && c->version != NULL) fprintf(to, " %s", c->version);
  if (c->note != NULL) fprintf(to, " [%s]", c->note);
  fprintf(to, "\n");
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(const double *sorted, unsigned count) {
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* How many times as good we are; 0 where that cannot be said. */
static double our_ratio(const bench_metric *metric, double ours, double theirs) {
  double over = metric->less_is_better ? theirs : ours, under = metric->less_is_better ? ours : theirs;
  return under > 0 ? over / under : 0;
}

static const report_row *find_us(const report_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!rows[i].wrong && strcmp(rows[i].contestant->name, BENCH_US) == 0) return &rows[i];
  return NULL;
}

/* Four digits, or all of those before the point. */
static void print_figure(FILE *to, int width, double value) {
  if (value < 1e4)
    fprintf(to, " %*.4g", width, value);
  else
    fprintf(to, " %*.0f", width, value);
}

static void print_row(FILE *to, const bench_metric *metric, uint32_t m, const report_row *row,
                      const report_row *us) {
  const double *v = row->values[m];
  const char *note = row->contestant->note != NULL ? row->contestant->note : "";
  if (row->wrong) {
    fprintf(to, "  %-22s %10s %10s %10s %11s  %s\n", row->contestant->name, "WRONG", "-", "-", "-", note);
    return;
  }
  char ratio[32] = "-";
  double times =
      us == NULL ? 0 : our_ratio(metric, median(us->values[m], us->rounds), median(v, row->rounds));
  if (times > 0) snprintf(ratio, sizeof ratio, times < 0.095 ? "x %.4f" : "x %.2f", times);
  fprintf(to, "  %-22s", row->contestant->name);
  print_figure(to, 10, median(v, row->rounds));
  print_figure(to, 10, v[0]);
  print_figure(to, 10, v[row->rounds - 1]);
  fprintf(to, " %11s  %s\n", ratio, note);
}

static void cell_name(char *name, size_t size, const bench_cell *cell, const bench_metric *metric) {
  snprintf(name, size, "%s%s%s", cell->name, metric->name[0] != '\0' ? "." : "", metric->name);
}

static void csv_row(FILE *csv, const bench_suite *suite, const bench_cell *cell, uint32_t m,
                    const report_row *row) {
  char name[128];
  if (row->wrong) return;
  cell_name(name, sizeof name, cell, &cell->metrics[m]);
  const double *v = row->values[m];
  fprintf(csv, "%s,%s,%u,%s,%.6g,%.6g,%.6g,%s,%u,%u\n", suite->name, name, cell->capacity,
          row->contestant->name, median(v, row->rounds), v[0], v[row->rounds - 1], cell->metrics[m].unit,
          row->rounds, bench_processors());
}

/* "queue 4p4c, capacity 1024, on 2 processors" */
static void print_place(FILE *to, const bench_suite *suite, const bench_cell *cell, const char *name) {
  fprintf(to, "\n%s %s", suite->name, name);
  if (cell->capacity > 0) fprintf(to, ", capacity %u", cell->capacity);
  fprintf(to, ", on %u processor%s", bench_processors(), bench_processors() == 1 ? "" : "s");
}

static void print_table(FILE *to, const bench_suite *suite, const bench_options *options,
                        const bench_cell *cell, uint32_t m, const report_row *rows, size_t count) {
  const bench_metric *metric = &cell->metrics[m];
  char name[128];
  cell_name(name, sizeof name, cell, metric);
  print_place(to, suite, cell, name);
  fprintf(to, ": %s, %s is better; %u round%s", metric->unit, metric->less_is_better ? "less" : "more",
          options->rounds, options->rounds == 1 ? "" : "s");
  if (options->seconds > 0) fprintf(to, " of %g s", options->seconds); /* else it takes what the task takes */
  fprintf(to, "\n");
  fprintf(to, "  %-22s %10s %10s %10s %11s\n", "contestant", "median", "min", "max", BENCH_US " is");
  for (size_t i = 0; i < count; i++) print_row(to, metric, m, &rows[i], find_us(rows, count));
}

/* What was in a table for each metric, once more side by side. */
static void print_medians(FILE *to, const bench_suite *suite, const bench_cell *cell, const report_row *rows,
                          size_t count) {
  print_place(to, suite, cell, cell->name);
  fprintf(to, ": all medians\n  %-22s", "contestant");
  for (uint32_t m = 0; m < cell->metric_count; m++) fprintf(to, " %11s", cell->metrics[m].name);
  fprintf(to, "\n%24s", "");
  for (uint32_t m = 0; m < cell->metric_count; m++) fprintf(to, " %11s", cell->metrics[m].unit);
  fprintf(to, "\n");
  for (size_t i = 0; i < count; i++) {
    fprintf(to, "  %-22s", rows[i].contestant->name);
    for (uint32_t m = 0; m < cell->metric_count && !rows[i].wrong; m++)
      print_figure(to, 11, median(rows[i].values[m], rows[i].rounds));
    fprintf(to, "%s\n", rows[i].wrong ? "       WRONG" : "");
  }
}

void report_cell(FILE *to, FILE *csv, const bench_suite *suite, const bench_options *options,
                 const bench_cell *cell, report_row *rows, size_t row_count) {
  for (uint32_t m = 0; m < cell->metric_count; m++) {
    for (size_t i = 0; i < row_count; i++) qsort(rows[i].values[m], rows[i].rounds, sizeof(double), compare);
    print_table(to, suite, options, cell, m, rows, row_count);
    for (size_t i = 0; csv != NULL && i < row_count; i++) csv_row(csv, suite, cell, m, &rows[i]);
  }
  if (cell->metric_count > 1) print_medians(to, suite, cell, rows, row_count);
  fflush(to);
  if (csv != NULL) fflush(csv); /* what is measured is kept if the rest is not */
}

void report_csv_header(FILE *csv) {
  fputs("bench,cell,capacity,contestant,median,min,max,unit,rounds,processors\n", csv);
}

bool report_plot(const bench_suite *suite, const char *csv, const char *picture) {
  char directory[4000], script[4096];
  if (!machine_directory(directory, sizeof directory)) return false;
  snprintf(script, sizeof script, "%s/plot/%s.gp", directory, suite->name);
  const char *arguments[] = {"gnuplot", "-c", script, csv, picture, NULL};
  pid_t child;
  int status = 0;
  int error = posix_spawnp(&child, arguments[0], NULL, NULL, (char *const *)(uintptr_t)arguments, environ);
  if (error != 0) {
    fprintf(stderr, "headrace-bench: gnuplot (package gnuplot-nox) cannot be started: %s\n", strerror(error));
    return false;
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  fprintf(stderr, "headrace-bench: gnuplot %s failed\n", script);
  return false;
}
