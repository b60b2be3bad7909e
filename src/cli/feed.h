/* Between the files of headrace feed: feed_options.c takes its arguments, feed.c runs. */
#ifndef HEADRACE_CLI_FEED_H
#define HEADRACE_CLI_FEED_H

#include "data_options.h"
#include "progress.h"

typedef struct feed_run {
  data_options data;
  batch_loader_options loader;
  const char *resume, *state; /* files; NULL: none */
  bool quiet, help;
  bool fault_said;      /* the first one */
  uint32_t token_bytes; /* as stored */
  progress bar;
} feed_run;

/* Takes the arguments, up to the files from optind on; returns CLI_OK or, having said why, another exit status. */
int feed_parse(int argc, char **argv, feed_run *run);

/* Prints what --help tells; returns the exit status. */
int feed_help(void);

#endif
