/* headrace convert: what its files share. */
#ifndef HEADRACE_CLI_CONVERT_H
#define HEADRACE_CLI_CONVERT_H

#include "data_options.h"

/* What becomes of the end-of-text ids that part documents. */
typedef enum output_separator {
  SEPARATOR_KEEP,
  SEPARATOR_TAKE_OUT,
  SEPARATOR_PUT_BEFORE,
  SEPARATOR_PUT_AFTER
} output_separator;

typedef struct convert_options {
  data_options data;
  batch_writer_options writer;
  const char *output;
  output_separator separator;
  bool quiet, help;
} convert_options;

#define CONVERT_OPTIONS_INIT                                                                                 \
  { .data = DATA_OPTIONS_INIT, .writer = BATCH_WRITER_OPTIONS_INIT }

extern const char convert_name[];

/* Takes the options up to optind; returns the exit status. With help all is said. */
int convert_options_take(convert_options *options, int argc, char **argv);

/* Says to the writer of which type the tokens are to be where nobody has: the input's own where the format has it, else one
   that holds all that the input's does. more: an id that is put between documents; -1: none. */
void convert_choose_type(batch_writer_options *writer, const BatchDataset *dataset, int32_t more);

/* Whether the input's type holds ids that the output's does not. */
bool convert_narrows(const BatchWriter *writer, const BatchDataset *dataset);

/* One more than the largest id that a type holds. */
uint32_t convert_room(batch_token_type type);

#endif
