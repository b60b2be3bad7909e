/* The options that say how tokens are written: --to, --token-type and --shard-tokens. */
#ifndef HEADRACE_CLI_WRITER_OPTIONS_H
#define HEADRACE_CLI_WRITER_OPTIONS_H

#include "cli.h"
#include "json.h"

/* Their arguments; each returns CLI_OK or, having said what was expected, another exit status. */
int writer_take_format(batch_writer_options *writer, const char *command, const char *word);
int writer_take_type(batch_writer_options *writer, const char *command, const char *word);
int writer_take_shard_tokens(batch_writer_options *writer, const char *command, const char *text);

/* What was written so far: "15 tokens (u16)", with how many are not to be learnt if there are any; and for programs. */
void writer_print_tokens(const BatchWriter *writer);
void writer_print_json(json *j, const char *output, batch_format format, const BatchWriter *writer);

#endif
