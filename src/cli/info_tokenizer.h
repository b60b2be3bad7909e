/* headrace info --tokenizer FILE: what is known of a tokenizer. */
#ifndef HEADRACE_CLI_INFO_TOKENIZER_H
#define HEADRACE_CLI_INFO_TOKENIZER_H

#include "cli.h"

/* Prints it as a table or as JSON; NULL: bytes. Returns the exit status. */
int info_tokenizer(const char *command, const BatchTokenizer *tokenizer, bool as_json);

#endif
