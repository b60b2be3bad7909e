/* The loader as a user sees it: order, faults, resuming, closing. */
#include <headrace/headrace.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/dataset_check.h"
#include "support/files.h"
#include "support/threads.h"
#include "support/watchdog.h"

static void begin(void) {
  watchdog_on();
  files_begin();
}

TestSuite(loader, .init = begin, .fini = files_end);

enum { TOKENS = 5003, LENGTH = 16, ROWS = (TOKENS - 2) / LENGTH + 1 };

/* Tokens that tell their place: i * 7 mod 1000. */
static int32_t token_at(uint64_t i) {
  return (int32_t)(i * 7 % 1000);
}

static const char *write_tokens(const char *name, uint32_t count) {
  bytes b = {0};
  for (uint32_t i = 0; i < count; i++) put_u16(&b, (uint16_t)token_at(i));
  return write_bytes(name, &b);
}

static batch_loader_options small_options(void) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = 4;
  o.sequence_length = LENGTH;
  o.vocab_size = 1000;
  o.seed = 5;
  o.world = 1;
  return o;
}

static BatchLoader *start(const BatchDataset *dataset, const batch_loader_options *o) {
  BatchLoader *loader = batch_loader_create(dataset, o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  return loader;
}

/* The batch, NULL at the end; anything else fails the test. */
static Batch *next(BatchLoader *loader) {
  Batch *batch = batch_loader_next(loader);
  if (!batch) cr_assert_eq(batch_last_error()->code, BATCH_END, "%s", batch_last_error()->message);
  return batch;
}

/* A hash of everything in a row of a batch. */
static uint64_t hash_row(const Batch *batch, uint32_t row) {
  uint64_t h = 1469598103934665603u;
  size_t base = (size_t)row * batch->sequence_length;
  for (size_t i = base; i < base + batch->sequence_length; i++)
    h = (h ^ ((uint64_t)(uint32_t)batch->input.i32[i] << 33 ^ (uint64_t)(uint32_t)batch->target.i32[i] << 1 ^
              (batch->mask.data[i] != 0))) *
        1099511628211u;
  return h;
}

/* What an epoch's places hold: filled from batches, checked against each other. */
typedef struct epoch_rows {
  uint64_t hash[ROWS + 64];
  uint32_t seen[ROWS + 64];
  uint64_t tokens;
} epoch_rows;

static void note_batch(epoch_rows *e, const BatchLoader *loader, const Batch *batch) {
  uint64_t place = place_of(loader, batch);
  for (uint32_t row = 0; row < batch->batch_size; row++, place++) {
    for (uint32_t i = 0; i < LENGTH; i++) e->tokens += batch->mask.data[row * LENGTH + i] != 0;
    if (place >= ROWS) continue;
    e->hash[place] = hash_row(batch, row);
    e->seen[place]++;
  }
}

static void run_to_end(epoch_rows *e, const BatchDataset *dataset, const batch_loader_options *o) {
  BatchLoader *loader = start(dataset, o);
  for (Batch *batch; (batch = next(loader)); batch_release(batch)) note_batch(e, loader, batch);
  batch_loader_free(loader);
}

static void assert_same(const epoch_rows *a, const epoch_rows *b, const char *what) {
  for (uint32_t i = 0; i < ROWS; i++) {
    cr_assert_eq(b->seen[i], 1, "%s: place %u comes %u times", what, i, b->seen[i]);
    cr_assert_eq(a->hash[i], b->hash[i], "%s: place %u differs", what, i);
  }
}

Test(loader, batches_are_windows_with_shifted_targets) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start(dataset, &o);
  uint64_t at = 0, step = 0;
  for (Batch *batch; (batch = next(loader)); batch_release(batch), step++) {
    cr_assert_eq(batch->batch_id, step);
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    for (size_t i = 0; i < batch->input.total_size; i++, at++) {
      bool there = at + 1 < TOKENS;
      cr_assert_eq(batch->mask.data[i], there);
      cr_assert_eq(batch->input.i32[i], there ? token_at(at) : 0);
      cr_assert_eq(batch->target.i32[i], there ? token_at(at + 1) : 0);
    }
  }
  cr_assert_eq(step, (ROWS + 3) / 4);
  cr_assert_eq(step, batch_loader_epoch_steps(loader));
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, order_does_not_depend_on_workers_io_delivery_or_batch_size) {
  const char *path = write_tokens("t.bin", TOKENS);
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.io = BATCH_IO_READ;
  BatchDataset *sets[2] = {open_dataset(path, NULL), open_dataset(path, &reading)};
  batch_loader_options o = small_options();
  static epoch_rows first;
  run_to_end(&first, sets[0], &o);
  cr_assert_eq(first.tokens, TOKENS - 1);
  for (uint32_t workers = 1; workers <= 8; workers *= 2)
    for (int io = 0; io < 2; io++)
      for (int delivery = 0; delivery < 2; delivery++) {
        epoch_rows again = {{0}, {0}, 0};
        o.workers = workers;
        o.as_they_come = delivery;
        o.batch_size = 1 + workers;
        run_to_end(&again, sets[io], &o);
        assert_same(&first, &again, "again");
      }
  batch_dataset_free(sets[0]);
  batch_dataset_free(sets[1]);
}

