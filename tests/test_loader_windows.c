/* Loaders whose rows are packed by best fit in windows of documents: the order does not depend on who reads it, from where
   and how, and the end is found in time. What the order is, test_loader_order.c says. */
#include <headrace/headrace.h>

#include <string.h>
#include <unistd.h>

#include "base/mix.h"
#include "support/loader.h"
#include "support/states.h"

enum { DOCUMENTS = 150, COLUMNS = 12, EPOCHS = 3, MOST = 2000 };

static uint32_t lengths[DOCUMENTS];

/* From 40 on for 30 documents, and at the end, none has a pair of tokens. */
static void begin(void) {
  files_begin();
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    bool empty = (i >= 40 && i < 70) || i >= DOCUMENTS - 12;
    lengths[i] = (uint32_t)(empty ? mix64(i) % 2 : mix64(i) % 40);
  }
  dataset = make_documents("t.ds", lengths, DOCUMENTS);
}

TestSuite(loader_windows, .init = begin, .fini = loader_end);

typedef struct order {
  uint64_t hash[EPOCHS][MOST];
  uint32_t seen[EPOCHS][MOST];
  uint64_t rows[EPOCHS]; /* the last place and one */
} order;

static order whole, parts;

static batch_loader_options options_of(uint32_t window) {
  batch_loader_options o = small_options();
  o.sequence_length = COLUMNS;
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = window;
  o.epochs = EPOCHS;
  return o;
}

static void note(order *e, const BatchLoader *loader, const Batch *batch) {
  uint64_t places[64];
  cr_assert_leq(batch->batch_size, 64);
  places_of(loader, batch, places);
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    uint64_t place = places[row], epoch = batch->epoch_id;
    bool any = false;
    for (uint32_t i = 0; i < COLUMNS; i++) any = any || batch->mask.data[row * COLUMNS + i] != 0;
    cr_assert_eq(any, place != BATCH_NO_PLACE, "a row is padding and has a place, or neither");
    if (place == BATCH_NO_PLACE) continue;
    cr_assert_lt(place, MOST);
    e->hash[epoch][place] = hash_row(batch, row);
    e->seen[epoch][place]++;
    if (place >= e->rows[epoch]) e->rows[epoch] = place + 1;
  }
}

static void note_all(order *e, BatchLoader *loader) {
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) note(e, loader, batch);
}

static void lay_out(batch_loader_options o) {
  memset(&whole, 0, sizeof whole);
  o.batch_size = 1, o.workers = 1, o.world = 1;
  o.drop_last = o.as_they_come = false;
  o.num_skips = 0;
  BatchLoader *loader = start_loader(dataset, &o);
  note_all(&whole, loader);
  batch_loader_free(loader);
}

static bool is_skipped(const batch_loader_options *o, uint64_t epoch, uint64_t place) {
  for (size_t i = 0; i < o->num_skips; i++)
    if (o->skips[i].epoch == epoch && place >= o->skips[i].first &&
        place - o->skips[i].first < o->skips[i].count)
      return true;
  return false;
}

/* Every place that is not skipped came once, with what it has in the whole order; with drop_last fewer than a step may be
   missing at the end of an epoch. */
static void assert_all_came(const batch_loader_options *o, uint64_t step_rows, const char *what) {
  for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
    uint64_t missing = 0;
    cr_assert_leq(parts.rows[epoch], whole.rows[epoch], "%s: more rows than there are", what);
    for (uint64_t i = 0; i < whole.rows[epoch]; i++) {
      bool skipped = is_skipped(o, epoch, i);
      cr_assert_leq(parts.seen[epoch][i], !skipped, "%s: place %d of epoch %d comes %u times", what, (int)i,
                    (int)epoch, parts.seen[epoch][i]);
      missing += !skipped && parts.seen[epoch][i] == 0;
      if (parts.seen[epoch][i])
        cr_assert_eq(parts.hash[epoch][i], whole.hash[epoch][i], "%s: place %d of epoch %d differs", what,
                     (int)i, (int)epoch);
    }
    cr_assert(o->drop_last ? missing < step_rows : missing == 0, "%s: %d places of epoch %d never came", what,
              (int)missing, (int)epoch);
  }
}

