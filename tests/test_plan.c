/* The order of rows: permutation, packing, mixing, steps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "loader/plan/permutation.h"
#include "loader/plan/plan_reader.h"

#include "support/loader.h"
#include "support/watchdog.h"

TestSuite(permutation, .init = watchdog_on);
TestSuite(plan, .init = files_begin, .fini = files_end);

/* Every value once, and the inverse finds every index. */
static void check_bijection(uint64_t count, uint64_t key) {
  permutation p;
  permutation_init(&p, count, key);
  char *seen = calloc(count, 1);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t value = permutation_at(&p, i);
    cr_assert_lt(value, count);
    cr_assert_not(seen[value], "%llu of %llu comes twice", (unsigned long long)value,
                  (unsigned long long)count);
    cr_assert_eq(permutation_find(&p, value), i);
    seen[value] = 1;
  }
  free(seen);
}

Test(permutation, is_a_bijection_of_every_small_count) {
  for (uint64_t count = 1; count <= 1100; count++) check_bijection(count, count * 31);
}

Test(permutation, is_a_bijection_around_powers_of_two) {
  for (unsigned bits = 11; bits <= 18; bits++)
    for (int off = -1; off <= 1; off++) check_bijection(((uint64_t)1 << bits) + (uint64_t)off, bits);
}

Test(permutation, goes_there_and_back_for_large_counts) {
  for (unsigned bits = 20; bits <= 48; bits++)
    for (int off = -1; off <= (bits < 48); off++) {
      uint64_t count = ((uint64_t)1 << bits) + (uint64_t)off;
      permutation p;
      permutation_init(&p, count, bits);
      for (uint64_t i = 0; i < 2000; i++) {
        uint64_t index = mix64(i) % count, value = permutation_at(&p, index);
        cr_assert_lt(value, count);
        cr_assert_eq(permutation_find(&p, value), index);
      }
    }
}

/* From every index on that a small count has, and as many as there are up to all that go together. */
Test(permutation, several_go_where_each_goes_alone) {
  static const uint64_t counts[] = {1, 2, 15, 16, 17, 200, 257, 1000, 65537, PERMUTATION_MAX_COUNT};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    permutation p;
    permutation_init(&p, counts[k], k);
    uint64_t step = counts[k] / 1000 + 1;
    for (uint64_t first = 0; first < counts[k]; first += step)
      for (unsigned n = 0; n <= PERMUTATION_TOGETHER && first + n <= counts[k]; n++) {
        uint64_t values[PERMUTATION_TOGETHER];
        permutation_at_each(&p, first, n, values);
        for (unsigned i = 0; i < n; i++) cr_assert_eq(values[i], permutation_at(&p, first + i));
      }
  }
}

enum { BINS = 16 };

/* Standard deviations by which pairs of neighbours (order(i), order(i + 1)), counted in 16 x 16 bins,
   are farther from what is expected of a random permutation than chance makes them. */
static double unevenness(uint64_t count, uint64_t (*order)(const permutation *, uint64_t)) {
  double seen[BINS][BINS] = {{0}}, total = 0, chi2 = 0, width = (double)count / BINS;
  for (uint64_t key = 0; total < 100000; key++) {
    permutation p;
    permutation_init(&p, count, key);
    for (uint64_t i = 0; i + 1 < count && i < 1000; i++) {
      seen[order(&p, i) / (count / BINS)][order(&p, i + 1) / (count / BINS)]++;
      total++;
    }
  }
  for (int a = 0; a < BINS; a++)
    for (int b = 0; b < BINS; b++) {
      double expected = total * width * (width - (a == b)) / ((double)count * ((double)count - 1));
      chi2 += (seen[a][b] - expected) * (seen[a][b] - expected) / expected;
    }
  return (chi2 - (BINS * BINS - 1)) / sqrt(2.0 * (BINS * BINS - 1));
}

