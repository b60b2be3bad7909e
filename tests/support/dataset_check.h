/* What tests of datasets say again and again. */
#ifndef HEADRACE_TESTS_DATASET_CHECK_H
#define HEADRACE_TESTS_DATASET_CHECK_H

#include "support/check.h"

/* Opens one file, directory or pattern; fails the test with the library's error. */
BatchDataset *open_dataset(const char *path, const batch_dataset_options *options);

/* The dataset has exactly these tokens. */
void assert_tokens(const BatchDataset *dataset, const int32_t *expected, size_t count);

/* The dataset has count documents, from bounds[i] to bounds[i + 1]. */
void assert_documents(const BatchDataset *dataset, const uint64_t *bounds, size_t count);

uint64_t fingerprint_of(const BatchDataset *dataset);

/* Opening is refused with this status and all the words. */
#define assert_not_opened(path, options, status, ...)                                                        \
  assert_refused(!batch_dataset_open(&(const char *){path}, 1, options), status, __VA_ARGS__)

#endif
