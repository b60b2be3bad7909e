#include "support/check.h"

#include <stdlib.h>

TestSuite(distribute);

Test(distribute, each_sphere_gets_a_view_of_its_rows) {
  Batch *batch = batch_create(10, 3, 100), *parts[4];
  for (size_t i = 0; i < 30; i++) batch->input.data[i] = (float)i;
  cr_assert(batch_distribute_to_spheres(batch, 4, parts));
  static const uint32_t rows[] = {3, 3, 2, 2};
  uint32_t first = 0;
  for (int i = 0; i < 4; i++) {
    cr_assert_eq(parts[i]->batch_size, rows[i]);
    cr_assert_eq(parts[i]->input.data, batch->input.data + 3 * first);
    assert_count(parts[i], 1);
    first += rows[i];
  }
  batch_free(batch);
  cr_assert_eq(parts[3]->input.data[5], 29.0f);
  for (int i = 0; i < 4; i++) batch_free(parts[i]);
}

Test(distribute, more_spheres_than_rows_are_refused_and_nothing_is_handed_out) {
  for (uint32_t spheres = 3; spheres <= 12; spheres++) {
    Batch *batch = batch_create(3, 2, 0), *parts[12];
    for (int i = 0; i < 12; i++) parts[i] = batch;
    check_forget_error();
    bool done = batch_distribute_to_spheres(batch, spheres, parts);
    cr_assert_eq(done, spheres == 3);
    if (!done)
      assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_distribute_to_spheres", "num_spheres", "3 rows");
    for (int i = done ? 3 : 0; i < 12; i++) cr_assert_eq(parts[i], batch);
    for (int i = 0; done && i < 3; i++) batch_free(parts[i]);
    assert_count(batch, 1);
    batch_free(batch);
  }
}

Test(distribute, to_one_sphere) {
  Batch *batch = batch_create(3, 2, 0), *part = NULL;
  cr_assert(batch_distribute_to_spheres(batch, 1, &part));
  cr_assert_eq(part->batch_size, 3);
  batch_free(batch);
  batch_free(part);
}