Test(loader_windows, rows_do_not_depend_on_workers_ranks_or_batches) {
  static const uint32_t sizes[] = {1, 2, 7, 30, 149, 150, 1000, 0};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (uint32_t run = 0; run < 8; run++) {
      batch_loader_options o = options_of(sizes[s]);
      o.packing = run % 2 ? BATCH_PACK_BEST_FIT : BATCH_PACK_BOS_ALIGNED;
      o.shuffle = (batch_shuffle)(run % 3);
      lay_out(o);
      o.workers = 1 + run % 4;
      o.world = 1 + run / 2 % 3;
      o.batch_size = 1 + run * 5 % 7;
      o.drop_last = run % 4 == 3;
      o.as_they_come = run % 5 == 4;
      memset(&parts, 0, sizeof parts);
      uint64_t steps = 0;
      for (o.rank = 0; o.rank < o.world; o.rank++) {
        BatchLoader *loader = start_loader(dataset, &o);
        note_all(&parts, loader);
        uint64_t mine = stats_of(loader).batches;
        cr_assert(o.rank == 0 || steps == mine, "rank %u has %d steps, not %d", o.rank, (int)mine,
                  (int)steps);
        cr_assert_eq(batch_loader_epoch_rows(loader), whole.rows[EPOCHS - 1], "after the end it is known");
        steps = mine;
        batch_loader_free(loader);
      }
      assert_all_came(&o, (uint64_t)o.world * o.batch_size, "run");
    }
}

/* Steps of either part may be made again at any time, and have the rows that they had. */
static void check_replay(BatchLoader *loader, const Batch *batch) {
  uint64_t places[64], found[64];
  Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
  cr_assert_not_null(again, "%s", batch_last_error()->message);
  places_of(loader, batch, places);
  places_of(loader, again, found);
  for (uint32_t row = 0; row < batch->batch_size; row++)
    cr_assert(places[row] == found[row] && hash_row(batch, row) == hash_row(again, row));
  batch_release(again);
}

static const batch_loader_skip some[] = {{0, 3, 2}, {0, 40, 33}, {1, 0, 9}, {2, 100, UINT64_MAX - 100}};

/* Also by way of a file, with rows skipped, and in a second loader that had another batch size. */
static void resume_at(uint64_t stop, uint32_t window) {
  batch_loader_options o = options_of(window), rest;
  batch_loader_state state;
  memset(&parts, 0, sizeof parts);
  o.skips = some;
  o.num_skips = sizeof some / sizeof *some;
  o.batch_size = 5;
  o.workers = 2;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *batch;
  for (uint64_t i = 0; i < stop && (batch = next_batch(loader)); batch_release(batch), i++) {
    note(&parts, loader, batch);
    if (i % 7 == 0) check_replay(loader, batch);
  }
  state = state_of(loader);
  batch_loader_free(loader);
  cr_assert(batch_loader_state_save(&state, path_of("state")));
  cr_assert(batch_loader_state_load(&state, path_of("state")));
  rest = options_of(window);
  rest.resume = &state;
  rest.batch_size = 1 + stop % 8;
  loader = start_loader(dataset, &rest);
  for (; (batch = next_batch(loader)); batch_release(batch)) {
    note(&parts, loader, batch);
    check_replay(loader, batch);
  }
  batch_loader_free(loader);
  assert_all_came(&o, 0, "resumed");
}

Test(loader_windows, a_run_goes_on_at_every_step) {
  static const uint32_t sizes[] = {1, 13, 60, 200};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    lay_out(options_of(sizes[s]));
    uint64_t steps = (whole.rows[0] + whole.rows[1] + whole.rows[2]) / 5 + 3;
    for (uint64_t stop = 0; stop <= steps; stop += CHECK_ONE_IN + (sizes[s] == 1)) resume_at(stop, sizes[s]);
  }
}