Test(loader, seeds_and_epochs_give_other_orders_of_the_same_rows) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows a, b;
  run_to_end(&a, dataset, &o);
  o.seed++;
  run_to_end(&b, dataset, &o);
  uint32_t same = 0;
  for (uint32_t i = 0; i < ROWS; i++) same += a.hash[i] == b.hash[i];
  cr_assert_lt(same, ROWS / 10);
  o.epochs = 2;
  o.seed--;
  BatchLoader *loader = start(dataset, &o);
  uint32_t batches = 0, equal = 0;
  for (Batch *batch; (batch = next(loader)); batch_release(batch), batches++)
    if (batch->epoch_id == 1) equal += hash_row(batch, 0) == a.hash[place_of(loader, batch)];
  cr_assert_eq(batches, 2 * ((ROWS + 3) / 4));
  cr_assert_lt(equal, 10);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, ranks_slice_what_one_rank_gets) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows one;
  run_to_end(&one, dataset, &o);
  for (uint32_t world = 2; world <= 5; world++) {
    epoch_rows all = {{0}, {0}, 0};
    o.world = world;
    o.batch_size = 3;
    for (o.rank = 0; o.rank < world; o.rank++) run_to_end(&all, dataset, &o);
    assert_same(&one, &all, "ranks");
  }
  batch_dataset_free(dataset);
}

Test(loader, resumes_at_every_step_also_with_another_batch_size) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows whole;
  run_to_end(&whole, dataset, &o);
  uint64_t steps = (ROWS + 3) / 4;
  for (uint64_t stop = 0; stop <= steps; stop++) {
    epoch_rows parts = {{0}, {0}, 0};
    batch_loader_state state;
    BatchLoader *loader = start(dataset, &o);
    for (uint64_t i = 0; i < stop; i++) {
      Batch *batch = next(loader);
      note_batch(&parts, loader, batch);
      batch_release(batch);
    }
    cr_assert(batch_loader_get_state(loader, &state));
    batch_loader_free(loader);
    batch_loader_options rest = o;
    rest.resume = &state;
    rest.workers = 2;
    if (stop % 2) rest.batch_size = 7;
    run_to_end(&parts, dataset, &rest);
    assert_same(&whole, &parts, "resumed");
  }
  batch_dataset_free(dataset);
}

Test(loader, refuses_a_state_of_other_data_or_options_and_says_which) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  BatchDataset *other = open_dataset(write_tokens("u.bin", TOKENS + 1), NULL);
  batch_loader_options good = small_options(), o;
  batch_loader_state state;
  BatchLoader *loader = start(dataset, &good);
  cr_assert(batch_loader_get_state(loader, &state));
  batch_loader_free(loader);
  good.resume = &state;
  assert_refused(!batch_loader_create(other, &good), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create:", "other data");
#define DIFFERS(field, value, ...)                                                                           \
  o = good;                                                                                                  \
  o.field = value;                                                                                           \
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT, "resume", __VA_ARGS__)
  DIFFERS(seed, 6, "seed 5", "expected 6");
  DIFFERS(sequence_length, 8, "sequence_length 16", "expected 8");
  DIFFERS(shuffle, BATCH_SHUFFLE_NONE, "shuffle all", "expected none");
  DIFFERS(drop_last, true, "drop_last");
  o = good;
  o.batch_size = 9, o.workers = 3, o.world = 2, o.epochs = 7;
  batch_loader_free(start(dataset, &o));
  state.step++;
  assert_refused(!batch_loader_create(dataset, &good), BATCH_ERROR_FORMAT, "resume");
  batch_dataset_free(dataset);
  batch_dataset_free(other);
}

