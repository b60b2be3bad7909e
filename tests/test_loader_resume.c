/* Runs that go on from a state, and states that are refused. */
#include <headrace/headrace.h>

#include "support/loader.h"

TestSuite(loader_resume, .init = loader_begin, .fini = loader_end);

Test(loader_resume, resumes_at_every_step_also_with_another_batch_size) {
  batch_loader_options o = small_options();
  static noted_rows whole;
  note_epoch(&whole, dataset, &o);
  for (uint64_t stop = 0; stop <= STEPS; stop++) {
    noted_rows parts = {{0}, {0}, 0};
    BatchLoader *loader = start_loader(dataset, &o);
    for (uint64_t i = 0; i < stop; i++) {
      Batch *batch = next_batch(loader);
      note_batch(&parts, loader, batch);
      batch_release(batch);
    }
    batch_loader_state state = state_of(loader);
    batch_loader_free(loader);
    batch_loader_options rest = o;
    rest.resume = &state;
    rest.workers = 2;
    if (stop % 2) rest.batch_size = 7;
    note_epoch(&parts, dataset, &rest);
    assert_same_rows(&whole, &parts, "resumed");
  }
}

Test(loader_resume, refuses_a_state_of_other_data_or_options_and_says_which) {
  BatchDataset *other = make_tokens("u.bin", TOKENS + 1);
  batch_loader_options good = small_options(), o;
  BatchLoader *loader = start_loader(dataset, &good);
  batch_loader_state state = state_of(loader);
  batch_loader_free(loader);
  good.resume = &state;
  assert_refused(!batch_loader_create(other, &good), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create:", "other data");
  assert_loader_refused(good, seed, 6, "resume", "seed 5", "expected 6");
  assert_loader_refused(good, sequence_length, 8, "resume", "sequence_length 16", "expected 8");
  assert_loader_refused(good, shuffle, BATCH_SHUFFLE_NONE, "resume", "shuffle all", "expected none");
  assert_loader_refused(good, drop_last, true, "resume", "with other drop_last, expected the same");
  o = good;
  o.batch_size = 9, o.workers = 3, o.world = 2, o.epochs = 7;
  batch_loader_free(start_loader(dataset, &o));
  state.step++;
  assert_refused(!batch_loader_create(dataset, &good), BATCH_ERROR_FORMAT, "resume");
  batch_dataset_free(other);
}

/* A hash says that they differ: those are named that can. */
Test(loader_resume, names_no_option_that_the_order_does_not_depend_on) {
  BatchDataset *of = make_documents("d.ds", (const uint32_t[]){6, 2, 4, 9, 9}, 5);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_BLOCKS;
  for (o.packing = BATCH_PACK_WINDOWS; o.packing <= BATCH_PACK_BOS_ALIGNED; o.packing++) {
    batch_loader_options other = o;
    BatchLoader *loader = start_loader(of, &o);
    batch_loader_state state = state_of(loader);
    batch_loader_free(loader);
    other.resume = &state;
    other.block_rows = other.pack_window = 7;
    assert_refused(!batch_loader_create(of, &other), BATCH_ERROR_INVALID_ARGUMENT,
                   o.packing == BATCH_PACK_WINDOWS ? "with other block_rows or drop_last, expected"
                   : o.packing == BATCH_PACK_DOCUMENTS
                       ? "with other block_rows or documents, expected"
                       : "with other pack_window or context_documents, expected");
  }
  batch_dataset_free(of);
}

Test(loader_resume, refuses_a_state_of_another_mix) {
  BatchDataset *other = make_tokens("u.bin", 777);
  batch_loader_source mix[2] = {{dataset, 1}, {other, 2}};
  batch_loader_options o = small_options();
  BatchLoader *loader = start_mix(mix, 2, &o);
  batch_loader_state state = state_of(loader);
  batch_loader_free(loader);
  o.resume = &state;
  mix[1].weight = 3;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create_mixed:", "weights");
  mix[0].weight = 0.5, mix[1].weight = 1;
  loader = batch_loader_create_mixed(mix, 2, &o);
  cr_assert_not_null(loader, "the same shares: %s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(other);
}
