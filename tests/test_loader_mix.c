/* Mixes: whose rows come, and how many of each. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"

TestSuite(loader_mix, .init = loader_begin, .fini = loader_end);

Test(loader_mix, sources_are_mixed_by_weight) {
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
    BatchLoader *loader = start_mix(mix, 2, &o);
    cr_assert_eq(batch_loader_epoch_rows(loader), 1250);
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch))
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

static int32_t above_1000(uint64_t i) {
  return (int32_t)(1000 + i);
}

/* Weights that no whole numbers stand for, ranks, and a resume with others in the middle of an epoch: after
   any number of rows each source is within a row of its share, and its rows come in turn. */
Test(loader_mix, a_mix_keeps_its_shares_at_every_row_over_ranks_and_resumes) {
  enum { SMALL = 37, LARGE = 400, PLACES = 3 * (SMALL + LARGE) };
  static const double weights[2] = {1, 1.7320508};
  BatchDataset *sets[2] = {make_tokens("a.bin", SMALL + 1),
                           open_dataset(write_ids("b.bin", LARGE + 1, above_1000), NULL)};
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
    /* cppcheck-suppress uninitvar; the first part has set it */
    o.resume = part ? &state : NULL;
    o.steps = part ? 0 : 70; /* of 8 rows: in the second epoch */
    batch_loader_state end = {0};
    for (o.rank = 0; o.rank < o.world; o.rank++) {
      BatchLoader *loader = start_mix(mix, 2, &o);
      for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
        uint64_t places[4];
        places_of(loader, batch, places);
        for (uint32_t row = 0; row < batch->batch_size && places[row] != BATCH_NO_PLACE; row++)
          first[batch->epoch_id * (SMALL + LARGE) + places[row]] = batch->input.i32[row] + 1;
      }
      end = state_of(loader);
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
