/* Train and validation: a keyed choice of documents that keeps them apart, whatever files come and go beside theirs. */
#ifndef HEADRACE_DATASET_SUBSET_H
#define HEADRACE_DATASET_SUBSET_H

#include "dataset/token_files.h"

/* Makes the parts of s->files that options.subset asks for, runs of chosen documents, but for their places in the stream.
   Files without boundaries, and those that are one document, are cut into blocks. */
bool subset_take(const char *function, token_files *s, const batch_dataset_options *options);

/* Sets the error for a subset without tokens. */
bool subset_is_empty(const char *function, const token_files *s, const batch_dataset_options *options);

#endif
