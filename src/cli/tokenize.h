/* headrace tokenize: what its files share. */
#ifndef HEADRACE_CLI_TOKENIZE_H
#define HEADRACE_CLI_TOKENIZE_H

#include "data_options.h"
#include "metrics_file.h"
#include "progress.h"

typedef struct tokenize_run {
  data_options data;
  batch_writer_options writer;
  const char *output;
  bool quiet, json, help, called;
  progress bar;
  metrics_file metrics;
  batch_tokenize_progress last;                        /* what was told last */
  uint64_t bytes_before, shards_before, tokens_before; /* of the run that this one goes on with */
} tokenize_run;

extern const char tokenize_name[];

/* What came out, in a line for people. */
void tokenize_print_summary(const tokenize_run *run, const BatchWriter *writer);

/* And for programs, however it ended; see json_open_run. */
void tokenize_print_json(const tokenize_run *run, const BatchWriter *writer, const char *ended);

#endif
