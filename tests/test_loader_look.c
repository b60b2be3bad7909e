/* What a loader says of itself and of its batches: places, figures, who waits for whom. */
#include <headrace/headrace.h>

#include <unistd.h>

#include "support/loader.h"

TestSuite(loader_look, .init = loader_begin, .fini = loader_end);

/* The place stays as it was when there is none. */
#define assert_no_place(loader, batch, ...)                                                                  \
  do {                                                                                                       \
    uint64_t places_[4] = {77, 77, 77, 77};                                                                  \
    assert_refused(!batch_loader_places(loader, batch, places_), __VA_ARGS__);                               \
    for (int i_ = 0; i_ < 4; i_++) cr_assert_eq(places_[i_], 77);                                            \
  } while (0)

Test(loader_look, places_are_those_of_this_loaders_batches_and_of_their_copies) {
  batch_loader_options o = small_options();
  o.world = 3, o.rank = 2;
  BatchLoader *loader = start_loader(dataset, &o);
  for (uint64_t step = 0; step < 5; step++) {
    Batch *batch = batch_loader_next(loader), *copy = batch_copy(batch),
          *again = batch_loader_replay(loader, 0, step);
    cr_assert(batch && copy && again, "%s", batch_last_error()->message);
    cr_assert(batch_assign_to_group(copy, 5));
    for (uint32_t row = 0; row < 4; row++) {
      cr_assert_eq(place_of(loader, batch, row), step * 12 + 8 + row);
      cr_assert_eq(place_of(loader, copy, row), step * 12 + 8 + row);
      cr_assert_eq(place_of(loader, again, row), step * 12 + 8 + row);
    }
    batch_release(batch), batch_release(copy), batch_release(again);
  }
  batch_loader_free(loader);
}