/* From the beginning to the end, backwards, by a loader that has just been made and by one that has gone to the end. */
Test(loader_windows, every_step_can_be_made_again_at_any_time) {
  batch_loader_options o = options_of(20);
  o.batch_size = 6;
  lay_out(o);
  uint64_t steps[EPOCHS];
  for (int e = 0; e < EPOCHS; e++) steps[e] = (whole.rows[e] + 5) / 6;
  for (int gone = 0; gone < 2; gone++) {
    BatchLoader *loader = start_loader(dataset, &o);
    memset(&parts, 0, sizeof parts);
    if (gone) note_all(&whole, loader);
    for (uint64_t epoch = EPOCHS; epoch-- > 0;)
      for (uint64_t step = steps[epoch]; step-- > 0;) {
        Batch *batch = batch_loader_replay(loader, epoch, step);
        cr_assert_not_null(batch, "%s", batch_last_error()->message);
        note(&parts, loader, batch);
        batch_release(batch);
      }
    assert_all_came(&o, 0, "made again");
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
      assert_refused(!batch_loader_replay(loader, epoch, steps[epoch]), BATCH_ERROR_OUT_OF_RANGE,
                     "batch_loader_replay: step is ");
    assert_refused(!batch_loader_replay(loader, 0, UINT64_MAX), BATCH_ERROR_OUT_OF_RANGE, "step is 184467");
    assert_refused(!batch_loader_replay(loader, EPOCHS, 0), BATCH_ERROR_OUT_OF_RANGE, "step is 0 of epoch 3");
    batch_loader_free(loader);
  }
}

/* Whoever has taken the last batch, and holds all that there are, is told of the end without waiting. */
Test(loader_windows, the_end_needs_no_batch_and_no_time) {
  for (uint32_t window = 1; window < 200; window += 33) {
    batch_loader_options o = options_of(window);
    BatchLoader *loader = start_loader(dataset, &o);
    o.batch_size = 1;
    uint64_t steps = 0;
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) steps++;
    batch_loader_free(loader);
    cr_assert_gt(steps, 2);
    o = options_of(window);
    o.pool_size = 1;
    loader = start_loader(dataset, &o);
    for (uint64_t i = 0; i < steps; i++) {
      Batch *batch = next_batch(loader), *none = batch;
      batch_status status = i + 1 < steps ? BATCH_OK : batch_loader_next_until(loader, &none, BATCH_NO_WAIT);
      cr_assert_eq(status, i + 1 < steps ? BATCH_OK : BATCH_END);
      batch_release(batch);
    }
    batch_loader_state state = state_of(loader);
    cr_assert(state.epoch == EPOCHS && state.step == 0 && state.row == 0 && state.window == 0);
    batch_loader_free(loader);
    o.resume = &state;
    loader = start_loader(dataset, &o);
    Batch *none;
    cr_assert_eq(batch_loader_next_until(loader, &none, BATCH_NO_WAIT), BATCH_END);
    batch_loader_free(loader);
  }
}

Test(loader_windows, an_endless_run_goes_from_epoch_to_epoch) {
  batch_loader_options o = options_of(16);
  lay_out(o);
  o.epochs = BATCH_LOADER_ENDLESS;
  o.workers = 3;
  BatchLoader *loader = start_loader(dataset, &o);
  batch_loader_state state;
  uint64_t epoch = 0, step = 0;
  for (uint32_t i = 0; epoch < 40; i++) {
    Batch *batch = next_batch(loader);
    if (batch->epoch_id != epoch) epoch++, step = 0;
    cr_assert(batch->epoch_id == epoch && batch->batch_id == step++);
    batch_release(batch);
  }
  /* A state that has not been asked for through all these epochs. */
  state = state_of(loader);
  cr_assert(state.epoch == 40 && state.step == 1 && state.row == BATCH);
  pass_batches(loader, 3);
  state = state_of(loader);
  cr_assert_eq(state.step, 4);
  batch_loader_free(loader);
}

Test(loader_windows, of_an_early_epoch_that_is_looked_at_again_do_not_say_how_long_the_last_one_was) {
  batch_loader_options o = options_of(7);
  lay_out(o);
  cr_assert_neq(whole.rows[0], whole.rows[EPOCHS - 1]);
  BatchLoader *loader = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) continue;
  assert_refused(!batch_loader_replay(loader, 0, MOST), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay");
  cr_assert_eq(batch_loader_epoch_rows(loader), whole.rows[EPOCHS - 1]);
  batch_loader_free(loader);
}

static _Atomic bool held, let_go;

/* Holds up the third step. */
static bool hold_third(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)row, (void)random;
  if (batch->batch_id != 2) return true;
  atomic_store(&held, true);
  while (!atomic_load(&let_go)) usleep(100);
  return true;
}