Test(loader, refuses_a_state_of_another_mix) {
  BatchDataset *sets[2] = {open_dataset(write_tokens("t.bin", TOKENS), NULL),
                           open_dataset(write_tokens("u.bin", 777), NULL)};
  batch_loader_source mix[2] = {{sets[0], 1}, {sets[1], 2}};
  batch_loader_options o = small_options();
  batch_loader_state state;
  BatchLoader *loader = batch_loader_create_mixed(mix, 2, &o);
  cr_assert(batch_loader_get_state(loader, &state));
  batch_loader_free(loader);
  o.resume = &state;
  mix[1].weight = 3;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create_mixed:", "weights");
  mix[0].weight = 0.5, mix[1].weight = 1;
  loader = batch_loader_create_mixed(mix, 2, &o);
  cr_assert_not_null(loader, "the same shares: %s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(sets[0]);
  batch_dataset_free(sets[1]);
}

/* An epoch's number has 32 bits in a batch: there is no later one. */
Test(loader, endless_ends_with_the_last_epoch_that_a_batch_can_number) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", LENGTH + 1), NULL);
  batch_loader_options o = small_options();
  o.epochs = BATCH_LOADER_ENDLESS;
  BatchLoader *loader = start(dataset, &o);
  Batch *last = batch_loader_replay(loader, UINT32_MAX - 1, 0);
  cr_assert_not_null(last, "%s", batch_last_error()->message);
  cr_assert_eq(last->epoch_id, UINT32_MAX - 1);
  batch_release(last);
  assert_refused(!batch_loader_replay(loader, UINT32_MAX, 0), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay",
                 "epoch");
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, replays_any_step_alone) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.epochs = 2;
  BatchLoader *loader = start(dataset, &o);
  for (Batch *batch; (batch = next(loader)); batch_release(batch)) {
    Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
    cr_assert_not_null(again, "%s", batch_last_error()->message);
    for (uint32_t row = 0; row < 4; row++) cr_assert_eq(hash_row(batch, row), hash_row(again, row));
    batch_release(again);
  }
  assert_refused(!batch_loader_replay(loader, 0, (ROWS + 3) / 4), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_loader_replay", "step");
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, documents_are_padded_or_packed_and_numbered) {
  BatchDataset *dataset = open_dataset(write_text("d.jsonl", "{\"text\":\"abcdefghijklmnopqrstuvwxyz\"}\n"
                                                             "{\"text\":\"abc\"}\n{\"text\":\"12345678\"}\n"),
                                       NULL);
  batch_loader_options o = small_options();
  o.batch_size = 3;
  o.with_documents = true;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.packing = BATCH_PACK_DOCUMENTS;
  o.pad_id = 9;
  BatchLoader *loader = start(dataset, &o);
  Batch *batch = next(loader);
  const int32_t *in = batch->input.i32, *out = batch->target.i32, *doc = batch->documents.i32,
                *pos = batch->positions.i32;
  cr_assert(in[0] == 'a' && out[15] == 'q' && doc[15] == 0 && pos[15] == 15);
  cr_assert(in[LENGTH + 1] == 'b' && out[LENGTH + 1] == 'c' && batch->mask.data[LENGTH + 1] == 1);
  cr_assert(in[LENGTH + 2] == 9 && out[LENGTH + 2] == 9 && batch->mask.data[LENGTH + 2] == 0 &&
            doc[LENGTH + 2] == -1);
  batch_release(batch);
  batch_loader_free(loader);
  o.packing = BATCH_PACK_BEST_FIT;
  loader = start(dataset, &o);
  cr_assert_eq(batch_loader_epoch_rows(loader), 3);
  uint32_t ones = 0, seconds = 0;
  batch = next(loader);
  for (uint32_t i = 0; i < 3 * LENGTH; i++) {
    ones += batch->mask.data[i] != 0;
    seconds += batch->documents.i32[i] == 1;
    if (i % LENGTH && batch->documents.i32[i] != batch->documents.i32[i - 1])
      cr_assert_eq(batch->positions.i32[i], 0);
  }
  cr_assert_eq(ones, 25 + 2 + 7);
  cr_assert(seconds == 2 || seconds == 7, "one short document follows another or the rest of the long one");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, every_element_type_holds_the_same_ids) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  const batch_id_type types[] = {BATCH_IDS_FLOAT32, BATCH_IDS_INT32, BATCH_IDS_INT64, BATCH_IDS_UINT16};
  const tensor_type stored[] = {TENSOR_FLOAT32, TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16};
  for (int t = 0; t < 4; t++) {
    batch_loader_options o = small_options();
    o.id_type = types[t];
    o.mask_type = t % 2 ? TENSOR_UINT8 : TENSOR_FLOAT32;
    o.shuffle = BATCH_SHUFFLE_NONE;
    BatchLoader *loader = start(dataset, &o);
    Batch *batch = next(loader);
    cr_assert(batch->input.dtype == stored[t] && batch->target.dtype == stored[t]);
    for (uint32_t row = 0; row < 4; row++)
      for (uint32_t i = 0; i < LENGTH; i++) {
        uint32_t at[2] = {row, i};
        cr_assert_eq((int32_t)tensor_get(&batch->input, at), token_at(row * LENGTH + i));
        cr_assert_eq((int32_t)tensor_get(&batch->target, at), token_at(row * LENGTH + i + 1));
        cr_assert_eq(tensor_get(&batch->mask, at), 1);
      }
    batch_release(batch);
    batch_loader_free(loader);
  }
  batch_dataset_free(dataset);
}

Test(loader, a_bad_id_is_named_with_its_place_by_every_policy) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 994; /* 994 = 142 * 7 is the first bad id: token 142, in row 8, step 2 */
  BatchLoader *loader = start(dataset, &o);
  for (int i = 0; i < 2; i++) batch_release(next(loader));
  for (int i = 0; i < 2; i++)
    assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE, "t.bin", "byte 284", "token 142",
                   "994", "993");
  batch_loader_state state;
  cr_assert(batch_loader_get_state(loader, &state));
  cr_assert_eq(state.step, 2, "a resumed run begins with the step that was not delivered");
  batch_loader_free(loader);

  o.faults = BATCH_FAULT_HAND_ON;
  loader = start(dataset, &o);
  for (int i = 0; i < 2; i++) batch_release(next(loader));
  Batch *batch;
  check_forget_error();
  cr_assert_eq(batch_loader_next_until(loader, &batch, BATCH_FOREVER), BATCH_OK);
  cr_assert_eq(batch->status, BATCH_ERROR_OUT_OF_RANGE);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "t.bin", "byte 284");
  batch_release(batch);
  batch_loader_free(loader);

  batch_dataset_free(dataset);
}

