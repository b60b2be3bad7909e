/* Whose turn it is in a mix: for any weights every prefix keeps every share, and any row can be asked for
   alone. */
#include <math.h>
#include <stdlib.h>

#include "base/mix.h"
#include "loader/plan/shares.h"
#include "support/check.h"
#include "support/watchdog.h"

TestSuite(shares, .init = watchdog_on);

enum { MOST = 64 };

/* weights * rows and whole * given have up to 124 bits: their halves are compared. */
typedef struct wide {
  uint64_t high, low;
} wide;

static wide product(uint64_t a, uint64_t b) {
  uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), left = (a >> 32) * (b & UINT32_MAX),
           right = (a & UINT32_MAX) * (b >> 32),
           middle = (low >> 32) + (left & UINT32_MAX) + (right & UINT32_MAX);
  return (wide){(a >> 32) * (b >> 32) + (left >> 32) + (right >> 32) + (middle >> 32),
                middle << 32 | (low & UINT32_MAX)};
}

static bool less(wide a, wide b) {
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* |given - rows * weight / whole| < 1, exactly. */
static bool within_one(uint64_t given, uint64_t rows, uint64_t weight, uint64_t whole) {
  wide share = product(rows, weight);
  return (given == 0 || less(product(given - 1, whole), share)) && less(share, product(given + 1, whole));
}

static double uniform(uint64_t *state) {
  return (double)(mix64(++*state) >> 11) * 0x1p-53;
}

/* Weights of several kinds: small whole numbers, decimals, any, of very different size, one beside many. */
static size_t draw_weights(uint64_t seed, double *weights) {
  uint64_t state = seed << 20;
  size_t count = 2 + (size_t)(uniform(&state) * (seed % 3 == 0 ? 49 : 6));
  for (size_t i = 0; i < count; i++) {
    double u = uniform(&state);
    double kinds[] = {1 + floor(u * 9), (1 + floor(u * 50)) / 100, u + 1e-3, exp(-8 * u),
                      i == 0 ? 1 : 1e-3 + 1e-5 * u};
    weights[i] = kinds[seed % 5];
  }
  return count;
}

/* Rows [from, from + rows) of a mix; from a place in the middle a source's first row there says how many
   it has given before. */
static void check_prefixes(const double *weights, size_t count, uint64_t from, uint64_t rows) {
  shares s;
  shares_reader r;
  uint64_t given[MOST] = {0};
  bool known[MOST] = {false};
  cr_assert(shares_init(&s, weights, count) && shares_reader_init(&r, &s));
  size_t unknown = from == 0 ? 0 : count;
  for (uint64_t row = from; unknown > 0; row++) {
    shares_row at = shares_at(&r, row);
    if (known[at.source]) continue;
    known[at.source] = true;
    given[at.source] = at.nth;
    unknown--;
  }
  for (uint64_t row = from; row < from + rows; row++) {
    shares_row at = shares_at(&r, row);
    cr_assert_eq(at.nth, given[at.source]++, "row %llu of source %u comes out of turn",
                 (unsigned long long)at.nth, at.source);
    for (size_t i = 0; i < count; i++)
      cr_assert(within_one(given[i], row + 1, s.weights[i], s.whole), "%llu rows in, source %zu has %llu",
                (unsigned long long)row + 1, i, (unsigned long long)given[i]);
  }
  shares_reader_free(&r);
  shares_free(&s);
}

Test(shares, every_prefix_is_within_a_row_of_every_share) {
  double weights[MOST];
  for (uint64_t seed = 1; seed <= 60; seed += CHECK_ONE_IN) {
    size_t count = draw_weights(seed, weights);
    check_prefixes(weights, count, 0, 20000);
    check_prefixes(weights, count, mix64(seed) % ((uint64_t)1 << 61), 20000);
  }
}

/* The control: turns given by rounding each share alone are not within a row. */
Test(shares, the_check_knows_a_row_too_many) {
  cr_assert(within_one(2, 3, 1, 2) && within_one(1, 3, 1, 2) && within_one(0, 1, 1, 2));
  cr_assert_not(within_one(0, 2, 1, 2));
  cr_assert_not(within_one(2, 2, 1, 2));
  uint64_t large = (uint64_t)1 << 61;
  cr_assert(within_one(large / 2, large, (uint64_t)1 << 61, (uint64_t)1 << 62));
  cr_assert_not(within_one(large / 2 + 1, large, (uint64_t)1 << 61, (uint64_t)1 << 62));
}

/* What the caller gave, to 1 part in 2^48: 0.3 is three tenths, and what is no fraction is kept finely. */
Test(shares, weights_are_what_was_given) {
  double weights[MOST];
  for (uint64_t seed = 1; seed <= 300; seed++) {
    shares s;
    size_t count = draw_weights(seed, weights);
    double sum = 0;
    uint64_t whole = 0;
    for (size_t i = 0; i < count; i++) sum += weights[i];
    cr_assert(shares_init(&s, weights, count));
    for (size_t i = 0; i < count; i++) {
      cr_assert_leq(fabs((double)s.weights[i] / (double)s.whole - weights[i] / sum), 0x1p-48);
      whole += s.weights[i];
    }
    cr_assert_eq(whole, s.whole);
    shares_free(&s);
  }
  shares s;
  cr_assert(shares_init(&s, (const double[]){0.3, 0.5, 0.2}, 3));
  cr_assert(s.whole == 10 && s.weights[0] == 3 && s.weights[1] == 5 && s.weights[2] == 2);
  shares_free(&s);
  cr_assert(shares_init(&s, (const double[]){30, 50, 20}, 3));
  cr_assert_eq(s.whole, 10);
  shares_free(&s);
}

/* Read in any order, from far apart, a row is the same. */
Test(shares, any_row_can_be_asked_for_alone) {
  double weights[MOST];
  for (uint64_t seed = 1; seed <= 40; seed++) {
    shares s;
    shares_reader one, other;
    size_t count = draw_weights(seed, weights);
    cr_assert(shares_init(&s, weights, count) && shares_reader_init(&one, &s) &&
              shares_reader_init(&other, &s));
    uint64_t begin = seed % 2 ? 0 : mix64(seed) % ((uint64_t)1 << 60);
    for (uint64_t i = 0; i < 5000; i++) {
      shares_row a = shares_at(&one, begin + i);
      if (mix64(i) % 100 != 0) continue;
      shares_at(&other, mix64(seed * i) % ((uint64_t)1 << 61));
      shares_row b = shares_at(&other, begin + i);
      cr_assert(a.source == b.source && a.nth == b.nth);
    }
    shares_reader_free(&one);
    shares_reader_free(&other);
    shares_free(&s);
  }
}

Test(shares, the_smallest_share_has_its_rows) {
  double weights[3] = {1, 0.0000009537, 0.77}; /* the second is hardly more than 2^-20 of the sum */
  weights[1] *= 1.77 * 1.0001;
  check_prefixes(weights, 3, 0, 3000000);
}