/* Who has the last step cannot see that nothing follows, since the index is cut off meanwhile; who has none after it can. */
Test(loader_windows, end_where_that_was_not_to_be_seen_from_the_last_step) {
  enum { FEW = 600, ALL = 4 * FEW };
  static uint32_t of[ALL];
  const batch_transform hold = {hold_third, NULL};
  for (uint32_t i = 0; i < ALL; i++) of[i] = i < FEW ? 1 + COLUMNS : 1;
  BatchDataset *long_one = make_documents("l.ds", of, ALL);
  batch_loader_options o = options_of(FEW);
  Batch *batch;
  o.batch_size = FEW / 3;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.epochs = 1;
  o.workers = o.pool_size = 1;
  o.transforms = &hold;
  o.num_transforms = 1;
  BatchLoader *loader = start_loader(long_one, &o);
  pass_batches(loader, 2);
  while (!atomic_load(&held)) usleep(100);
  bytes index = read_bytes(path_of("l.ds.index"));
  cr_assert_eq(truncate(path_of("l.ds.index"), 2 * 4096), 0);
  atomic_store(&let_go, true);
  cr_assert_not_null(batch = next_batch(loader));
  write_data("l.ds.index", index.data, index.used);
  free_bytes(&index);
  batch_release(batch);
  cr_assert_eq(batch_loader_next_until(loader, &batch, batch_deadline_after(UINT64_C(10000000000))),
               BATCH_END, "%s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(long_one);
}

/* With weights: rows of each source come in turn, over its passes, in an epoch that is as long as all tokens are. */
Test(loader_windows, a_mix_goes_on_at_every_step) {
  static uint64_t hash[EPOCHS * MOST];
  uint32_t other[40];
  for (uint32_t i = 0; i < 40; i++) other[i] = 3 + i % 20;
  BatchDataset *second = make_documents("u.ds", other, 40);
  batch_loader_source mix[2] = {{dataset, 1}, {second, 1.7320508}};
  batch_loader_options o = options_of(11);
  o.batch_size = 1;
  uint64_t tokens = 0, rows, steps = 0;
  for (uint32_t i = 0; i < DOCUMENTS; i++) tokens += lengths[i];
  rows = (tokens - 1) / COLUMNS + 1;
  tokens = 0;
  for (uint32_t i = 0; i < 40; i++) tokens += other[i];
  rows += (tokens - 1) / COLUMNS + 1;
  BatchLoader *loader = start_mix(mix, 2, &o);
  cr_assert_eq(batch_loader_epoch_rows(loader), rows);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) hash[steps++] = hash_row(batch, 0);
  cr_assert_eq(steps, EPOCHS * rows);
  for (uint64_t nth = steps; nth-- > 0;) {
    Batch *again = batch_loader_replay(loader, nth / rows, nth % rows);
    cr_assert(again && hash_row(again, 0) == hash[nth], "row %d, made again", (int)nth);
    batch_release(again);
  }
  batch_loader_free(loader);
  for (uint64_t stop = 0; stop < steps; stop += 29) {
    o.resume = NULL;
    o.steps = stop + 1;
    loader = start_mix(mix, 2, &o);
    pass_batches(loader, (uint32_t)stop);
    batch_loader_state state = state_of(loader);
    batch_loader_free(loader);
    o.steps = 0;
    o.resume = &state;
    o.workers = 1 + stop % 3;
    loader = start_mix(mix, 2, &o);
    uint64_t nth = stop;
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), nth++)
      cr_assert_eq(hash_row(batch, 0), hash[nth], "row %d, resumed at %d", (int)nth, (int)stop);
    cr_assert_eq(nth, steps);
    Batch *again = batch_loader_replay(loader, 0, 0);
    cr_assert(again && hash_row(again, 0) == hash[0]);
    batch_release(again);
    batch_loader_free(loader);
  }
  batch_dataset_free(second);
}

/* What comes after is not known: neither policy goes on. What came before is delivered. */
Test(loader_windows, a_window_that_cannot_be_packed_ends_the_loader_in_its_turn) {
  for (batch_faults faults = BATCH_FAULT_STOP; faults <= BATCH_FAULT_HAND_ON; faults++) {
    batch_dataset_free(dataset);
    dataset = make_documents("t.ds", lengths, DOCUMENTS);
    batch_loader_options o = options_of(5);
    o.faults = faults;
    o.pool_size = 2;
    BatchLoader *loader = start_loader(dataset, &o);
    pass_batches(loader, 3);
    cr_assert_eq(truncate(path_of("t.ds.index"), 8), 0);
    uint64_t more = 0;
    Batch *batch;
    while ((batch = batch_loader_next(loader))) {
      cr_assert_eq(batch->status, BATCH_OK);
      batch_release(batch);
      more++;
    }
    assert_error(BATCH_ERROR_IO, "batch_loader_next: ", "t.ds");
    cr_assert_lt(more, 30);
    cr_assert_null(batch_loader_next(loader));
    assert_error(BATCH_ERROR_IO, "batch_loader_next: ", "t.ds");
    batch_loader_free(loader);
  }
}

