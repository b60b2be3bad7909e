/* Bad ids, files that become shorter, transforms that refuse: what is said, what is padded, what goes on. */
#include <headrace/headrace.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "support/loader.h"
#include "support/threads.h"

TestSuite(loader_faults, .init = loader_begin, .fini = loader_end);

Test(loader_faults, a_bad_id_is_named_with_its_place_by_every_policy) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 994; /* 994 = 142 * 7 is the first bad id: token 142, in row 8, step 2 */
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, 2);
  for (int i = 0; i < 2; i++)
    assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE, "t.bin", "byte 284", "token 142",
                   "994", "993");
  batch_loader_state state = state_of(loader);
  cr_assert_eq(state.step, 2, "a resumed run begins with the step that was not delivered");
  batch_loader_free(loader);

  o.faults = BATCH_FAULT_HAND_ON;
  loader = start_loader(dataset, &o);
  pass_batches(loader, 2);
  Batch *batch;
  check_forget_error();
  cr_assert_eq(batch_loader_next_until(loader, &batch, BATCH_FOREVER), BATCH_OK);
  cr_assert_eq(batch->status, BATCH_ERROR_OUT_OF_RANGE);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "t.bin", "byte 284");
  batch_release(batch);
  batch_loader_free(loader);
}

static _Atomic bool stopped;

/* result: "wrong" if a state went back, or beyond the step with the fault. */
static void read_states(test_thread *self) {
  uint64_t last = 0;
  batch_loader_state state;
  while (!atomic_load(&stopped)) {
    if (!batch_loader_get_state(self->context, &state) || state.step < last || state.step > 2)
      self->result = "wrong";
    last = state.step;
  }
}

Test(loader_faults, a_state_read_beside_the_fault_that_stops_a_loader_is_before_it) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 994; /* see above: step 2 */
  for (int round = 0; round < 100; round++) {
    BatchLoader *loader = start_loader(dataset, &o);
    test_thread reader[2];
    atomic_store(&stopped, false);
    threads_start(reader, 2, "reader", read_states, loader);
    pass_batches(loader, 2);
    cr_assert_null(batch_loader_next(loader));
    atomic_store(&stopped, true);
    threads_join(reader, 2);
    for (int i = 0; i < 2; i++) cr_assert_null(reader[i].result);
    batch_loader_free(loader);
  }
}

/* Text is tokenized into a file without a name: its bytes say nothing to whoever has the text. */
Test(loader_faults, a_bad_id_of_tokenized_text_is_named_by_document_and_token) {
  BatchDataset *texts = open_dataset(
      write_text("d.jsonl", "{\"text\":\"aaaa\"}\n{\"text\":\"\"}\n{\"text\":\"aaza\"}\n"), NULL);
  batch_loader_options o = small_options();
  o.vocab_size = 'y';
  BatchLoader *loader = start_loader(texts, &o);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE,
                 "d.jsonl: document 2, token 2 of it: id 122", "expected 0 to 120");
  cr_assert_null(strstr(batch_last_error()->message, "byte"), "%s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(texts);
}

/* Of one document, a subset is pieces: there is no number of a document to give. */
Test(loader_faults, a_bad_id_of_a_part_of_one_tokenized_text_is_named_by_token) {
  static char line[3 * 4096 + 12] = "{\"text\":\"";
  size_t used = strlen(line);
  memset(line + used, 'z', sizeof line - used - 3);
  strcpy(line + sizeof line - 3, "\"}");
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.subset = BATCH_SUBSET_TRAIN;
  options.validation_fraction = 0.01;
  BatchDataset *text = open_dataset(write_text("d.jsonl", line), &options);
  batch_loader_options o = small_options();
  o.vocab_size = 'y';
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(text, &o);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE, "d.jsonl: token 0: id 122",
                 "expected 0 to 120");
  batch_loader_free(loader);
  batch_dataset_free(text);
}