/* The control: a multiplication is a bijection too, but no shuffling. */
static uint64_t multiply(const permutation *p, uint64_t index) {
  return (index * 0x9e3779b1u + p->keys[0]) % p->count;
}

Test(permutation, spreads_neighbours_evenly) {
  const uint64_t counts[] = {32, 64, 256, 4096, 65536, (uint64_t)1 << 40};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    double z = unevenness(counts[i], permutation_at);
    cr_assert(fabs(z) < 5, "%llu: %.1f deviations", (unsigned long long)counts[i], z);
  }
  cr_assert_gt(unevenness(65536, multiply), 100, "the control passes");
}

/* 5! = 120 orders of 5, each about as often; the control is a permutation whose keys do not matter. */
static double unevenness_of_orders(bool keyed) {
  enum { N = 5, ORDERS = 120, TRIALS = 12000 };
  double seen[ORDERS] = {0}, chi2 = 0, expected = (double)TRIALS / ORDERS;
  for (uint64_t key = 0; key < TRIALS; key++) {
    permutation p;
    permutation_init(&p, N, keyed ? key : key % 2);
    unsigned code = 0;
    for (unsigned i = 0; i < N; i++) {
      unsigned smaller = 0;
      for (unsigned j = i + 1; j < N; j++) smaller += permutation_at(&p, j) < permutation_at(&p, i);
      code = code * (N - i) + smaller;
    }
    seen[code]++;
  }
  for (unsigned i = 0; i < ORDERS; i++) chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
  return (chi2 - (ORDERS - 1)) / sqrt(2.0 * (ORDERS - 1));
}

Test(permutation, gives_every_order_of_few_values_as_often) {
  cr_assert_lt(fabs(unevenness_of_orders(true)), 5);
  cr_assert_gt(unevenness_of_orders(false), 100, "the control passes");
}

static batch_loader_options options_for(uint32_t length, batch_shuffle shuffle, batch_packing packing) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = 1;
  o.sequence_length = length;
  o.shuffle = shuffle;
  o.packing = packing;
  o.seed = 7;
  return o;
}

static plan_row row_at(plan_reader *r, uint64_t epoch, uint64_t place) {
  plan_row row;
  cr_assert_eq(plan_locate_each(r, epoch, NULL, &place, 1, &row), 1);
  return row;
}

/* Counts how often each row of source 0 comes in an epoch. */
static void count_rows(plan *p, uint64_t epoch, uint32_t *seen) {
  plan_reader r;
  cr_assert(plan_reader_init(&r, p));
  for (uint64_t place = 0; place < p->rows; place++) seen[row_at(&r, epoch, place).row]++;
  plan_reader_free(&r);
}

Test(plan, visits_every_window_once_an_epoch) {
  BatchDataset *made = make_tokens("t.bin", 10001);
  for (batch_shuffle shuffle = BATCH_SHUFFLE_ALL; shuffle <= BATCH_SHUFFLE_NONE; shuffle++)
    for (uint64_t block = 1; block < 2000; block = block * 3 + 1) {
      batch_loader_options o = options_for(8, shuffle, BATCH_PACK_WINDOWS);
      o.block_rows = block;
      plan p;
      uint32_t seen[1250] = {0};
      cr_assert(plan_init(&p, &(batch_loader_source){made, 0}, 1, &o));
      cr_assert_eq(p.rows, 1250);
      count_rows(&p, 3, seen);
      for (int i = 0; i < 1250; i++)
        cr_assert_eq(seen[i], 1, "shuffle %d, blocks of %d: row %d", shuffle, (int)block, i);
      plan_free(&p);
    }
  batch_dataset_free(made);
}

