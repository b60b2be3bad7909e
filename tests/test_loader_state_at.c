/* The state at a place that is given by numbers: what batch_loader_get_state says there. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"

enum { DOCUMENTS = 400, EPOCHS = 3 };

static BatchDataset *documents, *others;

static void begin(void) {
  uint32_t lengths[DOCUMENTS];
  loader_begin();
  for (uint32_t i = 0; i < DOCUMENTS; i++) lengths[i] = 1 + i * i % 37;
  documents = make_documents("d.ds", lengths, DOCUMENTS);
  others = make_documents("e.ds", lengths, DOCUMENTS / 3);
}

static void end(void) {
  batch_dataset_free(documents);
  batch_dataset_free(others);
  loader_end();
}

TestSuite(loader_state_at, .init = begin, .fini = end);

static batch_loader_state state_at(BatchLoader *loader, uint64_t epoch, uint64_t rows) {
  batch_loader_state state;
  cr_assert(batch_loader_state_at(loader, epoch, rows, &state), "%s", batch_last_error()->message);
  return state;
}

static BatchLoader *start(const batch_loader_options *o, bool weighted) {
  batch_loader_source mix[] = {{documents, 3}, {others, 1}};
  return weighted ? start_mix(mix, 2, o) : start_loader(documents, o);
}

static bool is_place(uint64_t place) {
  return place != BATCH_NO_PLACE;
}

static uint64_t rows_of(const BatchLoader *loader, const Batch *batch) {
  uint64_t places[MOST_BATCH], rows = 0;
  places_of(loader, batch, places);
  for (uint32_t i = 0; i < batch->batch_size; i++) rows += is_place(places[i]);
  return rows;
}

static void assert_same_state(const batch_loader_state *a, const batch_loader_state *b, const char *what) {
  cr_assert(a->check == b->check && memcmp(a, b, sizeof *a) == 0,
            "%s: epoch %llu, step %llu, row %llu, window %llu, not %llu, %llu, %llu, %llu", what,
            (unsigned long long)b->epoch, (unsigned long long)b->step, (unsigned long long)b->row,
            (unsigned long long)b->window, (unsigned long long)a->epoch, (unsigned long long)a->step,
            (unsigned long long)a->row, (unsigned long long)a->window);
}

/* A run of one rank, and a loader that stays at its beginning and is asked of every step. */
static void assert_every_step(const batch_loader_options *o, bool weighted, const char *what) {
  BatchLoader *run = start(o, weighted), *asked = start(o, weighted);
  uint64_t rows = 0, epoch = 0, steps = 0;
  for (Batch *batch; (batch = next_batch(run)); batch_release(batch), steps++) {
    if (batch->epoch_id != epoch) rows = 0;
    epoch = batch->epoch_id;
    rows += rows_of(run, batch);
    batch_loader_state got = state_of(run), said = state_at(asked, epoch, rows);
    assert_same_state(&got, &said, what);
  }
  cr_assert_eq(epoch, o->epochs - 1);
  cr_assert_gt(steps, 10);
  batch_loader_free(run);
  batch_loader_free(asked);
}

Test(loader_state_at, every_step_is_that_of_a_run_in_any_packing) {
  static const batch_loader_skip skips[] = {{0, 3, 9}, {1, 0, 2}, {1, 40, 1000000}};
  batch_loader_options o = small_options();
  o.epochs = EPOCHS;
  o.pack_window = 70;
  for (o.packing = BATCH_PACK_WINDOWS; o.packing <= BATCH_PACK_BOS_ALIGNED; o.packing++)
    for (unsigned variant = 0; variant < 8; variant++) {
      char what[64];
      snprintf(what, sizeof what, "packing %d, variant %u", (int)o.packing, variant);
      o.shuffle = variant & 1 ? BATCH_SHUFFLE_BLOCKS : BATCH_SHUFFLE_ALL;
      o.skips = skips;
      o.num_skips = variant & 2 ? 3 : 0;
      assert_every_step(&o, variant & 4, what);
    }
}

