/* A dataset while it is made: of files (dataset.c) or of memory (dataset_memory.c). */
#ifndef HEADRACE_DATASET_DATASET_INTERNAL_H
#define HEADRACE_DATASET_DATASET_INTERNAL_H

#include "dataset/token_files.h"

struct BatchDataset {
  token_files files;
};

/* What of the options is not the text room's, see encode_read_options. */
bool dataset_check_options(const char *function, const batch_dataset_options *options);

/* An empty dataset with room for so many files, which are put in one by one: batch_dataset_free closes those that are
   counted. NULL, with an error set, without memory. */
BatchDataset *dataset_make(const char *function, size_t files);

/* Finds the documents of a file without boundaries, if the options have a separator for that. */
bool dataset_find_documents(token_file *file, const batch_dataset_options *options);

#endif
