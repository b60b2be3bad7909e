/* The loader and memory: when it runs out, a loader is refused and nothing leaks; between batches
   nothing is allocated. */
#include "support/failing_memory.h"

#include <headrace/headrace.h>

#include "support/dataset_check.h"
#include "support/files.h"
#include "support/watchdog.h"

static void begin(void) {
  watchdog_on();
  files_begin();
}

TestSuite(loader_memory, .init = begin, .fini = files_end);

typedef struct making {
  const BatchDataset *dataset;
  batch_loader_options options;
} making;

static bool make_loader(void *context) {
  const making *m = context;
  BatchLoader *loader = batch_loader_create(m->dataset, &m->options);
  batch_loader_free(loader);
  return loader;
}

static bool make_mix(void *context) {
  const making *m = context;
  batch_loader_source mix[2] = {{m->dataset, 1}, {m->dataset, 1.41421356}};
  BatchLoader *loader = batch_loader_create_mixed(mix, 2, &m->options);
  batch_loader_free(loader);
  return loader;
}

static BatchDataset *make_dataset(void) {
  bytes tokens = {0}, ends = {0};
  for (uint32_t i = 0; i < 20000; i++) put_u16(&tokens, (uint16_t)i);
  for (uint64_t end = 40; end <= 20000; end += 40) put_u64(&ends, end);
  const char *path = write_bytes("t.ds", &tokens);
  write_bytes("t.ds.index", &ends);
  return open_dataset(path, NULL);
}

static bool keep(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)batch, (void)row, (void)random;
  return true;
}

static making make_options(void) {
  static const batch_transform nothing = {keep, NULL};
  making m = {make_dataset(), BATCH_LOADER_OPTIONS_INIT};
  m.options.batch_size = 2;
  m.options.sequence_length = 64;
  m.options.workers = 2;
  m.options.transforms = &nothing;
  m.options.num_transforms = 1;
  m.options.world = 1;
  return m;
}

Test(loader_memory, a_loader_is_refused_whole_at_every_allocation) {
  making m = make_options();
  for (batch_packing packing = BATCH_PACK_WINDOWS; packing <= BATCH_PACK_BEST_FIT; packing++) {
    m.options.packing = packing;
    unsigned injected = inject_failures("batch_loader_create", make_loader, &m);
    cr_assert_gt(injected, packing == BATCH_PACK_BEST_FIT ? 20 : 10);
  }
  cr_assert_gt(inject_failures("batch_loader_create_mixed", make_mix, &m), 30);
  batch_dataset_free((BatchDataset *)(uintptr_t)m.dataset);
}

static void count_allocations(const making *m) {
  BatchLoader *loader = batch_loader_create(m->dataset, &m->options);
  for (int i = 0; i < 20; i++) batch_release(batch_loader_next(loader));
  memory_fails_at(0, false);
  for (int i = 0; i < 1500; i++) batch_release(batch_loader_next(loader));
  cr_assert_eq(memory_allocations(), 0);
  batch_release(batch_loader_replay(loader, 0, 0));
  cr_assert_gt(memory_allocations(), 0, "the control, which allocates, is not counted");
  batch_loader_free(loader);
}

Test(loader_memory, nothing_is_allocated_between_batches) {
  making m = make_options();
  m.options.epochs = 20;
  count_allocations(&m);
  batch_dataset_free((BatchDataset *)(uintptr_t)m.dataset);
}

Test(loader_memory, nothing_is_allocated_for_faults) {
  making m = make_options();
  m.options.epochs = 20;
  m.options.vocab_size = 100; /* nearly every batch has a worse id */
  m.options.faults = BATCH_FAULT_SKIP;
  count_allocations(&m);
  BatchLoader *loader = batch_loader_create(m.dataset, &m.options);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  for (int i = 0; i < 100; i++) batch_release(batch_loader_next(loader));
  cr_assert(batch_loader_get_stats(loader, &stats) && stats.errors > 90);
  batch_loader_free(loader);
  batch_dataset_free((BatchDataset *)(uintptr_t)m.dataset);
}