/* Rows with a bad id are padding, the others as without it, and no rank lacks a step. */
Test(loader_faults, skipping_pads_the_rows_at_fault_and_leaves_every_rank_its_steps) {
  batch_loader_options o = small_options();
  static noted_rows right, skipped;
  note_epoch(&right, dataset, &o);
  o.vocab_size = 994;
  o.faults = BATCH_FAULT_SKIP;
  o.world = 3;
  uint64_t rows = 0, faulty = 0, counted = 0;
  for (o.rank = 0; o.rank < o.world; o.rank++) {
    BatchLoader *loader = start_loader(dataset, &o);
    uint64_t steps = 0;
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), steps++) {
      uint64_t places[4];
      places_of(loader, batch, places);
      cr_assert(batch->status == BATCH_OK && batch->batch_id == steps);
      note_batch(&skipped, loader, batch);
      for (uint32_t row = 0; row < 4 && places[row] != BATCH_NO_PLACE; row++, rows++) {
        if (skipped.hash[places[row]] == right.hash[places[row]]) continue;
        faulty++;
        for (uint32_t i = row * LENGTH; i < (row + 1) * LENGTH; i++)
          cr_assert(batch->mask.data[i] == 0 && batch->input.i32[i] == 0 && batch->target.i32[i] == 0);
      }
    }
    cr_assert_eq(steps, batch_loader_epoch_steps(loader), "rank %u", o.rank);
    batch_loader_stats stats = stats_of(loader);
    cr_assert(stats.batches == steps && stats.errors > 0 && stats.errors <= stats.skipped);
    counted += stats.skipped;
    batch_loader_free(loader);
  }
  cr_assert_eq(rows, ROWS);
  cr_assert(faulty == counted && faulty > 0 && faulty < ROWS, "%d rows were padded, %d counted", (int)faulty,
            (int)counted);
}

Test(loader_faults, skipping_says_where_the_fault_is_also_in_replay) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 994; /* the first bad id is token 142, in row 8, step 2 */
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, 2);
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
}

/* A transform that cannot change what begins with a multiple of 3. */
static bool refuse_threes(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)random;
  int32_t *in = batch->input.i32 + (size_t)row * LENGTH;
  if (in[0] % 3 == 0) return false;
  in[1] = 999;
  return true;
}

static void check_refused_rows(uint32_t vocab_size) {
  batch_transform refusing = {refuse_threes, NULL};
  batch_loader_options o = small_options();
  o.transforms = &refusing;
  o.num_transforms = 1;
  o.vocab_size = vocab_size;
  o.faults = BATCH_FAULT_SKIP;
  BatchLoader *loader = start_loader(dataset, &o);
  uint64_t padded = 0, changed = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch))
    for (uint32_t row = 0; row < 4; row++) {
      bool there = place_of(loader, batch, row) < ROWS, left = batch->mask.data[row * LENGTH] != 0;
      padded += there && !left;
      changed += left && batch->input.i32[row * LENGTH + 1] == 999;
      if (left)
        cr_assert(batch->input.i32[row * LENGTH] % 3 != 0 && batch->input.i32[row * LENGTH + 1] == 999);
    }
  batch_loader_stats stats = stats_of(loader);
  cr_assert_eq(stats.skipped, padded);
  cr_assert(padded > 0 && changed > 0 && padded + changed == ROWS);
  batch_loader_free(loader);
}

Test(loader_faults, skipping_pads_the_rows_that_a_transform_refuses) {
  check_refused_rows(1000);
}

/* A row of padding is refused too. */
Test(loader_faults, a_row_that_is_skipped_for_two_faults_counts_once) {
  check_refused_rows(994);
}

/* Truncates the file to `bytes` after the first batch; expects an error that names path and place. */
static void check_truncation(batch_io io, off_t length, batch_faults faults) {
  enum { MANY = 200000 };
  const char *path = write_tokens("cut.bin", MANY);
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.io = io;
  BatchDataset *cut = open_dataset(path, &reading);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.faults = faults;
  o.workers = 2;
  BatchLoader *loader = start_loader(cut, &o);
  batch_release(next_batch(loader));
  cr_assert_eq(truncate(path, length), 0);
  uint64_t good = 0, bad = 0, first_lost = (uint64_t)length / 2;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
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
  batch_dataset_free(cut);
}

Test(loader_faults, survives_a_file_truncated_at_a_page) {
  check_truncation(BATCH_IO_MAP, 40 * 4096, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_MAP, 40 * 4096, BATCH_FAULT_SKIP);
}
Test(loader_faults, notices_a_file_truncated_inside_a_page) {
  check_truncation(BATCH_IO_MAP, 40 * 4096 + 1234, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_MAP, 40 * 4096 + 1234, BATCH_FAULT_SKIP);
}
Test(loader_faults, notices_a_truncated_file_with_pread) {
  check_truncation(BATCH_IO_READ, 40 * 4096 + 1234, BATCH_FAULT_HAND_ON);
  check_truncation(BATCH_IO_READ, 40 * 4096 + 1234, BATCH_FAULT_SKIP);
}