/* A state between two steps of the loader that was asked. */
Test(loader_state_at, any_row_can_be_gone_on_from_with_other_ranks) {
  static noted_rows whole;
  batch_loader_options o = small_options();
  note_epoch(&whole, dataset, &o);
  BatchLoader *asked = start_loader(dataset, &o);
  for (uint64_t row = 0; row <= ROWS; row += 1 + row % 5) {
    batch_loader_options rest = o;
    batch_loader_state state = state_at(asked, 0, row);
    noted_rows parts = {{0}, {0}, 0};
    for (uint64_t i = 0; i < row; i++) parts.seen[i] = 1, parts.hash[i] = whole.hash[i];
    rest.resume = &state;
    rest.world = 3;
    rest.batch_size = 2;
    cr_assert_eq(state.step, row < ROWS ? row / BATCH : 0);
    for (rest.rank = 0; rest.rank < rest.world; rest.rank++) note_epoch(&parts, dataset, &rest);
    assert_same_rows(&whole, &parts, "gone on with");
  }
  batch_loader_free(asked);
}

/* Also of what lies before it. Steps go on counting where the run did, if the row is behind its beginning. */
Test(loader_state_at, of_a_loader_that_goes_on_itself_is_the_same_place) {
  batch_loader_options o = small_options();
  o.epochs = EPOCHS;
  o.pack_window = 70;
  for (o.packing = BATCH_PACK_WINDOWS; o.packing <= BATCH_PACK_BOS_ALIGNED;
       o.packing += BATCH_PACK_BEST_FIT) {
    o.resume = NULL;
    o.batch_size = BATCH;
    BatchLoader *first = start_loader(documents, &o);
    batch_loader_state origin = state_at(first, 1, 50);
    o.resume = &origin;
    o.batch_size = 3;
    BatchLoader *second = start_loader(documents, &o);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
      for (uint64_t rows = 0; rows < 100; rows++) {
        batch_loader_state a = state_at(first, epoch, rows), b = state_at(second, epoch, rows);
        cr_assert(a.row == b.row && a.epoch == b.epoch && a.window == b.window, "row %u", (unsigned)rows);
        cr_assert_eq(b.step, epoch == 1 && rows >= 50 ? origin.step + (rows - 50) / 3 : rows / 3);
      }
    batch_loader_free(first);
    batch_loader_free(second);
  }
}

Test(loader_state_at, says_what_the_run_has_not_and_leaves_the_state_alone) {
  batch_loader_options o = small_options();
  batch_loader_skip skip = {0, 0, 13};
  batch_loader_state state = {.step = 77};
  o.epochs = 2;
  o.skips = &skip;
  o.num_skips = 1;
  BatchLoader *loader = start_loader(dataset, &o);
  assert_refused(!batch_loader_state_at(loader, 0, ROWS - 12, &state), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_loader_state_at: rows is 301, expected at most 300, those of epoch 0");
  assert_refused(!batch_loader_state_at(loader, 1, UINT64_MAX, &state), BATCH_ERROR_OUT_OF_RANGE,
                 "rows is 18446744073709551615, expected at most 313, those of epoch 1");
  assert_refused(!batch_loader_state_at(loader, 2, 0, &state), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_loader_state_at: epoch is 2, expected below 2");
  cr_assert_eq(state.step, 77);
  batch_loader_free(loader);
  o.packing = BATCH_PACK_BEST_FIT;
  loader = start_loader(documents, &o);
  assert_refused(!batch_loader_state_at(loader, 0, UINT64_MAX, &state), BATCH_ERROR_OUT_OF_RANGE,
                 "rows is 18446744073709551615, expected at most ", "those of epoch 0");
  batch_loader_free(loader);
}

/* Rows that are left out stand ahead: a loader with smaller steps has them. */
Test(loader_state_at, with_drop_last_counts_all_rows_of_the_epoch) {
  batch_loader_options o = small_options();
  o.epochs = 2;
  o.drop_last = true;
  o.batch_size = 5;
  BatchLoader *loader = start_loader(dataset, &o);
  uint64_t rows = batch_loader_epoch_rows(loader), given = batch_loader_epoch_steps(loader) * 5;
  cr_assert_lt(given, rows);
  batch_loader_state state = state_at(loader, 0, given);
  batch_loader_free(loader);
  o.resume = &state;
  for (o.batch_size = 1; o.batch_size <= 5; o.batch_size += 4) {
    loader = start_loader(dataset, &o);
    Batch *batch = next_batch(loader);
    cr_assert_eq(batch->epoch_id, o.batch_size == 5);
    cr_assert_eq(place_of(loader, batch, 0), o.batch_size == 5 ? 0 : given);
    batch_release(batch);
    batch_loader_free(loader);
  }
}