/* A batch is of many windows, which are packed when it is filled; when none is filled any more the figures are what they stay. */
Test(loader_windows, that_are_left_for_a_close_are_no_fault) {
  batch_pool_options p = BATCH_POOL_OPTIONS_INIT;
  batch_loader_options o = options_of(1);
  o.batch_size = 100;
  o.epochs = BATCH_LOADER_ENDLESS;
  p.pool_size = 2;
  p.shape = (batch_shape){.batch_size = 100, .sequence_length = COLUMNS, .vocab_size = o.vocab_size};
  p.shape.input_type = TENSOR_INT32;
  o.pool = batch_pool_create_with(&p);
  for (int round = 0; round < 300; round++) {
    BatchLoader *loader = start_loader(dataset, &o);
    pass_batches(loader, (uint32_t)round % 7);
    batch_loader_close(loader);
    batch_loader_stats stats = stats_of(loader);
    while (batch_pool_outstanding(o.pool) != stats.queue_depth) stats = stats_of(loader);
    cr_assert_eq(stats_of(loader).errors, 0, "round %d", round);
    batch_loader_free(loader);
  }
  batch_pool_free(o.pool);
}

Test(loader_windows, refuse_what_makes_no_sense) {
  static const uint32_t short_ones[] = {1, 0, 1, 1, 0};
  BatchDataset *rowless = make_documents("s.ds", short_ones, 5);
  batch_loader_options o = options_of(0);
  assert_refused(!batch_loader_create(rowless, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: ", "s.ds", "no document has 2 tokens");
  o.pack_window = 2;
  assert_refused(!batch_loader_create(rowless, &o), BATCH_ERROR_INVALID_ARGUMENT, "no document has 2 tokens");
  batch_dataset_free(rowless);
  o.pack_window = (1u << 30) + 1;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: pack_window is", "at most 1073741824");
  o = options_of(9);
  lay_out(o);
  o.drop_last = true;
  o.batch_size = (uint32_t)whole.rows[0] + 1;
  char rows[40];
  snprintf(rows, sizeof rows, "drop_last with %d rows an epoch", (int)whole.rows[0]);
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: ", rows);
  o.batch_size--;
  batch_loader_free(start_loader(dataset, &o));
}

static void assert_place_refused(batch_loader_options o, batch_loader_state state, const char *what) {
  state.check = check_of_state(&state);
  o.resume = &state;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_FORMAT, "batch_loader_create: resume is at ",
                 what);
}

/* Undamaged, but of a place that there is not. */
Test(loader_windows, a_state_with_wrong_numbers_is_refused) {
  batch_loader_options o = options_of(10);
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, 9);
  batch_loader_state good = state_of(loader), state = good;
  batch_loader_free(loader);
  cr_assert_eq(good.check, check_of_state(&good), "the test knows how states are checked");
  cr_assert(good.window > 0 && good.window_row > 0 && good.row == 36);
  state.window = 15, state.window_row = 0;
  assert_place_refused(o, state, "in window 15");
  state = good, state.row = good.window_row - 1;
  assert_place_refused(o, state, "of epoch 0");
  state = good, state.row += 1000;
  assert_place_refused(o, state, "row 1036");
  state = good, state.row = UINT64_MAX;
  assert_place_refused(o, state, "row 1844");
  state = good, state.epoch = UINT64_MAX;
  assert_place_refused(o, state, "of epoch 1844");
  state = good, state.step = good.row + 1;
  assert_place_refused(o, state, "step 37 and row 36");
  o.resume = &good;
  batch_loader_free(start_loader(dataset, &o));
  assert_loader_refused(o, pack_window, 11, "resume", "pack_window");
  assert_loader_refused(o, packing, BATCH_PACK_BOS_ALIGNED, "resume", "best fit", "BOS-aligned");
}