/* Every batch has bad ids; the one whose last token lies behind the end of the file is unreadable beside. */
Test(loader_faults, a_read_error_outweighs_a_bad_id_before_it) {
  const char *path = write_tokens("cut.bin", 200000);
  BatchDataset *cut = open_dataset(path, NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.vocab_size = 300;
  o.faults = BATCH_FAULT_HAND_ON;
  BatchLoader *loader = start_loader(cut, &o);
  enum { CUT = 40 * 4096, LAST = CUT / (4 * LENGTH * 2) - 1 };
  batch_release(next_batch(loader));
  cr_assert_eq(truncate(path, CUT), 0);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    bool readable = batch->batch_id < LAST;
    cr_assert_eq(batch->status, readable ? BATCH_ERROR_OUT_OF_RANGE : BATCH_ERROR_IO, "step %d",
                 (int)batch->batch_id);
    for (uint32_t i = 0; i < 4 * LENGTH; i++) cr_assert_eq(batch->mask.data[i], readable);
  }
  batch_loader_free(loader);
  batch_dataset_free(cut);
}

/* An index that is overwritten while it is open, but for its end: no row of padding in silence. */
Test(loader_faults, documents_that_vanish_are_a_fault) {
  enum { DOCUMENTS = 6000 };
  uint32_t lengths[DOCUMENTS];
  bytes zeros = {0};
  for (int i = 0; i < DOCUMENTS; i++) lengths[i] = 10;
  put_zeros(&zeros, (DOCUMENTS - 1) * sizeof(uint64_t));
  BatchDataset *documents = make_documents("d.ds", lengths, DOCUMENTS);
  batch_loader_options o = small_options();
  o.packing = BATCH_PACK_DOCUMENTS;
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(documents, &o);
  batch_release(next_batch(loader));
  int index = open(path_of("d.ds.index"), O_WRONLY);
  cr_assert_eq(pwrite(index, zeros.data, zeros.used, 0), (ssize_t)zeros.used);
  close(index);
  free_bytes(&zeros);
  Batch *batch;
  while ((batch = batch_loader_next(loader))) batch_release(batch);
  assert_error(BATCH_ERROR_IO, "batch_loader_next: ", "d.ds: its documents changed");
  batch_loader_free(loader);
  batch_dataset_free(documents);
}

/* Windows of ten documents, each of them a row: the worker has packed two of them, and maybe the third. */
Test(loader_faults, places_in_documents_that_cannot_be_read_any_more_are_refused) {
  enum { DOCUMENTS = 100 };
  uint32_t lengths[DOCUMENTS];
  uint64_t places[BATCH];
  for (int i = 0; i < DOCUMENTS; i++) lengths[i] = LENGTH + 1;
  BatchDataset *documents = make_documents("d.ds", lengths, DOCUMENTS);
  batch_loader_options o = small_options();
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = 10;
  o.pool_size = 2;
  BatchLoader *loader = start_loader(documents, &o);
  Batch *batch = batch_create(BATCH, LENGTH, 1000);
  batch->batch_id = 6; /* rows 24 to 27, of the third window */
  cr_assert(batch_loader_places(loader, batch, places), "%s", batch_last_error()->message);
  cr_assert(places[0] == 24 && places[3] == 27);
  cr_assert_eq(truncate(path_of("d.ds.index"), 0), 0);
  cr_assert(batch_loader_places(loader, batch, places), "what is known stays");
  batch->batch_id = 7; /* two of the third window, two of the fourth */
  assert_refused(!batch_loader_places(loader, batch, places), BATCH_ERROR_IO,
                 "batch_loader_places: ", "d.ds");
  batch->batch_id = 8;
  assert_refused(!batch_loader_places(loader, batch, places), BATCH_ERROR_IO,
                 "batch_loader_places: ", "d.ds");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(documents);
}

static volatile sig_atomic_t others;

static void other_handler(int number, siginfo_t *info, void *machine) {
  (void)number, (void)info, (void)machine;
  others++;
}

/* Its handler is there before the library's. */
TestSuite(loader_signals, .init = files_begin, .fini = loader_end);

Test(loader_signals, hands_other_peoples_signals_on) {
  struct sigaction mine = {.sa_sigaction = other_handler, .sa_flags = SA_SIGINFO};
  cr_assert_eq(sigaction(SIGBUS, &mine, NULL), 0);
  dataset = make_tokens("t.bin", TOKENS);
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o);
  raise(SIGBUS);
  cr_assert_eq(others, 1);
  batch_loader_free(loader);
}