/* Rows with a bad id are padding, the others as without it, and no rank lacks a step. */
Test(loader, skipping_pads_the_rows_at_fault_and_leaves_every_rank_its_steps) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows right, skipped;
  run_to_end(&right, dataset, &o);
  o.vocab_size = 994;
  o.faults = BATCH_FAULT_SKIP;
  o.world = 3;
  uint64_t rows = 0, faulty = 0, counted = 0;
  for (o.rank = 0; o.rank < o.world; o.rank++) {
    BatchLoader *loader = start(dataset, &o);
    uint64_t steps = 0;
    for (Batch *batch; (batch = next(loader)); batch_release(batch), steps++) {
      uint64_t place = place_of(loader, batch);
      cr_assert(batch->status == BATCH_OK && batch->batch_id == steps);
      note_batch(&skipped, loader, batch);
      for (uint32_t row = 0; row < 4 && place + row < ROWS; row++, rows++) {
        if (skipped.hash[place + row] == right.hash[place + row]) continue;
        faulty++;
        for (uint32_t i = row * LENGTH; i < (row + 1) * LENGTH; i++)
          cr_assert(batch->mask.data[i] == 0 && batch->input.i32[i] == 0 && batch->target.i32[i] == 0);
      }
    }
    cr_assert_eq(steps, batch_loader_epoch_steps(loader), "rank %u", o.rank);
    batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
    cr_assert(batch_loader_get_stats(loader, &stats));
    cr_assert(stats.batches == steps && stats.errors > 0 && stats.errors <= stats.skipped);
    counted += stats.skipped;
    batch_loader_free(loader);
  }
  cr_assert_eq(rows, ROWS);
  cr_assert(faulty == counted && faulty > 0 && faulty < ROWS, "%d rows were padded, %d counted", (int)faulty,
            (int)counted);
  batch_dataset_free(dataset);
}

Test(loader, skipping_says_where_the_fault_is_also_in_replay) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 994; /* the first bad id is token 142, in row 8, step 2 */
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start(dataset, &o);
  for (int i = 0; i < 2; i++) batch_release(next(loader));
  check_forget_error();
  Batch *batch = batch_loader_next(loader), *again;
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "batch_loader_next:", "t.bin", "token 142");
  check_forget_error();
  again = batch_loader_replay(loader, 0, 2);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay:", "t.bin", "token 142");
  for (uint32_t row = 0; row < 4; row++) cr_assert_eq(hash_row(batch, row), hash_row(again, row));
  batch_release(batch);
  batch_release(again);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* A transform that cannot change what begins with a multiple of 3. */
static bool refuse_threes(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)random;
  int32_t *in = batch->input.i32 + (size_t)row * LENGTH;
  if (in[0] % 3 == 0) return false;
  in[1] = 999;
  return true;
}

Test(loader, skipping_pads_the_rows_that_a_transform_refuses) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_transform refusing = {refuse_threes, NULL};
  batch_loader_options o = small_options();
  o.transforms = &refusing;
  o.num_transforms = 1;
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start(dataset, &o);
  uint64_t padded = 0, changed = 0;
  for (Batch *batch; (batch = next(loader)); batch_release(batch))
    for (uint32_t row = 0; row < 4; row++) {
      bool there = place_of(loader, batch) + row < ROWS, left = batch->mask.data[row * LENGTH] != 0;
      padded += there && !left;
      changed += left && batch->input.i32[row * LENGTH + 1] == 999;
      if (left)
        cr_assert(batch->input.i32[row * LENGTH] % 3 != 0 && batch->input.i32[row * LENGTH + 1] == 999);
    }
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  cr_assert(batch_loader_get_stats(loader, &stats));
  cr_assert_eq(stats.skipped, padded);
  cr_assert(padded > 0 && changed > 0 && padded + changed == ROWS);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* Truncates the file to `bytes` after the first batch; expects an error that names path and place. */
static void check_truncation(batch_io io, off_t length, batch_faults faults) {
  enum { MANY = 200000 };
  const char *path = write_tokens("cut.bin", MANY);
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.io = io;
  BatchDataset *dataset = open_dataset(path, &reading);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.faults = faults;
  o.workers = 2;
  BatchLoader *loader = start(dataset, &o);
  batch_release(next(loader));
  cr_assert_eq(truncate(path, length), 0);
  uint64_t good = 0, bad = 0, first_lost = (uint64_t)length / 2;
  for (Batch *batch; (batch = next(loader)); batch_release(batch)) {
    uint64_t last = (batch->batch_id + 1) * 4 * LENGTH; /* the last token it needs */
    bool whole = faults == BATCH_FAULT_SKIP ? batch->mask.data[0] != 0 : batch->status == BATCH_OK;
    if (whole) {
      good++;
      for (uint32_t i = 0; i < 4 * LENGTH && last < MANY; i++)
        cr_assert_eq(batch->input.i32[i], token_at(batch->batch_id * 4 * LENGTH + i), "token %u of step %u",
                     i, (unsigned)batch->batch_id);
      continue;
    }
    bad++;
    cr_assert_eq(batch->status, faults == BATCH_FAULT_SKIP ? BATCH_OK : BATCH_ERROR_IO);
    cr_assert_geq(last, first_lost);
    assert_says(batch_last_error()->message, "cut.bin", "byte");
    for (uint32_t i = 0; i < 4 * LENGTH; i++) cr_assert(batch->mask.data[i] == 0 && batch->input.i32[i] == 0);
  }
  cr_assert_gt(bad, 0);
  cr_assert_gt(good, 0);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, survives_a_file_truncated_at_a_page) {
  check_truncation(BATCH_IO_MAP, 40 * 4096, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_MAP, 40 * 4096, BATCH_FAULT_SKIP);
}
Test(loader, notices_a_file_truncated_inside_a_page) {
  check_truncation(BATCH_IO_MAP, 40 * 4096 + 1234, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_MAP, 40 * 4096 + 1234, BATCH_FAULT_SKIP);
}
Test(loader, notices_a_truncated_file_with_pread) {
  check_truncation(BATCH_IO_READ, 40 * 4096 + 1234, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_READ, 40 * 4096 + 1234, BATCH_FAULT_SKIP);
}

