/* headrace decode: what its two files share. */
#ifndef HEADRACE_CLI_DECODE_H
#define HEADRACE_CLI_DECODE_H

#include "data_options.h"

typedef struct decode_options {
  data_options data;
  const char *output; /* NULL: the standard output */
  bool jsonl, force, quiet, help;
  const char *ids;         /* instead of files */
  bool keep;               /* the end-of-text ids */
  bool part, by_documents; /* of the tokens, of the documents */
  uint64_t first, last;    /* documents, both included */
  uint64_t start, tokens;
} decode_options;

#define DECODE_OPTIONS_INIT                                                                                  \
  { .data = DATA_OPTIONS_INIT, .last = UINT64_MAX, .tokens = UINT64_MAX }

extern const char decode_name[];

/* Whether --malformed was given. */
bool decode_says_malformed(const decode_options *options);

/* Takes the options up to optind; returns the exit status. With help all is said. */
int decode_options_take(decode_options *options, int argc, char **argv);

#endif