Test(plan, blocks_stay_together) {
  BatchDataset *made = make_tokens("t.bin", 10001);
  batch_loader_options o = options_for(8, BATCH_SHUFFLE_BLOCKS, BATCH_PACK_WINDOWS);
  o.block_rows = 100;
  plan p;
  plan_reader r;
  cr_assert(plan_init(&p, &(batch_loader_source){made, 0}, 1, &o));
  cr_assert(plan_reader_init(&r, &p));
  unsigned changes = 0, order_changes = 0;
  uint64_t before = row_at(&r, 0, 0).row;
  for (uint64_t place = 1; place < p.rows; place++) {
    uint64_t row = row_at(&r, 0, place).row;
    changes += row / 100 != before / 100;
    order_changes += row != before + 1;
    before = row;
  }
  cr_assert_eq(changes, 12, "13 blocks, %u changes", changes);
  cr_assert_gt(order_changes, 1000);
  plan_reader_free(&r);
  plan_free(&p);
  batch_dataset_free(made);
}

Test(plan, windows_cover_every_token_to_the_last) {
  for (uint32_t tokens = 2; tokens < 40; tokens++) {
    BatchDataset *made = make_tokens("t.bin", tokens);
    pack k;
    cr_assert(pack_init(&k, dataset_token_files(made), BATCH_PACK_WINDOWS, 8, false));
    uint64_t pairs = 0;
    for (uint64_t row = 0; row < k.rows; row++) {
      pack_piece piece = pack_piece_at(&k, row);
      cr_assert_eq(piece.token, row * 8);
      pairs += piece.pairs;
    }
    cr_assert_eq(pairs, tokens - 1);
    pack_free(&k);
    batch_dataset_free(made);
  }
}

/* Full windows only, and as many tokens are left out as do not fill one. */
Test(plan, whole_windows_leave_out_what_fills_none) {
  for (uint32_t tokens = 2; tokens < 40; tokens++) {
    BatchDataset *made = make_tokens("t.bin", tokens);
    pack k;
    cr_assert(pack_init(&k, dataset_token_files(made), BATCH_PACK_WINDOWS, 8, true));
    cr_assert_eq(k.rows, (tokens - 1) / 8);
    for (uint64_t row = 0; row < k.rows; row++) {
      pack_piece piece = pack_piece_at(&k, row);
      cr_assert(piece.token == row * 8 && piece.pairs == 8);
    }
    pack_free(&k);
    batch_dataset_free(made);
  }
}

/* Documents of 0 and 1 tokens, few or many, at the ends and in a run: each other one has its row. */
Test(plan, documents_without_a_pair_have_no_row) {
  enum { DOCUMENTS = 200 };
  for (uint64_t percent = 0; percent <= 100; percent += 20)
    for (uint64_t seed = 0; seed < 2; seed++) {
      uint32_t lengths[DOCUMENTS], tokens = 0, kept[DOCUMENTS], count = 0;
      uint64_t starts[DOCUMENTS];
      for (uint32_t i = 0; i < DOCUMENTS; i++) {
        uint64_t draw = mix64(seed * 1000 + i);
        lengths[i] = (uint32_t)(draw % 100 < percent ? draw / 100 % 2 : 2 + draw / 100 % 12);
        if (i == DOCUMENTS / 2) lengths[i] = 5; /* at least one */
        starts[i] = tokens;
        tokens += lengths[i];
        if (lengths[i] > 1) kept[count++] = i;
      }
      BatchDataset *made = make_documents("t.ds", lengths, DOCUMENTS);
      pack k;
      cr_assert(pack_init(&k, dataset_token_files(made), BATCH_PACK_DOCUMENTS, 8, false));
      cr_assert_eq(k.rows, count);
      for (uint32_t row = 0; row < count; row++) {
        pack_piece piece = pack_piece_at(&k, row);
        uint32_t pairs = lengths[kept[row]] - 1;
        cr_assert_eq(piece.token, starts[kept[row]]);
        cr_assert_eq(piece.pairs, pairs < 8 ? pairs : 8);
      }
      pack_free(&k);
      batch_dataset_free(made);
    }
}

/* Pass after pass, each source's rows come once before any comes again: in file order, or in orders that
   differ from pass to pass. */
