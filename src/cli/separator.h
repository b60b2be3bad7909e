/* Where the end-of-text id stands: what tokenize writes, decode leaves out, and where files without an index have
   documents. */
#ifndef HEADRACE_CLI_SEPARATOR_H
#define HEADRACE_CLI_SEPARATOR_H

#include "cli.h"

/* --separator and --end-of-text; -1 where they are not given. */
typedef struct separator_options {
  int place; /* batch_separator */
  int32_t end_of_text;
} separator_options;

#define SEPARATOR_OPTIONS_INIT                                                                               \
  { -1, -1 }

/* The arguments of the two. */
int separator_take_place(separator_options *o, const char *command, const char *word);
int separator_take_end_of_text(separator_options *o, const char *command, const char *text);

/* Whether a format of tokens keeps documents beside them. */
bool separator_has_index(batch_format format);

/* What a format of tokens has where nothing is said. */
batch_separator separator_usual(batch_format format);

/* *place: the one given, or `usual`; *id: the one given, or the tokenizer's, which may be BATCH_NO_TOKEN. An id without a
   separator is bad usage. NULL as tokenizer: bytes. */
int separator_settle(const separator_options *o, const char *command, batch_separator usual,
                     const BatchTokenizer *tokenizer, batch_separator *place, int32_t *id);

/* The same where a dataset of any files is opened: nothing is usual, and only a tokenizer that is named has an id. */
int separator_settle_files(const separator_options *o, const char *command, const char *tokenizer_name,
                           const BatchTokenizer *tokenizer, batch_separator *place, int32_t *id);

/* There is no separator: then --end-of-text is bad usage. */
int separator_needs_place(const separator_options *o, const char *command);

/* There is a separator and no id. */
int separator_lacks_id(const char *command);

#endif
