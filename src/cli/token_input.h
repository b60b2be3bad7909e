/* Files of tokens as input of a command that has no use for text: decode and convert. */
#ifndef HEADRACE_CLI_TOKEN_INPUT_H
#define HEADRACE_CLI_TOKEN_INPUT_H

#include "cli.h"

/* Opens them; text and .jsonl are bad usage, found before they are tokenized. Returns the exit status, with *dataset NULL
   where it is not CLI_OK. */
int token_input_open(const char *command, const char *const *paths, size_t n,
                     const batch_dataset_options *options, BatchDataset **dataset);

/* The file that holds a token of the stream; false: there is none. */
bool token_input_find(const BatchDataset *dataset, uint64_t token, batch_dataset_file *file);

/* What a token's place is counted in, for people: where only a part of the documents is read it is the place among those. */
const char *token_input_counted(const batch_dataset_options *options);

/* Where end-of-text ids stand in files of these formats when nothing is said; bad usage where they do not agree. Returns the
   exit status. */
int token_input_usual_separator(const char *command, const BatchDataset *dataset, batch_separator *usual);

#endif
