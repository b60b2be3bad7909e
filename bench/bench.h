/* The benchmark frame: contestants that take turns, cells that they are measured in, and what is
   printed, written and drawn from it.

   A suite (queue, pool, loader, packing, sizing, tokenizer) is two lists and one function. The frame runs
       for each cell: for each round: for each contestant: suite->measure()
   so that what is compared is measured within the same second, and prints per cell a table with
   median, minimum, maximum and the ratio to the contestant named BENCH_US.

   Usage (a new suite, here called "loader"):
       static const bench_metric speed[] = {{"", "Gtokens/s", false}};
       static const bench_cell cells[] = {{"in-order", 0, speed, 1, true, NULL}, ...};
       static const bench_contestant contestants[] = {{BENCH_US, NULL, NULL, NULL, false, NULL}, ...};
       const bench_suite bench_loader = {.name = "loader", .cells = cells, ..., .measure = measure};
   a line in the table of main.c, and plot/loader.gp for its picture. A suite that needs no threads of its own needs nothing else;
   team.h starts, pins, times and watches threads.

   A contestant whose result is wrong (elements lost, sums that differ) is not slow but broken:
   measure() calls bench_wrong() and returns false, and the program ends with status 1. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Our own contestant, the one that every ratio is to. */
#define BENCH_US "headrace"

/* One measurement gives at most this many figures. */
#define BENCH_MAX_METRICS 8

/* A figure that measure() gives. name: "" if it is the only one, else ("p99") it is appended to the
   name of the cell with a point in the CSV. */
typedef struct bench_metric {
  const char *name;
  const char *unit;
  bool less_is_better;
} bench_metric;

typedef struct bench_cell {
  const char *name;
  uint32_t capacity; /* 0 where there is none */
  const bench_metric *metrics;
  uint32_t metric_count;
  bool quick;         /* is part of --quick too */
  const void *detail; /* the suite's */
} bench_cell;

/* What a figure of some cells counts. */
typedef struct bench_legend {
  const char *cells; /* a shell pattern of their names */
  const char *text;
} bench_legend;

typedef struct bench_contestant {
  const char *name;
  const char *version; /* NULL: none to tell */
  const char *note;    /* what the reader of a table must know; NULL: nothing */
  const char *missing; /* the Debian package without which it was not built; NULL: it is here */
  bool hidden;         /* takes part only if --contestants names it */
  const void *detail;  /* the suite's */
} bench_contestant;

/* An option that one suite has beside those of all. */
typedef struct bench_option {
  const char *name;     /* without its dashes */
  const char *argument; /* what --help calls its value; NULL: it takes none */
  const char *help;     /* one line or more */
} bench_option;

#define BENCH_MAX_OWN 8

typedef struct bench_options {
  const char *cells;       /* comma separated shell patterns of `name` or `name@capacity`; NULL: all */
  const char *contestants; /* comma separated shell patterns; NULL: all that are not hidden */
  const char *csv;         /* a file to write, or NULL */
  const char *plot;        /* a .svg or .png file to draw, or NULL */
  double seconds;          /* a measurement */
  unsigned rounds;
  bool quick;
  bool only_list;                 /* nothing will be measured */
  const char *own[BENCH_MAX_OWN]; /* the values of the suite's own options; NULL: not given */
} bench_options;

typedef struct bench_suite {
  const char *name;
  const char *legend;          /* what a figure counts, printed above the tables */
  const bench_legend *legends; /* below it, where such cells take part */
  size_t legend_count;
  const bench_option *options; /* of its own, BENCH_MAX_OWN at most */
  size_t option_count;
  const bench_cell *cells;
  size_t cell_count;
  /* In place of cells and cell_count, if they depend on the options or the machine. Says on stderr what is wrong
     with the options and returns false. */
  bool (*make_cells)(const bench_options *options, const bench_cell **cells, size_t *count);
  const bench_contestant *contestants;
  size_t contestant_count;
  double seconds, quick_seconds;                 /* of a measurement, unless --seconds says it */
  unsigned rounds, quick_rounds;                 /* unless --rounds says it */
  bool (*prepare)(const bench_options *options); /* once before everything; NULL: nothing */
  void (*finish)(void);                          /* once after everything; NULL: nothing */
  /* Whether this contestant takes part in this cell; NULL: all in all. */
  bool (*supports)(const bench_cell *cell, const bench_contestant *contestant);
  /* Measures once: values[0 .. metric_count-1]. Returns false after bench_wrong(). */
  bool (*measure)(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                  double *values);
} bench_suite;

extern const bench_suite bench_queue, bench_pool, bench_loader, bench_packing, bench_sizing, bench_tokenizer;

/* Says why what the running contestant did is wrong; printf-like. */
void bench_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says on stderr what is wrong with an option: its value, and what was expected, printf-like. Returns false. */
bool bench_refuse(const char *option, const char *value, const char *expected, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs a suite from its command line (argv[0] is the suite's name).
   Returns the exit status: 0; 1 when a contestant was wrong; 2 on bad arguments. */
int bench_main(const bench_suite *suite, int argc, char **argv);

/* A Debian package with its version, as found when this was configured: "libck-dev 0.7.1-10"; the bare name where
   the version is not known. */
const char *bench_package(const char *name);

#ifdef __cplusplus
}
#endif
#endif