/* Every batch has bad ids; the one whose last token lies behind the end of the file is unreadable beside. */
Test(loader, a_read_error_outweighs_a_bad_id_before_it) {
  const char *path = write_tokens("cut.bin", 200000);
  BatchDataset *dataset = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 300;
  o.faults = BATCH_FAULT_HAND_ON;
  BatchLoader *loader = start(dataset, &o);
  enum { CUT = 40 * 4096, LAST = CUT / (4 * LENGTH * 2) - 1 };
  batch_release(next(loader));
  cr_assert_eq(truncate(path, CUT), 0);
  for (Batch *batch; (batch = next(loader)); batch_release(batch)) {
    bool readable = batch->batch_id < LAST;
    cr_assert_eq(batch->status, readable ? BATCH_ERROR_OUT_OF_RANGE : BATCH_ERROR_IO, "step %d",
                 (int)batch->batch_id);
    for (uint32_t i = 0; i < 4 * LENGTH; i++) cr_assert_eq(batch->mask.data[i], readable);
  }
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

static volatile sig_atomic_t others;

static void other_handler(int number, siginfo_t *info, void *machine) {
  (void)number, (void)info, (void)machine;
  others++;
}

Test(loader, hands_other_peoples_signals_on) {
  struct sigaction mine = {.sa_sigaction = other_handler, .sa_flags = SA_SIGINFO};
  cr_assert_eq(sigaction(SIGBUS, &mine, NULL), 0);
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  BatchLoader *loader = start(dataset, &o);
  raise(SIGBUS);
  cr_assert_eq(others, 1);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, next_keeps_its_deadline_and_says_why) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.pool_size = 1;
  BatchLoader *loader = start(dataset, &o);
  Batch *only = next(loader), *none;
  cr_assert_eq(batch_loader_next_until(loader, &none, BATCH_NO_WAIT), BATCH_EMPTY);
  cr_assert_eq(batch_loader_next_until(loader, &none, batch_deadline_after(1000000)), BATCH_TIMEDOUT);
  batch_release(only);
  batch_release(next(loader));
  batch_loader_close(loader);
  assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "closed");
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

static void take_one(test_thread *self) {
  thread_waits(self, "in batch_loader_next");
  self->result = batch_loader_next(self->context);
}

Test(loader, close_wakes_whoever_waits_and_batches_outlive_the_loader) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  o.pool_size = 2;
  o.workers = 3;
  BatchLoader *loader = start(dataset, &o);
  Batch *out[2] = {next(loader), next(loader)};
  uint64_t hash = hash_row(out[1], 3);
  test_thread takers[3];
  threads_start(takers, 3, "taker", take_one, loader);
  threads_until_asleep(takers, 3);
  batch_loader_close(loader);
  threads_join(takers, 3);
  for (int i = 0; i < 3; i++) cr_assert_null(takers[i].result);
  batch_loader_free(loader);
  cr_assert_eq(hash_row(out[1], 3), hash);
  batch_release(out[0]);
  batch_release(out[1]);
  batch_dataset_free(dataset);
}

/* A transform that holds the first step back until the gate is open. */
typedef struct gate {
  _Atomic int open;
} gate;

static bool wait_at_gate(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)random;
  const gate *g = context;
  if (batch->batch_id == 0 && row == 0)
    while (!atomic_load(&g->open)) usleep(100);
  return true;
}

Test(loader, the_end_wakes_everyone) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static gate g;
  batch_transform slow = {wait_at_gate, &g};
  o.transforms = &slow;
  o.num_transforms = 1;
  o.steps = 1;
  o.batch_size = 1;
  BatchLoader *loader = start(dataset, &o);
  test_thread takers[4];
  threads_start(takers, 4, "taker", take_one, loader);
  threads_until_asleep(takers, 4);
  atomic_store(&g.open, 1);
  threads_join(takers, 4);
  int got = 0;
  for (int i = 0; i < 4; i++)
    if (takers[i].result) got++, batch_release(takers[i].result);
  cr_assert_eq(got, 1);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* As they come, what is held back holds up nothing; in order, only delivery. */
Test(loader, a_slow_step_stops_neither_the_others_nor_unordered_delivery) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  static gate g;
  batch_transform slow = {wait_at_gate, &g};
  batch_loader_options o = small_options();
  o.workers = 2;
  o.pool_size = 6;
  o.transforms = &slow;
  o.num_transforms = 1;
  o.as_they_come = true;
  BatchLoader *loader = start(dataset, &o);
  for (int i = 0; i < 20; i++) {
    Batch *batch = next(loader);
    cr_assert_neq(batch->batch_id, 0);
    batch_release(batch);
  }
  batch_loader_state state;
  cr_assert(batch_loader_get_state(loader, &state));
  cr_assert_eq(state.step, 0, "step 0 is not delivered: it must come again");
  atomic_store(&g.open, 1);
  batch_loader_free(loader);

  atomic_store(&g.open, 0);
  o.as_they_come = false;
  loader = start(dataset, &o);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  while (stats.queue_depth == 0 && stats.pool_misses == 0) cr_assert(batch_loader_get_stats(loader, &stats));
  Batch *none;
  cr_assert_eq(batch_loader_next_until(loader, &none, BATCH_NO_WAIT), BATCH_EMPTY);
  atomic_store(&g.open, 1);
  Batch *batch = next(loader);
  cr_assert_eq(batch->batch_id, 0);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* The same stream in files of odd sizes and of different widths: rows that lie in several files. */
