/* Rows that a run leaves out. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"
#include "support/states.h"

TestSuite(loader_skips, .init = loader_begin, .fini = loader_end);

enum { EPOCHS = 3 };

static const batch_loader_skip some[] = {{1, 300, 1000}, {0, 5, 1},  {0, 17, 40},
                                         {0, 30, 60},    {0, 12, 0}, {2, 0, UINT64_MAX}};
enum { SOME = sizeof some / sizeof *some };

static bool is_skipped(uint64_t epoch, uint64_t place) {
  for (int i = 0; i < SOME; i++)
    if (some[i].epoch == epoch && place >= some[i].first && place - some[i].first < some[i].count)
      return true;
  return false;
}

/* What the places of each epoch hold. */
typedef struct noted {
  uint64_t hash[EPOCHS][ROWS];
  uint32_t seen[EPOCHS][ROWS];
} noted;

static bool tag_rows(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context;
  batch->input.i32[row * batch->sequence_length] = (int32_t)(batch_random_next(random) % 1000);
  return true;
}

static const batch_transform tag = {tag_rows, NULL};

static batch_loader_options options_of(const batch_loader_skip *skips, size_t n) {
  batch_loader_options o = small_options();
  o.epochs = EPOCHS;
  o.transforms = &tag;
  o.num_transforms = 1;
  o.skips = skips;
  o.num_skips = n;
  return o;
}

static void note(noted *e, const BatchLoader *loader, const Batch *batch) {
  uint64_t places[MOST_BATCH];
  places_of(loader, batch, places);
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    if (places[row] == BATCH_NO_PLACE) continue;
    cr_assert_lt(places[row], ROWS);
    e->hash[batch->epoch_id][places[row]] = hash_row(batch, row);
    e->seen[batch->epoch_id][places[row]]++;
  }
}

/* All batches of all ranks, at most `steps` (0: all). Returns the state after them. */
static batch_loader_state note_run(noted *e, batch_loader_options o) {
  batch_loader_state state = {0};
  for (o.rank = 0; o.rank < (o.world ? o.world : 1); o.rank++) {
    BatchLoader *loader = start_loader(dataset, &o);
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) note(e, loader, batch);
    state = state_of(loader);
    batch_loader_free(loader);
  }
  return state;
}

static noted whole, parts;

static void assert_the_rest(const char *what) {
  for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
    for (uint32_t i = 0; i < ROWS; i++) {
      cr_assert_eq(parts.seen[epoch][i], !is_skipped(epoch, i), "%s: place %u of epoch %u comes %u times",
                   what, i, epoch, parts.seen[epoch][i]);
      if (!is_skipped(epoch, i))
        cr_assert_eq(parts.hash[epoch][i], whole.hash[epoch][i], "%s: place %u of epoch %u differs", what, i,
                     epoch);
    }
}

/* What the other rows are made into does not change either. */
Test(loader_skips, leave_the_other_rows_at_their_places) {
  note_run(&whole, options_of(NULL, 0));
  for (uint32_t world = 1; world <= 3; world++)
    for (uint32_t size = 1; size <= 7; size += 3) {
      batch_loader_options o = options_of(some, SOME);
      memset(&parts, 0, sizeof parts);
      o.world = world;
      o.batch_size = size;
      o.workers = 1 + world % 2;
      o.shuffle = BATCH_SHUFFLE_ALL;
      note_run(&parts, o);
      assert_the_rest("ranks");
    }
}

/* The state says what is skipped; it is saved and loaded with it. */
Test(loader_skips, are_gone_on_with_at_every_step) {
  note_run(&whole, options_of(NULL, 0));
  for (uint64_t stop = 1; stop < 2 * STEPS; stop += 3) {
    batch_loader_options o = options_of(some, SOME), rest = options_of(NULL, 0);
    memset(&parts, 0, sizeof parts);
    o.steps = stop;
    batch_loader_state state = note_run(&parts, o), read;
    cr_assert_eq(state.num_skips, 4);
    cr_assert(batch_loader_state_save(&state, path_of("state")));
    cr_assert(batch_loader_state_load(&read, path_of("state")));
    cr_assert_eq(memcmp(&read, &state, sizeof state), 0);
    rest.resume = &read;
    rest.batch_size = 1 + stop % 6;
    note_run(&parts, rest);
    assert_the_rest("resumed");
  }
}

