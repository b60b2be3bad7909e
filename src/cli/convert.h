/* headrace convert: what its files share. */
#ifndef HEADRACE_CLI_CONVERT_H
#define HEADRACE_CLI_CONVERT_H

#include "data_options.h"
#include "documents.h"
#include "progress.h"

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
  bool quiet, json, help;
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

/* A run, from when its options are known. */
typedef struct convert_run {
  const convert_options *options;
  batch_writer_options writing;
  BatchDataset *dataset;
  BatchWriter *writer;
  documents documents;
  progress bar;
  uint64_t num_documents; /* known ones */
  uint8_t *loss;          /* [DOCUMENTS_PIECE], of the piece at hand; NULL: the input has no masks */
  bool stopped;
  uint64_t in_part; /* tokens of the shard at hand, where documents are not known */
} convert_run;

/* Files of which no documents are known; *first: the first of them. */
size_t convert_unknown_files(const convert_run *run, batch_dataset_file *first);

/* What is not in the output as it was in the input: said, whatever else is. */
void convert_say_lost(const convert_run *run);

/* What came out, in a line for people; and for programs, however it ended, see json_open_run. */
void convert_print_summary(const convert_run *run);
void convert_print_json(const convert_run *run, const char *ended);

#endif