Test(loader, files_of_any_size_and_width_give_the_same_rows) {
  BatchDataset *whole = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows first;
  run_to_end(&first, whole, &o);
  const uint32_t cuts[] = {0, 3, 4, 1000, 1005, 1006, 4000, TOKENS};
  enum { PARTS = sizeof cuts / sizeof *cuts - 1 };
  const char *paths[PARTS];
  for (int io = 0; io < 2; io++) {
    for (int p = 0; p < PARTS; p++) {
      char name[32];
      bytes b = {0};
      snprintf(name, sizeof name, "part%d.%s", p, p % 2 ? "npy" : "bin");
      if (p % 2) { /* a .npy file of u32 */
        char header[118];
        int used =
            snprintf(header, sizeof header, "{'descr': '<u4', 'fortran_order': False, 'shape': (%u,), }",
                     cuts[p + 1] - cuts[p]);
        memset(header + used, ' ', sizeof header - (size_t)used);
        header[sizeof header - 1] = '\n';
        put(&b, "\x93NUMPY\x01\x00", 8);
        put_u16(&b, sizeof header);
        put(&b, header, sizeof header);
      }
      for (uint32_t i = cuts[p]; i < cuts[p + 1]; i++) {
        if (p % 2)
          put_u32(&b, (uint32_t)token_at(i));
        else
          put_u16(&b, (uint16_t)token_at(i));
      }
      paths[p] = write_bytes(name, &b);
    }
    batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
    reading.io = (batch_io)io;
    BatchDataset *parts = batch_dataset_open(paths, PARTS, &reading);
    cr_assert_not_null(parts, "%s", batch_last_error()->message);
    epoch_rows again = {{0}, {0}, 0};
    run_to_end(&again, parts, &o);
    assert_same(&first, &again, "in parts");
    batch_dataset_free(parts);
  }
  batch_dataset_free(whole);
}

/* Windows that reach over documents: each token knows its document of the row and its place there. */
Test(loader, windows_number_the_documents_that_they_reach_into) {
  bytes tokens = {0}, ends = {0};
  const uint64_t bounds[] = {5, 5, 20, 21, 40};
  for (uint32_t i = 0; i < 40; i++) put_u16(&tokens, (uint16_t)i);
  for (int i = 0; i < 5; i++) put_u64(&ends, bounds[i]);
  const char *path = write_bytes("d.ds", &tokens);
  write_bytes("d.ds.index", &ends);
  BatchDataset *dataset = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.with_documents = true;
  o.batch_size = 3;
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start(dataset, &o);
  Batch *batch = next(loader);
  const int32_t *doc = batch->documents.i32, *pos = batch->positions.i32;
  cr_assert(doc[4] == 0 && pos[4] == 4 && doc[5] == 1 && pos[5] == 0 && doc[15] == 1 && pos[15] == 10);
  cr_assert(doc[16] == 0 && pos[16] == 0 && doc[19] == 0 && doc[20] == 1 && pos[20] == 0 && doc[21] == 2 &&
            pos[31] == 10);
  cr_assert(doc[32] == 0 && pos[38] == 6 && doc[39] == -1 && pos[39] == 0);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, sources_are_mixed_by_weight) {
  BatchDataset *sets[2];
  char a[4001], b[16001];
  memset(a, 'a', sizeof a), memset(b, 'b', sizeof b);
  sets[0] = open_dataset(write_data("a.txt", a, sizeof a), NULL);
  sets[1] = open_dataset(write_data("b.txt", b, sizeof b), NULL);
  batch_loader_options o = small_options();
  o.batch_size = 1;
  o.epochs = 60;
  uint64_t from_a[2] = {0};
  for (int weighted = 0; weighted < 2; weighted++) {
    batch_loader_source mix[2] = {{sets[0], weighted * 1.0}, {sets[1], weighted * 1.0}};
    BatchLoader *loader = batch_loader_create_mixed(mix, 2, &o);
    cr_assert_not_null(loader, "%s", batch_last_error()->message);
    cr_assert_eq(batch_loader_epoch_rows(loader), 1250);
    for (Batch *batch; (batch = next(loader)); batch_release(batch))
      from_a[weighted] += batch->input.i32[0] == 'a';
    batch_loader_free(loader);
  }
  cr_assert_eq(from_a[0], 60 * 250);
  cr_assert_eq(from_a[1], 60 * 1250 / 2);
  batch_loader_source bad[2] = {{sets[0], 1}, {sets[1], 0}};
  assert_refused(!batch_loader_create_mixed(bad, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create_mixed:", "b.txt", "weight is 0");
  batch_dataset_free(sets[0]);
  batch_dataset_free(sets[1]);
}

/* Weights that no whole numbers stand for, ranks, and a resume with others in the middle of an epoch: after
   any number of rows each source is within a row of its share, and its rows come in turn. */
Test(loader, a_mix_keeps_its_shares_at_every_row_over_ranks_and_resumes) {
  enum { SMALL = 37, LARGE = 400, PLACES = 3 * (SMALL + LARGE) };
  static const double weights[2] = {1, 1.7320508};
  BatchDataset *sets[2] = {open_dataset(write_tokens("a.bin", SMALL + 1), NULL), NULL};
  bytes b = {0};
  for (uint32_t i = 0; i <= LARGE; i++) put_u16(&b, (uint16_t)(1000 + i));
  sets[1] = open_dataset(write_bytes("b.bin", &b), NULL);
  batch_loader_source mix[2] = {{sets[0], weights[0]}, {sets[1], weights[1]}};
  batch_loader_options o = small_options();
  o.sequence_length = 1;
  o.vocab_size = 0;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.epochs = 3;
  static int32_t first[PLACES];
  batch_loader_state state;
  for (int part = 0; part < 2; part++) {
    o.world = part ? 5 : 2;
    o.batch_size = part ? 3 : 4;
    o.resume = part ? &state : NULL;
    o.steps = part ? 0 : 70; /* of 8 rows: in the second epoch */
    batch_loader_state end = {0};
    for (o.rank = 0; o.rank < o.world; o.rank++) {
      BatchLoader *loader = batch_loader_create_mixed(mix, 2, &o);
      cr_assert_not_null(loader, "%s", batch_last_error()->message);
      for (Batch *batch; (batch = next(loader)); batch_release(batch)) {
        uint64_t place = place_of(loader, batch);
        for (uint32_t row = 0; row < batch->batch_size && place + row < SMALL + LARGE; row++)
          first[batch->epoch_id * (SMALL + LARGE) + place + row] = batch->input.i32[row] + 1;
      }
      cr_assert(batch_loader_get_state(loader, &end));
      batch_loader_free(loader);
    }
    state = end;
  }
  uint32_t given[2] = {0};
  for (uint32_t i = 0; i < PLACES; i++) {
    cr_assert_gt(first[i], 0, "place %u never came", i);
    int source = first[i] > 1000;
    int32_t expected = source ? 1000 + (int32_t)(given[1] % LARGE) : token_at(given[0] % SMALL);
    cr_assert_eq(first[i] - 1, expected, "place %u", i);
    given[source]++;
    double off = given[0] - (i + 1) * weights[0] / (weights[0] + weights[1]);
    cr_assert(off > -1 && off < 1, "after %u rows %.3f too many", i + 1, off);
  }
  batch_dataset_free(sets[0]);
  batch_dataset_free(sets[1]);
}

Test(loader, a_sentence_names_the_function_that_was_called_and_what_the_user_named) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  BatchDataset *short_one = open_dataset(write_text("one.txt", "a"), NULL);
  batch_loader_options o = small_options();
  batch_loader_source mix[2] = {{dataset, 1}, {short_one, 1}};
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create_mixed: /", "one.txt: 1 token,", "expected 2");
  assert_refused(!batch_loader_create(short_one, &o), BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_create: /",
                 "one.txt");
  mix[1] = (batch_loader_source){dataset, 1e-9};
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "t.bin: its weight is 1e-09 of 1", "1048576");
  mix[1].weight = -1;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "t.bin: its weight is -1");
  mix[1].dataset = NULL;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "sources[1].dataset is NULL");
  assert_refused(!batch_loader_create_mixed(mix, 0, &o), BATCH_ERROR_INVALID_ARGUMENT, "n is 0");
  o.batch_size = UINT32_MAX, o.sequence_length = INT32_MAX;
  assert_refused(!batch_loader_create_mixed(mix, 1, &o), BATCH_ERROR_OVERFLOW, "batch_loader_create_mixed: ");
  cr_assert_null(strstr(batch_last_error()->message, "batch_pool"), "%s", batch_last_error()->message);
  o = small_options();
  o.steps = 1;
  BatchLoader *loader = start(dataset, &o);
  Batch *batch = next(loader);
  assert_refused(!batch_loader_next(loader), BATCH_END, "batch_loader_next: ");
  cr_assert_eq(batch_loader_next_until(loader, &(Batch *){NULL}, BATCH_NO_WAIT), BATCH_END);
  assert_error(BATCH_END, "batch_loader_next_until: ");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  batch_dataset_free(short_one);
}