Test(distribute, refuses_bad_arguments_and_leaves_everything) {
  Batch *batch = batch_create(3, 2, 0), *parts[2] = {batch, batch};
  assert_refused(!batch_distribute_to_spheres(batch, 0, parts), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_distribute_to_spheres", "num_spheres", "0");
  assert_refused(!batch_distribute_to_spheres(NULL, 2, parts), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_distribute_to_spheres", "batch", CHECK_NULL);
  assert_refused(!batch_distribute_to_spheres(batch, 2, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_distribute_to_spheres", "sphere_batches", CHECK_NULL);
  cr_assert_eq(parts[0], batch);
  cr_assert_eq(parts[1], batch);
  assert_count(batch, 1);
  batch_free(batch);
}

Test(distribute, groups_live_in_the_top_bits_of_the_id) {
  Batch *batch = check_small_batch(0x0123456789abcdefu);
  cr_assert_eq(batch_symmetry_group(batch), 0);
  for (uint32_t group = 0; group < BATCH_SYMMETRY_GROUPS; group++) {
    cr_assert(batch_assign_to_group(batch, group));
    cr_assert_eq(batch_symmetry_group(batch), group);
    cr_assert_eq(batch->batch_id, (uint64_t)group << 60 | 0x0123456789abcdefu);
  }
  cr_assert(batch_assign_to_group(batch, 0));
  cr_assert_eq(batch->batch_id, 0x0123456789abcdefu);
  batch_free(batch);
}

Test(distribute, groups_beyond_eleven_are_refused) {
  Batch *batch = check_small_batch(5);
  cr_assert(batch_assign_to_group(batch, 11));
  assert_refused(!batch_assign_to_group(batch, 12), BATCH_ERROR_INVALID_ARGUMENT, "batch_assign_to_group",
                 "symmetry_group", "12");
  assert_refused(!batch_assign_to_group(batch, UINT32_MAX), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_assign_to_group", "4294967295");
  cr_assert_eq(batch_symmetry_group(batch), 11);
  assert_refused(!batch_assign_to_group(NULL, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_assign_to_group",
                 "batch", CHECK_NULL);
  cr_assert_eq(batch_symmetry_group(NULL), 0);
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_symmetry_group", "batch", CHECK_NULL);
  batch_free(batch);
}

enum { MOST = 24, COLUMNS = 64 };

/* A batch with so many valid tokens. */
static Batch *batch_of_cost(uint32_t cost, tensor_type mask_type) {
  batch_shape shape = {.batch_size = 2, .sequence_length = COLUMNS / 2, .mask_type = mask_type};
  Batch *batch = batch_create_with(&shape);
  for (uint32_t i = cost; i < COLUMNS; i++)
    tensor_set(&batch->mask, (uint32_t[]){i / (COLUMNS / 2), i % (COLUMNS / 2)}, 0);
  return batch;
}

static void balance(const uint32_t *costs, uint32_t n, uint32_t spheres, tensor_type mask_type,
                    uint32_t *assigned) {
  Batch *batches[MOST];
  for (uint32_t i = 0; i < n; i++) batches[i] = batch_of_cost(costs[i], mask_type);
  for (uint32_t i = 0; i < n; i++) assigned[i] = 999;
  cr_assert(batch_balance_distribution(batches, n, spheres, assigned), "%s", batch_last_error()->message);
  for (uint32_t i = 0; i < n; i++) batch_free(batches[i]);
}

Test(distribute, equal_costs_go_round_the_spheres) {
  uint32_t assigned[MOST], costs[MOST];
  for (uint32_t cost = 0; cost <= COLUMNS; cost += 32) {
    for (int i = 0; i < MOST; i++) costs[i] = cost;
    for (uint32_t spheres = 1; spheres <= 30; spheres++) {
      balance(costs, MOST, spheres, TENSOR_FLOAT32, assigned);
      for (uint32_t i = 0; i < MOST; i++)
        cr_assert_eq(assigned[i], i % spheres, "cost %u: batch %u went to %u", cost, i, assigned[i]);
    }
  }
}

Test(distribute, the_costliest_goes_first_to_the_least_loaded_ties_to_the_lower) {
  static const uint32_t costs[] = {3, 7, 5, 7, 1, 5, 2}, expected[] = {0, 0, 2, 1, 1, 2, 1};
  static const tensor_type types[] = {TENSOR_FLOAT32, TENSOR_UINT8, TENSOR_INT32, TENSOR_FLOAT64,
                                      TENSOR_INT64};
  /* 7->0 (7), 7->1 (7), 5->2 (5), 5->2 (10), 3->0 (10), 2->1 (9), 1->1 (10) */
  for (int t = 0; t < 5; t++) {
    uint32_t assigned[MOST];
    balance(costs, 7, 3, types[t], assigned);
    for (int i = 0; i < 7; i++) cr_assert_eq(assigned[i], expected[i], "batch %d went to %u", i, assigned[i]);
  }
}

Test(distribute, fractions_of_the_mask_count) {
  Batch *batches[3] = {batch_of_cost(1, TENSOR_FLOAT32), batch_of_cost(2, TENSOR_FLOAT32),
                       batch_of_cost(2, TENSOR_FLOAT32)};
  batches[2]->mask.data[1] = 0.5f; /* costs 1, 2, 1.5 */
  uint32_t assigned[3];
  cr_assert(batch_balance_distribution(batches, 3, 2, assigned));
  cr_assert_eq(assigned[1], 0);
  cr_assert_eq(assigned[2], 1);
  cr_assert_eq(assigned[0], 1);
  for (int i = 0; i < 3; i++) batch_free(batches[i]);
}

static uint32_t largest_load(const uint32_t *costs, const uint32_t *assigned, uint32_t n) {
  uint32_t loads[8] = {0}, largest = 0;
  for (uint32_t i = 0; i < n; i++) loads[assigned[i]] += costs[i];
  for (int s = 0; s < 8; s++)
    if (loads[s] > largest) largest = loads[s];
  return largest;
}

/* The smallest largest load there is, by trying every assignment. */
static uint32_t best_load(const uint32_t *costs, uint32_t n, uint32_t spheres) {
  uint32_t assigned[8] = {0}, best = UINT32_MAX, place = 0;
  while (place < n) {
    uint32_t load = largest_load(costs, assigned, n);
    if (load < best) best = load;
    for (place = 0; place < n && ++assigned[place] == spheres; place++) assigned[place] = 0;
  }
  return best;
}

Test(distribute, the_largest_load_keeps_grahams_bound) {
  srand(12345);
  for (int round = 0; round < 150; round++) {
    uint32_t costs[8], assigned[8], n = 1 + (uint32_t)rand() % 8, m = 1 + (uint32_t)rand() % 4;
    for (uint32_t i = 0; i < n; i++) costs[i] = (uint32_t)rand() % (COLUMNS + 1);
    balance(costs, n, m, TENSOR_FLOAT32, assigned);
    for (uint32_t i = 0; i < n; i++) cr_assert_lt(assigned[i], m);
    cr_assert_leq(3 * m * largest_load(costs, assigned, n), (4 * m - 1) * best_load(costs, n, m));
  }
}

Test(distribute, balance_counts_only_the_rows_that_a_view_shows) {
  Batch *whole = batch_of_cost(COLUMNS / 2, TENSOR_FLOAT32), *rows[2]; /* first row full, second empty */
  Batch *other = batch_of_cost(10, TENSOR_FLOAT32);
  cr_assert(batch_split(whole, 2, rows));
  Batch *batches[3] = {rows[1], other, rows[0]};
  uint32_t assigned[3];
  cr_assert(batch_balance_distribution(batches, 3, 2, assigned));
  cr_assert_eq(assigned[2], 0);
  cr_assert_eq(assigned[1], 1);
  cr_assert_eq(assigned[0], 1);
  batch_free(rows[0]);
  batch_free(rows[1]);
  batch_free(other);
  batch_free(whole);
}

Test(distribute, balance_refuses_bad_arguments) {
  Batch *batches[2] = {check_small_batch(1), NULL};
  uint32_t assigned[2] = {7, 7};
  assert_refused(!batch_balance_distribution(batches, 1, 0, assigned), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_balance_distribution", "num_spheres", "0");
  assert_refused(!batch_balance_distribution(NULL, 1, 2, assigned), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_balance_distribution", "batches", CHECK_NULL);
  assert_refused(!batch_balance_distribution(batches, 1, 2, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_balance_distribution", "assignments", CHECK_NULL);
  assert_refused(!batch_balance_distribution(batches, 2, 2, assigned), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_balance_distribution", "batches", "1", CHECK_NULL);
  cr_assert_eq(assigned[0], 7);
  cr_assert_eq(assigned[1], 7);
  batch_free(batches[0]);
}
