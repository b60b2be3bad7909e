#include "support/dataset_check.h"

#include <inttypes.h>
#include <stdlib.h>

BatchDataset *open_dataset(const char *path, const batch_dataset_options *options) {
  BatchDataset *dataset = batch_dataset_open(&path, 1, options);
  cr_assert_not_null(dataset, "%s", batch_last_error()->message);
  return dataset;
}

void assert_tokens(const BatchDataset *dataset, const int32_t *expected, size_t count) {
  cr_assert_eq(batch_dataset_tokens(dataset), count, "%" PRIu64 " tokens instead of %zu",
               batch_dataset_tokens(dataset), count);
  int32_t *ids = malloc(count * sizeof *ids);
  cr_assert(batch_dataset_read(dataset, 0, count, ids), "%s", batch_last_error()->message);
  for (size_t i = 0; i < count; i++)
    cr_assert_eq(ids[i], expected[i], "token %zu is %" PRId32 " instead of %" PRId32, i, ids[i], expected[i]);
  free(ids);
}

void assert_documents(const BatchDataset *dataset, const uint64_t *bounds, size_t count) {
  uint64_t start, end;
  cr_assert_eq(batch_dataset_documents(dataset), count, "%" PRIu64 " documents instead of %zu",
               batch_dataset_documents(dataset), count);
  for (size_t i = 0; i < count; i++) {
    cr_assert(batch_dataset_document(dataset, i, &start, &end));
    cr_assert_eq(start, bounds[i], "document %zu starts at %" PRIu64 " instead of %" PRIu64, i, start,
                 bounds[i]);
    cr_assert_eq(end, bounds[i + 1], "document %zu ends at %" PRIu64 " instead of %" PRIu64, i, end,
                 bounds[i + 1]);
  }
  assert_refused(!batch_dataset_document(dataset, count, &start, &end), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_dataset_document");
}

uint64_t fingerprint_of(const BatchDataset *dataset) {
  uint64_t value;
  cr_assert(batch_dataset_fingerprint(dataset, &value), "%s", batch_last_error()->message);
  return value;
}
