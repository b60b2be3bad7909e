/* From open files to the stream: all of them one behind the other, or a subset of their documents. */
#ifndef HEADRACE_DATASET_TOKEN_PARTS_H
#define HEADRACE_DATASET_TOKEN_PARTS_H

#include "dataset/token_files.h"

/* Makes the parts of s->files, and all of *s that rests on them. A stream without tokens is an error. */
bool token_parts_make(const char *function, token_files *s, const batch_dataset_options *options);

#endif
