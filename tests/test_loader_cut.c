/* Files that are cut off while they are mapped: which batches are in doubt, and which of those are lost. */
#include <headrace/headrace.h>

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "support/failing_calls.h"
#include "support/loader.h"

TestSuite(loader_cut, .init = files_begin, .fini = files_end);

enum { COUNT = 40 * BATCH * LENGTH + 1 };

typedef int32_t id_of(uint64_t i);

/* Some of their bytes are 0, high ones and low ones. */
static int32_t mixed(uint64_t i) {
  return i % 5 == 0 ? 256 : token_at(i);
}

static int32_t zero(uint64_t i) {
  (void)i;
  return 0;
}

static int32_t never_zero(uint64_t i) {
  return 257 + token_at(i) % 200;
}

/* A headerless file of these ids, of `width` bytes each. */
static BatchDataset *make_wide(size_t width, id_of *id) {
  static const batch_token_type types[] = {
      [1] = BATCH_TOKEN_U8, [2] = BATCH_TOKEN_U16, [4] = BATCH_TOKEN_U32, [8] = BATCH_TOKEN_I64};
  bytes b = {0};
  for (uint64_t i = 0; i < COUNT; i++) {
    int64_t value = width == 1 ? id(i) & 0xFF : id(i);
    put(&b, &value, width);
  }
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_HEADERLESS;
  options.token_type = types[width];
  return open_dataset(write_bytes("cut.bin", &b), &options);
}

static BatchLoader *start_in_order(const BatchDataset *of) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.faults = BATCH_FAULT_HAND_ON;
  return start_loader(of, &o);
}

/* Cut before the loader begins, so every batch has one right answer. */
static void check_cut(size_t width, id_of *id, uint64_t cut) {
  BatchDataset *of = make_wide(width, id);
  cr_assert_eq(truncate(path_of("cut.bin"), (off_t)cut), 0);
  BatchLoader *loader = start_in_order(of);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    uint64_t end = ((batch->batch_id + 1) * BATCH * LENGTH + 1) * width;
    cr_assert_eq(batch->status, end <= cut ? BATCH_OK : BATCH_ERROR_IO,
                 "width %zu, cut at %llu: step %llu, which ends at %llu, has status %d", width,
                 (unsigned long long)cut, (unsigned long long)batch->batch_id, (unsigned long long)end,
                 (int)batch->status);
  }
  batch_loader_free(loader);
  batch_dataset_free(of);
}

/* Every byte around the end of a batch, inside a page and at its end. */
static void check_cuts(id_of *id) {
  for (size_t width = 1; width <= 8; width *= 2) {
    uint64_t step = BATCH * LENGTH * width, page = (uint64_t)sysconf(_SC_PAGESIZE);
    for (uint64_t n = 3; n * step < COUNT * width && n <= page / step; n += page / step - 3)
      for (uint64_t cut = n * step - 9; cut <= n * step + 2 * width + 1; cut++) check_cut(width, id, cut);
  }
}

Test(loader_cut, a_batch_is_lost_exactly_if_the_file_ends_before_it) {
  check_cuts(mixed);
}

Test(loader_cut, a_batch_of_zeros_is_lost_exactly_if_the_file_ends_before_it) {
  check_cuts(zero);
}

static unsigned sizes_asked_for(id_of *id) {
  BatchDataset *of = make_wide(2, id);
  calls_fail_at("fstat", UINT_MAX, 0);
  BatchLoader *loader = start_in_order(of);
  uint64_t batches = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) batches++;
  cr_assert_eq(batches, 40);
  batch_loader_free(loader);
  unsigned calls = calls_made();
  calls_end();
  batch_dataset_free(of);
  return calls;
}

Test(loader_cut, the_size_of_a_file_is_asked_for_only_after_zeros) {
  cr_assert_eq(sizes_asked_for(never_zero), 0);
  cr_assert_eq(sizes_asked_for(zero), 40, "once a batch");
}
