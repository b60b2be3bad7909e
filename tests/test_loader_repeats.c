/* The same rows at the same places, whoever makes them: workers, ranks, a replay. */
#include <headrace/headrace.h>

#include <stdlib.h>

#include "support/loader.h"

TestSuite(loader_repeats, .init = loader_begin, .fini = loader_end);

Test(loader_repeats, order_does_not_depend_on_workers_io_delivery_or_batch_size) {
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.io = BATCH_IO_READ;
  BatchDataset *sets[2] = {dataset, open_dataset(path_of("t.bin"), &reading)};
  batch_loader_options o = small_options();
  static noted_rows first;
  note_epoch(&first, sets[0], &o);
  cr_assert_eq(first.tokens, TOKENS - 1);
  for (uint32_t workers = 1; workers <= 8; workers *= 2)
    for (int io = 0; io < 2; io++)
      for (int delivery = 0; delivery < 2; delivery++) {
        noted_rows again = {{0}, {0}, 0};
        o.workers = workers;
        o.as_they_come = delivery;
        o.batch_size = 1 + workers;
        note_epoch(&again, sets[io], &o);
        assert_same_rows(&first, &again, "again");
      }
  batch_dataset_free(sets[1]);
}

Test(loader_repeats, seeds_and_epochs_give_other_orders_of_the_same_rows) {
  batch_loader_options o = small_options();
  static noted_rows a, b;
  note_epoch(&a, dataset, &o);
  o.seed++;
  note_epoch(&b, dataset, &o);
  uint32_t same = 0;
  for (uint32_t i = 0; i < ROWS; i++) same += a.hash[i] == b.hash[i];
  cr_assert_lt(same, ROWS / 10);
  o.epochs = 2;
  o.seed--;
  BatchLoader *loader = start_loader(dataset, &o);
  uint32_t batches = 0, equal = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), batches++)
    if (batch->epoch_id == 1) equal += hash_row(batch, 0) == a.hash[place_of(loader, batch, 0)];
  cr_assert_eq(batches, 2 * STEPS);
  cr_assert_lt(equal, 10);
  batch_loader_free(loader);
}

Test(loader_repeats, ranks_slice_what_one_rank_gets) {
  batch_loader_options o = small_options();
  static noted_rows one;
  note_epoch(&one, dataset, &o);
  for (uint32_t world = 2; world <= 5; world++) {
    noted_rows all = {{0}, {0}, 0};
    o.world = world;
    o.batch_size = 3;
    for (o.rank = 0; o.rank < world; o.rank++) note_epoch(&all, dataset, &o);
    assert_same_rows(&one, &all, "ranks");
  }
}

Test(loader_repeats, replays_any_step_alone) {
  batch_loader_options o = small_options();
  o.epochs = 2;
  BatchLoader *loader = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
    cr_assert_not_null(again, "%s", batch_last_error()->message);
    for (uint32_t row = 0; row < 4; row++) cr_assert_eq(hash_row(batch, row), hash_row(again, row));
    batch_release(again);
  }
  assert_refused(!batch_loader_replay(loader, 0, STEPS), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay",
                 "step");
  batch_loader_free(loader);
}

/* The environment is batch_launcher_rank's: a process that a launcher's variables were left to gets all rows. */
Test(loader_repeats, no_world_is_one_rank_whatever_the_environment_says) {
  batch_loader_options o = small_options();
  static noted_rows one, none;
  note_epoch(&one, dataset, &o);
  setenv("RANK", "1", 1), setenv("WORLD_SIZE", "2", 1);
  o.world = 0;
  note_epoch(&none, dataset, &o);
  assert_same_rows(&one, &none, "world 0");
  setenv("RANK", "x", 1);
  batch_loader_free(start_loader(dataset, &o));
  unsetenv("RANK"), unsetenv("WORLD_SIZE");
  o.rank = 1;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create:", "rank is 1", "below world, which is 1");
}

Test(loader_repeats, finds_the_rank_in_the_environment_for_whoever_asks) {
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
  assert_refused(!batch_launcher_rank(NULL, &world), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_launcher_rank: rank is NULL");
  assert_refused(!batch_launcher_rank(&rank, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_launcher_rank: world is NULL");
}
