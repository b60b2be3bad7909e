/* Between the files of headrace feed: feed_options.c takes its arguments, feed.c runs, feed_report.c says what came out. */
#ifndef HEADRACE_CLI_FEED_H
#define HEADRACE_CLI_FEED_H

#include "loader_options.h"
#include "metrics_file.h"
#include "progress.h"
#include "sources.h"

typedef struct feed_run {
  data_options data;
  loader_options loader;
  sources sources;
  const char *state; /* a file; NULL: none */
  bool quiet, json, help;
  bool fault_said;    /* the first one */
  size_t token_bytes; /* as stored, of the widest */
  char shares[60];    /* of a mix's sources, for the progress */
  progress bar;
  metrics_file metrics;
} feed_run;

/* What came out. */
typedef struct feed_sum {
  uint64_t batches, rows, tokens /* masked or not */, checksum, errors;
} feed_sum;

/* Takes the arguments; returns CLI_OK or, having said why, another exit status. */
int feed_parse(int argc, char **argv, feed_run *run);

/* Prints what came out: two lines, or an object; ended: "done", "stopped" or "failed". */
void feed_print_summary(const feed_sum *sum, const batch_loader_stats *stats);
void feed_print_json(const feed_run *run, const feed_sum *sum, const batch_loader_stats *stats,
                     const char *ended);

/* Prints what --help tells; returns the exit status. */
int feed_help(void);

#endif
