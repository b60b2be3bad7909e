/* The loader and memory: when it runs out, a loader is refused and nothing leaks; between batches
   nothing is allocated. */
#include "support/failing_memory.h"

#include <headrace/headrace.h>

#include "support/loader.h"

/* Of documents, so that they can be packed in every way. */
static void begin(void) {
  enum { DOCUMENTS = 500 };
  uint32_t lengths[DOCUMENTS];
  for (int i = 0; i < DOCUMENTS; i++) lengths[i] = 40;
  files_begin();
  dataset = make_documents("t.ds", lengths, DOCUMENTS);
}

TestSuite(loader_memory, .init = begin, .fini = loader_end);

static bool make_loader(void *context) {
  BatchLoader *loader = batch_loader_create(dataset, context);
  batch_loader_free(loader);
  return loader;
}

static bool make_mix(void *context) {
  batch_loader_source mix[2] = {{dataset, 1}, {dataset, 1.41421356}};
  BatchLoader *loader = batch_loader_create_mixed(mix, 2, context);
  batch_loader_free(loader);
  return loader;
}

static bool keep(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)batch, (void)row, (void)random;
  return true;
}

static batch_loader_options make_options(void) {
  static const batch_transform nothing = {keep, NULL};
  batch_loader_options o = small_options();
  o.batch_size = 2;
  o.vocab_size = 0;
  o.sequence_length = 64;
  o.workers = 2;
  o.transforms = &nothing;
  o.num_transforms = 1;
  return o;
}

/* All that can be asked of a batch; t.ds has no loss mask. */
static batch_loader_options make_rich_options(void) {
  batch_loader_options o = make_options();
  o.packing = BATCH_PACK_DOCUMENTS;
  o.with_documents = o.with_cu_seqlens = o.ignore_masked = o.no_loss_across = o.context_documents = true;
  o.context_world = 2;
  return o;
}

Test(loader_memory, a_loader_of_parts_of_rows_is_refused_whole_at_every_allocation) {
  batch_loader_options o = make_rich_options();
  cr_assert_gt(inject_failures("batch_loader_create", make_loader, &o), 12);
}

Test(loader_memory, a_loader_is_refused_whole_at_every_allocation) {
  batch_loader_options o = make_options();
  for (batch_packing packing = BATCH_PACK_WINDOWS; packing <= BATCH_PACK_BOS_ALIGNED; packing++) {
    o.packing = packing;
    unsigned injected = inject_failures("batch_loader_create", make_loader, &o);
    cr_assert_gt(injected, packing >= BATCH_PACK_BEST_FIT ? 20 : 10);
  }
  cr_assert_gt(inject_failures("batch_loader_create_mixed", make_mix, &o), 30);
}

Test(loader_memory, a_loader_of_documents_some_of_which_have_no_row_is_refused_whole_at_every_allocation) {
  static const uint32_t lengths[] = {40, 1, 30, 0, 20};
  BatchDataset *all = dataset;
  batch_loader_options o = make_options();
  o.packing = BATCH_PACK_DOCUMENTS;
  unsigned without = inject_failures("batch_loader_create", make_loader, &o);
  dataset = make_documents("short.ds", lengths, 5);
  cr_assert_eq(inject_failures("batch_loader_create", make_loader, &o), without + 1);
  batch_dataset_free(dataset);
  dataset = all;
}

static void count_allocations(const batch_loader_options *o) {
  BatchLoader *loader = start_loader(dataset, o);
  pass_batches(loader, 20);
  memory_fails_at(0, false);
  pass_batches(loader, 1500);
  cr_assert_eq(memory_allocations(), 0);
  batch_release(batch_loader_replay(loader, 0, 0));
  cr_assert_gt(memory_allocations(), 0, "the control, which allocates, is not counted");
  batch_loader_free(loader);
}

Test(loader_memory, nothing_is_allocated_between_batches) {
  batch_loader_options o = make_options();
  o.epochs = 20;
  count_allocations(&o);
}

/* Two workers are at two windows at most, and there is room for three. */
Test(loader_memory, nothing_is_allocated_while_windows_are_packed) {
  batch_loader_options o = make_options();
  o.epochs = 20;
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = 20;
  count_allocations(&o);
}

Test(loader_memory, nothing_is_allocated_between_parts_of_rows_skipped_ones_neither) {
  batch_loader_options o = make_rich_options();
  o.epochs = 20;
  count_allocations(&o);
  o.max_sequences = 3; /* a document of 39 pairs in 64 columns of each row, and padding */
  o.faults = BATCH_FAULT_SKIP;
  count_allocations(&o);
}

Test(loader_memory, nothing_is_allocated_for_faults) {
  batch_loader_options o = make_options();
  o.epochs = 20;
  o.vocab_size = 100; /* nearly every batch has a worse id */
  o.faults = BATCH_FAULT_SKIP;
  count_allocations(&o);
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, 100);
  cr_assert_gt(stats_of(loader).errors, 90);
  batch_loader_free(loader);
}