static void check_passes(batch_shuffle shuffle, const double *weights) {
  enum { SOURCES = 3 };
  static const uint32_t rows[SOURCES] = {10, 64, 301};
  BatchDataset *sets[SOURCES];
  batch_loader_source mix[SOURCES];
  for (int i = 0; i < SOURCES; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d.bin", i);
    sets[i] = make_tokens(name, rows[i] + 1);
    mix[i] = (batch_loader_source){sets[i], weights[i]};
  }
  batch_loader_options o = options_for(1, shuffle, BATCH_PACK_WINDOWS);
  o.block_rows = 16;
  plan p;
  plan_reader r;
  cr_assert(plan_init(&p, mix, SOURCES, &o), "%s", batch_last_error()->message);
  cr_assert(plan_reader_init(&r, &p));
  cr_assert_eq(p.rows, 375);
  uint32_t seen[SOURCES][301] = {{0}}, given[SOURCES] = {0};
  uint64_t before[SOURCES][301], moved[SOURCES] = {0}, later[SOURCES] = {0};
  for (uint64_t nth = 0; nth < 40 * p.rows; nth++) {
    plan_row at = row_at(&r, nth / p.rows, nth % p.rows);
    uint32_t pass = given[at.source] / rows[at.source], place = given[at.source]++ % rows[at.source];
    cr_assert_eq(seen[at.source][at.row]++, pass, "row %d of source %u comes again too soon", (int)at.row,
                 at.source);
    if (shuffle == BATCH_SHUFFLE_NONE) cr_assert_eq(at.row, place);
    moved[at.source] += pass > 0 && before[at.source][place] != at.row;
    later[at.source] += pass > 0;
    before[at.source][place] = at.row;
  }
  for (int i = 0; i < SOURCES && shuffle != BATCH_SHUFFLE_NONE; i++)
    cr_assert_gt(moved[i], later[i] / 2, "the passes of source %d are alike", i);
  plan_reader_free(&r);
  plan_free(&p);
  for (int i = 0; i < SOURCES; i++) batch_dataset_free(sets[i]);
}

Test(plan, a_mix_gives_no_row_again_before_all_of_its_source) {
  static const double weights[][3] = {
      {1, 1, 1}, {0.5, 0.3, 0.2}, {1, 40, 7}, {0.1234567, 3.1415926, 2.7182818}};
  for (int i = 0; i < 4; i++)
    for (batch_shuffle shuffle = BATCH_SHUFFLE_ALL; shuffle <= BATCH_SHUFFLE_NONE; shuffle++)
      check_passes(shuffle, weights[i]);
}

Test(plan, hash_of_the_data_knows_tokens_and_that_of_the_mix_what_it_is_mixed_by) {
  BatchDataset *made = make_tokens("a.bin", 1001), *other = make_tokens("b.bin", 1002);
  const double weights[5][2] = {{0, 0}, {1, 1}, {1, 2}, {2, 4}, {1, 2}};
  uint64_t data[5], mix[5];
  for (int i = 0; i < 5; i++) {
    batch_loader_options o =
        options_for(8, i == 4 ? BATCH_SHUFFLE_BLOCKS : BATCH_SHUFFLE_ALL, BATCH_PACK_WINDOWS);
    batch_loader_source sources[2] = {{made, weights[i][0]}, {i == 1 ? made : other, weights[i][1]}};
    plan p;
    cr_assert(plan_init(&p, sources, 2, &o));
    cr_assert(plan_hash_data(&p, &data[i]));
    mix[i] = plan_hash_mix(&p);
    plan_free(&p);
  }
  cr_assert(data[0] == data[2] && data[0] == data[3] && data[0] != data[1]);
  cr_assert(mix[0] != mix[2] && mix[2] == mix[3] && mix[3] != mix[4] && mix[1] != mix[2]);
  batch_dataset_free(made);
  batch_dataset_free(other);
}