Test(loader_look, a_batch_of_something_else_has_no_place) {
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o), *same = start_loader(dataset, &o);
  o.batch_size = 6;
  BatchLoader *wider = start_loader(dataset, &o);
  Batch *batch = batch_loader_next(loader), *other = batch_loader_next(same),
        *wide = batch_loader_next(wider), *view[2];
  assert_no_place(loader, other, BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_places:", "another pool");
  assert_no_place(loader, wide, BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_places:", "6 rows of 16",
                  "4 of 16");
  cr_assert(batch_split(batch, 2, view));
  assert_no_place(loader, view[1], BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_places:", "2 rows of 16");
  batch_release(view[0]), batch_release(view[1]);
  batch->batch_id = batch_loader_epoch_steps(loader);
  assert_no_place(loader, batch, BATCH_ERROR_OUT_OF_RANGE, "batch_loader_places: batch_id is 79 of epoch 0",
                  "expected below 79");
  batch->batch_id = 0, batch->epoch_id = 1;
  assert_no_place(loader, batch, BATCH_ERROR_OUT_OF_RANGE, "batch_loader_places: batch_id is 0 of epoch 1",
                  "expected an epoch below 1");
  batch_release(batch), batch_release(other), batch_release(wide);
  batch_loader_free(loader), batch_loader_free(same), batch_loader_free(wider);
}

/* What is skipped makes an epoch shorter; and a step before the first one is none where batches have another size. */
Test(loader_look, a_step_that_there_is_not_is_told_from_the_steps_of_its_own_epoch) {
  static const batch_packing packings[] = {BATCH_PACK_WINDOWS, BATCH_PACK_BEST_FIT};
  const uint32_t lengths[] = {5003};
  BatchDataset *documents = make_documents("one.ds", lengths, 1);
  const batch_loader_skip most = {0, 8, 1000};
  for (size_t i = 0; i < 2; i++) {
    batch_loader_options o = small_options();
    o.packing = packings[i];
    o.epochs = 2;
    o.skips = &most;
    o.num_skips = 1;
    BatchLoader *loader = start_loader(documents, &o);
    assert_refused(!batch_loader_replay(loader, 0, 2), BATCH_ERROR_OUT_OF_RANGE,
                   "batch_loader_replay: step is 2 of epoch 0", "expected below 2,");
    assert_refused(!batch_loader_replay(loader, 1, 79), BATCH_ERROR_OUT_OF_RANGE, "expected below 79,");
    pass_batches(loader, 1);
    batch_loader_state state = state_of(loader);
    batch_loader_free(loader);
    o.resume = &state;
    o.batch_size = 2;
    loader = start_loader(documents, &o);
    assert_refused(!batch_loader_replay(loader, 0, 0), BATCH_ERROR_OUT_OF_RANGE, "step is 0 of epoch 0",
                   "expected step 1, with which this loader began");
    assert_refused(!batch_loader_replay(loader, 0, 3), BATCH_ERROR_OUT_OF_RANGE, "expected below 3,");
    batch_loader_free(loader);
  }
  batch_dataset_free(documents);
}

Test(loader_look, queries_on_nothing_are_errors) {
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o);
  batch_loader_state state;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  uint64_t places[4];
  Batch *batch = batch_loader_next(loader);
  const batch_status bad = BATCH_ERROR_INVALID_ARGUMENT;
  assert_refused(!batch_loader_places(NULL, batch, places), bad, "batch_loader_places: loader is NULL");
  assert_refused(!batch_loader_places(loader, NULL, places), bad, "batch_loader_places: batch is NULL");
  assert_refused(!batch_loader_places(loader, batch, NULL), bad, "batch_loader_places: places is NULL");
  assert_refused(batch_loader_epoch_rows(NULL) == 0, bad, "batch_loader_epoch_rows: loader is NULL");
  assert_refused(batch_loader_epoch_steps(NULL) == 0, bad, "batch_loader_epoch_steps: loader is NULL");
  assert_refused(!batch_loader_get_stats(NULL, &stats), bad, "batch_loader_get_stats: loader is NULL");
  assert_refused(!batch_loader_get_stats(loader, NULL), bad, "batch_loader_get_stats: stats is NULL");
  assert_refused(!batch_loader_get_state(NULL, &state), bad, "batch_loader_get_state: loader is NULL");
  assert_refused(!batch_loader_get_state(loader, NULL), bad, "batch_loader_get_state: state is NULL");
  assert_refused(!batch_loader_state_at(NULL, 0, 0, &state), bad, "batch_loader_state_at: loader is NULL");
  assert_refused(!batch_loader_state_at(loader, 0, 0, NULL), bad, "batch_loader_state_at: state is NULL");
  assert_refused(!batch_loader_replay(NULL, 0, 0), bad, "batch_loader_replay: loader is NULL");
  assert_refused(batch_loader_next_until(NULL, &batch, 0) == bad, bad,
                 "batch_loader_next_until: loader is NULL");
  assert_refused(batch_loader_next_until(loader, NULL, 0) == bad, bad,
                 "batch_loader_next_until: batch is NULL");
  batch_loader_free(loader);
}

static bool take_time(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)batch, (void)random;
  if (row == 0) usleep(2000);
  return true;
}

/* However busy the machine is, the share of the waiting grows until it is the larger one. */
Test(loader_look, the_bottleneck_is_whoever_is_waited_for) {
  const batch_transform slow = {take_time, NULL};
  batch_loader_options o = small_options();
  o.epochs = BATCH_LOADER_ENDLESS;
  o.pool_size = 1;
  BatchLoader *loader = start_loader(dataset, &o);
  do {
    Batch *batch = batch_loader_next(loader);
    usleep(2000);
    batch_release(batch);
  } while (stats_of(loader).bottleneck != BATCH_BOTTLENECK_TRAINER);
  batch_loader_free(loader);
  o.pool_size = 0;
  o.transforms = &slow;
  o.num_transforms = 1;
  loader = start_loader(dataset, &o);
  do batch_release(batch_loader_next(loader));
  while (stats_of(loader).bottleneck != BATCH_BOTTLENECK_DATA);
  batch_loader_free(loader);
}

Test(loader_look, bottlenecks_have_names) {
  cr_assert_str_eq(batch_bottleneck_name(BATCH_BOTTLENECK_NONE), "none");
  cr_assert_str_eq(batch_bottleneck_name(BATCH_BOTTLENECK_DATA), "data");
  cr_assert_str_eq(batch_bottleneck_name(BATCH_BOTTLENECK_TRAINER), "trainer");
  cr_assert_str_eq(batch_bottleneck_name((batch_bottleneck)3), "?");
  cr_assert_str_eq(batch_bottleneck_name((batch_bottleneck)-1), "?");
}
