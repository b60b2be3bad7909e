/* A data set of text that is on every Debian, and loaders of it. */
#ifndef HEADRACE_TESTS_PROCESS_LOADER_H
#define HEADRACE_TESTS_PROCESS_LOADER_H

#include <headrace/headrace.h>

#include "process.h"

#define TEXT_PATH "/usr/share/common-licenses/GPL-3"

static inline BatchDataset *open_dataset(const char *path) {
  BatchDataset *dataset = batch_dataset_open(&path, 1, NULL);
  EXPECT(dataset, "%s", batch_last_error()->message);
  return dataset;
}

static inline batch_loader_options small_options(uint32_t batch_size, uint32_t sequence_length) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = batch_size;
  o.sequence_length = sequence_length;
  o.world = 1;
  return o;
}

static inline BatchLoader *start_loader(const BatchDataset *dataset, const batch_loader_options *o) {
  BatchLoader *loader = batch_loader_create(dataset, o);
  EXPECT(loader, "%s", batch_last_error()->message);
  return loader;
}

#endif