/* A step whose rows are not wanted after all: back to the state before it, and on without them. */
Test(loader_skips, may_be_added_when_a_run_goes_on) {
  batch_loader_options o = options_of(&some[1], 1);
  batch_loader_skip bad[BATCH];
  uint64_t places[BATCH];
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, 20);
  batch_loader_state state = state_of(loader);
  Batch *batch = next_batch(loader);
  places_of(loader, batch, places);
  for (int i = 0; i < BATCH; i++) bad[i] = (batch_loader_skip){batch->epoch_id, places[i], 1};
  batch_release(batch);
  batch = next_batch(loader);
  uint64_t expected = place_of(loader, batch, 0);
  batch_release(batch);
  batch_loader_free(loader);
  o.skips = bad;
  o.num_skips = BATCH;
  o.resume = &state;
  loader = start_loader(dataset, &o);
  batch = next_batch(loader);
  cr_assert_eq(batch->batch_id, 20);
  cr_assert_eq(place_of(loader, batch, 0), expected);
  batch_release(batch);
  state = state_of(loader);
  cr_assert_eq(state.num_skips, 2, "the one of before, and four that are one interval");
  batch_loader_free(loader);
}

Test(loader_skips, are_known_to_a_replay_of_any_step) {
  batch_loader_options o = options_of(some, SOME);
  BatchLoader *loader = start_loader(dataset, &o);
  uint64_t steps = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), steps++) {
    uint64_t places[BATCH], found[BATCH];
    Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
    cr_assert_not_null(again, "%s", batch_last_error()->message);
    places_of(loader, batch, places);
    places_of(loader, again, found);
    for (uint32_t row = 0; row < BATCH; row++)
      cr_assert(places[row] == found[row] && hash_row(batch, row) == hash_row(again, row));
    batch_release(again);
  }
  cr_assert_lt(steps, 2 * STEPS);
  cr_assert_eq(batch_loader_epoch_steps(loader), STEPS, "of an epoch without any");
  assert_refused(!batch_loader_replay(loader, 2, 0), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_loader_replay: step is 0");
  batch_loader_free(loader);
}

Test(loader_skips, of_all_rows_end_a_run_at_once) {
  static const batch_loader_skip all[] = {{0, 0, ROWS}, {1, 0, UINT64_MAX}, {2, 0, ROWS + 1}};
  for (int drop = 0; drop < 2; drop++) {
    batch_loader_options o = options_of(all, 3);
    o.drop_last = drop;
    BatchLoader *loader = start_loader(dataset, &o);
    Batch *batch;
    cr_assert_eq(batch_loader_next_until(loader, &batch, BATCH_NO_WAIT), BATCH_END);
    batch_loader_state state = state_of(loader);
    cr_assert(state.epoch == 3 && state.step == 0 && state.row == 0);
    batch_loader_free(loader);
    o.epochs = 4;
    loader = start_loader(dataset, &o);
    batch = next_batch(loader);
    cr_assert(batch && batch->epoch_id == 3 && batch->batch_id == 0);
    batch_release(batch);
    batch_loader_free(loader);
  }
}

/* Undamaged, but what no loader says. */
Test(loader_skips, of_a_state_that_end_nowhere_are_refused) {
  static const batch_loader_skip bad[] = {
      {1, 1, UINT64_MAX}, {9, UINT64_MAX, 1}, {0, UINT64_MAX, UINT64_MAX}};
  batch_loader_options o = options_of(some, 1);
  BatchLoader *loader = start_loader(dataset, &o);
  batch_loader_state good = state_of(loader);
  batch_loader_free(loader);
  cr_assert_eq(good.check, check_of_state(&good), "the test knows how states are checked");
  o.num_skips = 0;
  for (int i = 0; i < 3; i++) {
    batch_loader_state state = good;
    o.resume = &state;
    state.skips[state.num_skips++] = bad[i];
    state.check = check_of_state(&state);
    assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_FORMAT,
                   "batch_loader_create: resume has a skip that ends at 2^64 or behind");
    state.skips[1].first = 0; /* the last one may be of all places */
    state.check = check_of_state(&state);
    batch_loader_free(start_loader(dataset, &o));
  }
}

Test(loader_skips, that_make_no_sense_are_refused) {
  static batch_loader_skip many[BATCH_LOADER_MAX_SKIPS + 1];
  for (uint32_t i = 0; i <= BATCH_LOADER_MAX_SKIPS; i++) many[i] = (batch_loader_skip){0, 2 * i, 1};
  batch_loader_options o = small_options();
  o.num_skips = 3;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: skips is NULL, expected 3");
  o.skips = many;
  o.num_skips = BATCH_LOADER_MAX_SKIPS;
  batch_loader_free(start_loader(dataset, &o));
  o.num_skips++;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: ", "65 intervals", "at most 64");
  many[1].count = UINT64_MAX;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_OVERFLOW,
                 "batch_loader_create: ", "skips[1] is ");
}