/* Text is tokenized into a file without a name: its bytes say nothing to whoever has the text. */
Test(loader, a_bad_id_of_tokenized_text_is_named_by_document_and_token) {
  BatchDataset *dataset = open_dataset(
      write_text("d.jsonl", "{\"text\":\"aaaa\"}\n{\"text\":\"\"}\n{\"text\":\"aaza\"}\n"), NULL);
  batch_loader_options o = small_options();
  o.vocab_size = 'y';
  BatchLoader *loader = start(dataset, &o);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE,
                 "d.jsonl: document 2, token 2 of it: id 122", "expected 0 to 120");
  cr_assert_null(strstr(batch_last_error()->message, "byte"), "%s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* An index that is overwritten while it is open, but for its end: no row of padding in silence. */
Test(loader, documents_that_vanish_are_a_fault) {
  bytes tokens = {0}, ends = {0}, zeros = {0};
  for (uint32_t i = 0; i < 60000; i++) put_u16(&tokens, (uint16_t)(i % 1000));
  for (uint64_t end = 10; end <= 60000; end += 10) put_u64(&ends, end);
  put_zeros(&zeros, ends.used - 8);
  const char *path = write_bytes("d.ds", &tokens);
  write_bytes("d.ds.index", &ends);
  BatchDataset *dataset = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.packing = BATCH_PACK_DOCUMENTS;
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start(dataset, &o);
  batch_release(next(loader));
  int index = open(path_of("d.ds.index"), O_WRONLY);
  cr_assert_eq(pwrite(index, zeros.data, zeros.used, 0), (ssize_t)zeros.used);
  close(index);
  free_bytes(&zeros);
  Batch *batch;
  while ((batch = batch_loader_next(loader))) batch_release(batch);
  assert_error(BATCH_ERROR_IO, "batch_loader_next: ", "d.ds: its documents changed");
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

Test(loader, refuses_bad_options_by_name) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options good = small_options(), o;
#define REFUSED(field, value, ...)                                                                           \
  o = good;                                                                                                  \
  o.field = value;                                                                                           \
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_create",     \
                 __VA_ARGS__)
  REFUSED(batch_size, 0, "batch_size");
  REFUSED(sequence_length, 0, "sequence_length");
  REFUSED(id_type, (batch_id_type)4, "id_type is 4");
  REFUSED(mask_type, TENSOR_INT32, "mask_type is 2 (int32)");
  REFUSED(mask_type, (tensor_type)77, "mask_type is 77 (?)");
  REFUSED(pad_id, 1000, "pad_id is 1000, expected 0 to 999");
  REFUSED(pad_id, -1, "pad_id is -1, expected 0 to 999");
  REFUSED(rank, 1, "rank", "world");
  REFUSED(workers, 100000, "workers");
  REFUSED(shuffle, (batch_shuffle)9, "shuffle");
  REFUSED(packing, BATCH_PACK_BEST_FIT, "document");
  REFUSED(num_transforms, 1, "transforms");
  o = good;
  o.id_type = BATCH_IDS_FLOAT32;
  o.vocab_size = 1u << 25;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT, "vocab_size", "float32");
  assert_refused(!batch_loader_create(NULL, &good), BATCH_ERROR_INVALID_ARGUMENT, "dataset");
  assert_refused(!batch_loader_create(dataset, NULL), BATCH_ERROR_INVALID_ARGUMENT, "options");
  assert_refused(!batch_loader_next(NULL), BATCH_ERROR_INVALID_ARGUMENT, "loader");
  batch_loader_free(NULL);
  batch_loader_close(NULL);
  batch_dataset_free(dataset);
}

