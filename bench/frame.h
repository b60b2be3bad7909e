/* Between the files of the frame: options, run, report, machine. Suites need bench.h only. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include "bench.h"

#include <stdio.h>

#define BENCH_MAX_ROUNDS 1000

typedef enum options_action { OPTIONS_MEASURE, OPTIONS_LIST, OPTIONS_HELP } options_action;

/* Reads a command line; says on stderr what is wrong with it and returns false. */
bool options_parse(const bench_suite *suite, int argc, char **argv, bench_options *options,
                   options_action *action);
int options_complete(const bench_suite *suite, const char *option); /* see names.h */
void options_usage(FILE *to, const bench_suite *suite);
bool options_want_cell(const bench_options *options, const bench_cell *cell);
bool options_want_contestant(const bench_options *options, const bench_contestant *contestant);

/* What one contestant reached in one cell. */
typedef struct report_row {
  const bench_contestant *contestant;
  bool wrong;                                         /* and so without figures */
  double values[BENCH_MAX_METRICS][BENCH_MAX_ROUNDS]; /* as measured; sorted by report_cell */
  unsigned rounds;
} report_row;

/* Machine, system, compiler, commit, versions: what a figure is worth nothing without. */
void machine_print(FILE *to, const bench_suite *suite);

/* The directory that this program lies in. */
bool machine_directory(char *path, size_t size);

/* Prints who it is, or that it could not be built. */
void report_contestant(FILE *to, const bench_contestant *contestant);

/* Prints the tables of one cell; and appends its rows to csv unless that is NULL. */
void report_cell(FILE *to, FILE *csv, const bench_suite *suite, const bench_options *options,
                 const bench_cell *cell, report_row *rows, size_t row_count);

void report_csv_header(FILE *csv);

/* Draws the suite's picture from the CSV. Says on stderr what went wrong and returns false. */
bool report_plot(const bench_suite *suite, const char *csv, const char *picture);

#endif
