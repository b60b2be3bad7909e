/* The memory that a loader keeps of its files. */
#include <headrace/headrace.h>

#include <unistd.h>

#include "support/loader.h"

TestSuite(loader_resident, .init = loader_begin, .fini = loader_end);

/* Bytes of files that this process has mapped in. */
static uint64_t resident_file_bytes(void) {
  unsigned long long all = 0, resident = 0, shared = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  cr_assert(file && fscanf(file, "%llu %llu %llu", &all, &resident, &shared) == 3);
  fclose(file);
  return shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Streams part of a sparse file of 8 GB, or of 1 GB where no larger one can be addressed, and returns the largest resident size seen. */
static uint64_t stream_sparse(batch_shuffle shuffle, uint64_t limit, uint64_t steps) {
  const char *path = write_data("sparse.bin", "", 0);
  cr_assert_eq(truncate(path, (off_t)1 << (SIZE_MAX == UINT32_MAX ? 30 : 33)), 0);
  BatchDataset *sparse = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.batch_size = 32;
  o.sequence_length = 2048;
  o.shuffle = shuffle;
  o.resident_bytes = limit;
  o.steps = steps;
  uint64_t before = resident_file_bytes(), most = 0;
  BatchLoader *loader = start_loader(sparse, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    uint64_t now = batch->batch_id % 16 ? 0 : resident_file_bytes();
    if (now > before && now - before > most) most = now - before;
  }
  batch_loader_free(loader);
  batch_dataset_free(sparse);
  return most;
}

Test(loader_resident, resident_memory_is_bounded_whatever_the_size_of_the_file) {
  enum { MIB = 1 << 20 };
  cr_assert_leq(stream_sparse(BATCH_SHUFFLE_NONE, 64 * MIB, 1000), 72 * MIB); /* of 131 MB read */
  cr_assert_leq(stream_sparse(BATCH_SHUFFLE_ALL, 64 * MIB, 60), 72 * MIB);
  cr_assert_gt(stream_sparse(BATCH_SHUFFLE_NONE, (uint64_t)8 << 30, 1000), 100 * MIB,
               "the control is bounded too");
}

/* Where pages come from a disk, rows are asked for ahead, to the last batch, which lacks some. */
Test(loader_resident, an_epoch_that_waits_for_its_pages_has_every_row_once) {
  enum { COLUMNS = 2048, MANY = 40 * BATCH + 1 };
  const char *path = write_data("sparse.bin", "", 0);
  cr_assert_eq(truncate(path, 2 * (MANY * COLUMNS + 1)), 0);
  BatchDataset *sparse = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.sequence_length = COLUMNS;
  uint64_t rows = 0, places[BATCH];
  bool seen[MANY] = {false};
  BatchLoader *loader = start_loader(sparse, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    places_of(loader, batch, places);
    for (uint32_t row = 0; row < BATCH && places[row] != BATCH_NO_PLACE; row++, rows++) {
      cr_assert(places[row] < MANY && !seen[places[row]]);
      seen[places[row]] = true;
    }
  }
  cr_assert_eq(rows, MANY);
  batch_loader_free(loader);
  batch_dataset_free(sparse);
}