/* The environment is batch_launcher_rank's: a process that a launcher's variables were left to gets all rows. */
Test(loader, no_world_is_one_rank_whatever_the_environment_says) {
  BatchDataset *dataset = open_dataset(write_tokens("t.bin", TOKENS), NULL);
  batch_loader_options o = small_options();
  static epoch_rows one, none;
  run_to_end(&one, dataset, &o);
  setenv("RANK", "1", 1), setenv("WORLD_SIZE", "2", 1);
  o.world = 0;
  run_to_end(&none, dataset, &o);
  assert_same(&one, &none, "world 0");
  setenv("RANK", "x", 1);
  batch_loader_free(start(dataset, &o));
  unsetenv("RANK"), unsetenv("WORLD_SIZE");
  o.rank = 1;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create:", "rank is 1", "below world, which is 1");
  batch_dataset_free(dataset);
}

Test(loader, finds_the_rank_in_the_environment_for_whoever_asks) {
  uint32_t rank, world;
  const char *const names[] = {"RANK",         "WORLD_SIZE",  "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                               "SLURM_PROCID", "SLURM_NTASKS"};
  for (int i = 0; i < 6; i++) unsetenv(names[i]);
  cr_assert(batch_launcher_rank(&rank, &world) && rank == 0 && world == 1);
  for (int i = 4; i >= 0; i -= 2) {
    setenv(names[i], "2", 1);
    setenv(names[i + 1], i == 4 ? "3" : i == 2 ? "4" : "5", 1);
    cr_assert(batch_launcher_rank(&rank, &world));
    cr_assert(rank == 2 && world == (uint32_t)(5 - i / 2));
  }
  setenv("RANK", "5", 1);
  rank = 7, world = 8;
  assert_refused(!batch_launcher_rank(&rank, &world), BATCH_ERROR_INVALID_ARGUMENT, "RANK", "5");
  setenv("RANK", "-1", 1);
  assert_refused(!batch_launcher_rank(&rank, &world), BATCH_ERROR_INVALID_ARGUMENT, "RANK", "-1");
  cr_assert(rank == 7 && world == 8, "what makes no sense changes nothing");
}

/* Bytes of files that this process has mapped in. */
static uint64_t resident_file_bytes(void) {
  unsigned long long all = 0, resident = 0, shared = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  cr_assert(file && fscanf(file, "%llu %llu %llu", &all, &resident, &shared) == 3);
  fclose(file);
  return shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Streams part of a sparse file of 8 GB and returns the largest resident size seen. */
static uint64_t stream_sparse(batch_shuffle shuffle, uint64_t limit, uint64_t steps) {
  const char *path = write_data("sparse.bin", "", 0);
  cr_assert_eq(truncate(path, (off_t)8 << 30), 0);
  BatchDataset *dataset = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.batch_size = 32;
  o.sequence_length = 2048;
  o.shuffle = shuffle;
  o.resident_bytes = limit;
  o.steps = steps;
  uint64_t before = resident_file_bytes(), most = 0;
  BatchLoader *loader = start(dataset, &o);
  for (Batch *batch; (batch = next(loader)); batch_release(batch)) {
    uint64_t now = batch->batch_id % 16 ? 0 : resident_file_bytes();
    if (now > before && now - before > most) most = now - before;
  }
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  return most;
}

Test(loader, resident_memory_is_bounded_whatever_the_size_of_the_file) {
  enum { MIB = 1 << 20 };
  cr_assert_leq(stream_sparse(BATCH_SHUFFLE_NONE, 64 * MIB, 1000), 72 * MIB); /* of 131 MB read */
  cr_assert_leq(stream_sparse(BATCH_SHUFFLE_ALL, 64 * MIB, 60), 72 * MIB);
  cr_assert_gt(stream_sparse(BATCH_SHUFFLE_NONE, (uint64_t)8 << 30, 1000), 100 * MIB,
               "the control is bounded too");
}
