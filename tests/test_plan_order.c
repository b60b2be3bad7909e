/* Steps and skips, against an order that is laid out place by place. */
#include <stdlib.h>

#include "base/mix.h"
#include "loader/plan/order.h"
#include "support/check.h"
#include "support/watchdog.h"

TestSuite(order, .init = watchdog_on);
TestSuite(skips, .init = watchdog_on);

enum { MOST_PLACES = 40, EPOCHS = 5, MOST_STEPS = EPOCHS * MOST_PLACES };

static uint32_t below(uint64_t *state, uint32_t bound) {
  return (uint32_t)(mix64_next(state) % bound);
}

typedef struct laid_out {
  uint64_t rows, step_rows, epochs;
  bool drop_last, skipped[EPOCHS][3 * MOST_PLACES];
  order_place origin, steps[MOST_STEPS];
  uint32_t count;
} laid_out;

/* The steps of an epoch from a place on, the first of them with number `step`. */
static void lay_out_epoch(laid_out *l, uint64_t epoch, uint64_t step, uint64_t from) {
  uint64_t first = 0, rows = 0;
  for (uint64_t place = from; place < l->rows; place++) {
    if (l->skipped[epoch][place]) continue;
    if (rows++ == 0) first = place;
    if (rows < l->step_rows) continue;
    l->steps[l->count++] = (order_place){.epoch = epoch, .step = step++, .row = first};
    rows = 0;
  }
  if (rows > 0 && !l->drop_last)
    l->steps[l->count++] = (order_place){.epoch = epoch, .step = step, .row = first};
}

static void lay_out(laid_out *l) {
  l->count = 0;
  for (uint64_t epoch = l->origin.epoch; epoch < l->epochs; epoch++) {
    bool here = epoch == l->origin.epoch;
    lay_out_epoch(l, epoch, here ? l->origin.step : 0, here ? l->origin.row : 0);
  }
}

/* Intervals that may overlap and reach beyond the epoch, whose places are marked. */
static size_t draw_skips(laid_out *l, uint64_t *state, batch_loader_skip *list) {
  size_t n = below(state, 3) == 0 ? 0 : below(state, 9);
  for (size_t i = 0; i < n; i++) {
    list[i] = (batch_loader_skip){below(state, EPOCHS), below(state, MOST_PLACES), below(state, 20)};
    if (below(state, 8) == 0) list[i].first = 0, list[i].count = MOST_PLACES; /* all of the epoch */
    for (uint64_t k = 0; k < list[i].count; k++) l->skipped[list[i].epoch][list[i].first + k] = true;
  }
  return n;
}

static bool same_place(const order_place *a, const order_place *b) {
  return a->epoch == b->epoch && a->step == b->step && a->row == b->row;
}

/* Every step, in turn and in any order, and none behind. */
static void check_order(const laid_out *l, const order *o, uint64_t *state, uint64_t seed) {
  order_reader reader = order_read(o, NULL);
  cr_assert_eq(o->total, l->count, "seed %d: %d steps instead of %u", (int)seed, (int)o->total, l->count);
  for (uint32_t i = 0; i < 3 * l->count; i++) {
    uint32_t nth = i < l->count ? i : below(state, l->count);
    cr_assert_eq(order_find(&reader, nth), ORDER_FOUND);
    cr_assert(reader.nth == nth && same_place(&reader.place, &l->steps[nth]),
              "seed %d: step %u is at row %d of epoch %d, not %d of %d", (int)seed, nth,
              (int)reader.place.row, (int)reader.place.epoch, (int)l->steps[nth].row,
              (int)l->steps[nth].epoch);
  }
  cr_assert_eq(order_find(&reader, l->count), ORDER_NONE);
  cr_assert_eq(order_find(&reader, l->count + below(state, 100)), ORDER_NONE);
}

static void check_steps(const laid_out *l, const order *o) {
  for (uint32_t i = 0; i < l->count; i++) {
    uint64_t steps;
    order_place found, *expected = &(order_place){0};
    *expected = l->steps[i];
    cr_assert_eq(order_find_step(o, expected->epoch, expected->step, &found, &steps), ORDER_FOUND);
    cr_assert(same_place(&found, expected));
    bool last = i + 1 == l->count || l->steps[i + 1].epoch != expected->epoch;
    if (!last) continue;
    cr_assert_eq(order_find_step(o, expected->epoch, expected->step + 1, &found, &steps), ORDER_NONE);
    cr_assert_eq(steps, expected->step + 1);
  }
  uint64_t steps;
  order_place found;
  cr_assert_eq(order_find_step(o, o->epochs, 0, &found, &steps), ORDER_NONE);
  cr_assert_eq(order_find_step(o, 0, UINT64_MAX, &found, &steps), ORDER_NONE);
}

Test(order, has_the_steps_that_are_laid_out_place_by_place) {
  for (uint64_t seed = 0; seed < 4000; seed++) {
    uint64_t state = seed;
    laid_out l = {.rows = 1 + below(&state, MOST_PLACES), .step_rows = 1 + below(&state, 12)};
    batch_loader_skip list[16];
    skips skipped;
    order o;
    l.epochs = 1 + below(&state, EPOCHS);
    l.drop_last = below(&state, 3) == 0;
    l.origin = (order_place){.epoch = below(&state, (uint32_t)l.epochs + 1), .step = below(&state, 10)};
    if (below(&state, 2)) l.origin.row = below(&state, (uint32_t)l.rows + 1);
    cr_assert(skips_init(&skipped, list, draw_skips(&l, &state, list), NULL, 0, 0));
    lay_out(&l);
    plan p = {.rows = l.rows, .counted = true};
    order_init(&o, &p, &skipped, l.step_rows, l.drop_last, l.origin, l.epochs, 0);
    check_order(&l, &o, &state, seed);
    if (l.origin.row == 0) l.origin.step = 0; /* else the steps before it were of another size */
    lay_out(&l);
    order_init(&o, &p, &skipped, l.step_rows, l.drop_last, l.origin, l.epochs, 0);
    check_steps(&l, &o);
  }
}

static order order_of(uint64_t rows, uint64_t step_rows, bool drop_last, order_place origin, uint64_t epochs,
                      uint64_t limit) {
  static plan p;
  static const skips none;
  order o;
  p.rows = rows;
  p.counted = true;
  order_init(&o, &p, &none, step_rows, drop_last, origin, epochs, limit);
  return o;
}

Test(order, ends_where_it_is_told) {
  order_place start = {.epoch = 0};
  cr_assert_eq(order_of(10, 3, false, start, 2, 0).total, 8);
  cr_assert_eq(order_of(10, 3, true, start, 2, 0).total, 6);
  cr_assert_eq(order_of(10, 3, false, start, 2, 5).total, 5);
  cr_assert_eq(order_of(10, 3, false, start, UINT64_MAX, 0).total, UINT64_MAX, "more than can be counted");
  cr_assert_eq(order_of(10, 3, false, start, UINT32_MAX, 0).total, 4 * (uint64_t)UINT32_MAX);
  cr_assert_eq(order_of(10, 3, false, (order_place){.epoch = 2, .step = 0, .row = 0}, 2, 0).total, 0);
}

/* Epochs without skips are not gone over one by one. */
Test(order, finds_a_step_of_the_last_epochs_at_once) {
  order o = order_of(10, 3, false, (order_place){.epoch = 0, .step = 0, .row = 0}, UINT32_MAX, 0);
  order_reader reader = order_read(&o, NULL);
  cr_assert_eq(order_find(&reader, o.total - 1), ORDER_FOUND);
  cr_assert(same_place(&reader.place, &(order_place){.epoch = UINT32_MAX - 1, .step = 3, .row = 9}));
  cr_assert_eq(order_find(&reader, o.total), ORDER_NONE);
}

Test(order, does_not_know_steps_of_another_size) {
  order o = order_of(100, 4, false, (order_place){.epoch = 1, .step = 5, .row = 50}, 3, 0);
  uint64_t steps;
  order_place at;
  cr_assert_eq(order_find_step(&o, 1, 4, &at, &steps), ORDER_NONE);
  cr_assert(order_find_step(&o, 1, 5, &at, &steps) == ORDER_FOUND && at.row == 50);
  cr_assert(order_find_step(&o, 0, 4, &at, &steps) == ORDER_FOUND && at.row == 16);
  cr_assert_eq(order_find_step(&o, 2, 25, &at, &steps), ORDER_NONE);
  cr_assert_eq(order_find_step(&o, 3, 0, &at, &steps), ORDER_NONE, "there are 3 epochs");
}

Test(skips, number_the_kept_rows_there_and_back) {
  for (uint64_t seed = 0; seed < 2000; seed++) {
    uint64_t state = seed;
    static laid_out l;
    batch_loader_skip list[16];
    skips s;
    l = (laid_out){0};
    cr_assert(skips_init(&s, list, draw_skips(&l, &state, list), NULL, 0, 0));
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
      uint64_t places[MOST_PLACES], kept = 0, from = below(&state, 10);
      skips_places(&s, epoch, from, MOST_PLACES, places);
      for (uint64_t place = 0; place < 3 * MOST_PLACES; place++) {
        cr_assert_eq(skips_kept(&s, epoch, place), kept);
        if (l.skipped[epoch][place]) continue;
        cr_assert_eq(skips_place(&s, epoch, kept), place);
        if (kept >= from && kept - from < MOST_PLACES) cr_assert_eq(places[kept - from], place);
        kept++;
      }
    }
  }
}

/* Beyond what can be counted places stay there. */
Test(skips, that_reach_to_the_end_of_all_numbers_leave_no_place) {
  const batch_loader_skip all = {3, 0, UINT64_MAX};
  skips s;
  uint64_t places[2];
  cr_assert(skips_init(&s, &all, 1, NULL, 0, 0));
  cr_assert_eq(skips_place(&s, 3, 0), UINT64_MAX);
  cr_assert_eq(skips_place(&s, 3, 7), UINT64_MAX);
  cr_assert_eq(skips_kept(&s, 3, 1000), 0);
  skips_places(&s, 3, 5, 2, places);
  cr_assert(places[0] == UINT64_MAX && places[1] == UINT64_MAX);
  cr_assert_eq(skips_place(&s, 2, 7), 7);
}

Test(skips, are_merged_sorted_and_those_of_a_state_added) {
  const batch_loader_skip given[] = {{2, 5, 5}, {0, 1, 2}, {2, 10, 1}, {1, 0, 0}, {2, 7, 9}};
  const batch_loader_skip saved[] = {{0, 3, 1}, {2, 0, 3}};
  skips s;
  cr_assert(skips_init(&s, given, 5, saved, 2, 0));
  cr_assert_eq(s.count, 3);
  cr_assert(s.list[0].epoch == 0 && s.list[0].first == 1 && s.list[0].count == 3);
  cr_assert(s.list[1].epoch == 2 && s.list[1].first == 0 && s.list[1].count == 3);
  cr_assert(s.list[2].epoch == 2 && s.list[2].first == 5 && s.list[2].count == 11);
  cr_assert(skips_next(&s, 0) == 0 && skips_next(&s, 1) == 2 && skips_next(&s, 3) == UINT64_MAX);
}

Test(skips, of_epochs_that_are_over_are_let_go_of_when_there_are_too_many) {
  batch_loader_skip list[BATCH_LOADER_MAX_SKIPS + 1];
  skips s;
  for (uint32_t i = 0; i <= BATCH_LOADER_MAX_SKIPS; i++) list[i] = (batch_loader_skip){i / 2, i % 2 * 10, 1};
  cr_assert(skips_init(&s, list, BATCH_LOADER_MAX_SKIPS, NULL, 0, 0));
  cr_assert_eq(s.count, BATCH_LOADER_MAX_SKIPS);
  assert_refused(!skips_init(&s, list, BATCH_LOADER_MAX_SKIPS + 1, NULL, 0, 0), BATCH_ERROR_INVALID_ARGUMENT,
                 "skips come to 65 intervals", "at most 64");
  cr_assert(skips_init(&s, list, BATCH_LOADER_MAX_SKIPS + 1, NULL, 0, 1));
  cr_assert(s.count == BATCH_LOADER_MAX_SKIPS && s.list[0].epoch == 0 && s.list[0].first == 10);
  assert_refused(!skips_init(&s, &(batch_loader_skip){0, 2, UINT64_MAX}, 1, NULL, 0, 0), BATCH_ERROR_OVERFLOW,
                 "skips[0] is 18446744073709551615 places from 2 on");
  assert_refused(!skips_init(&s, &(batch_loader_skip){UINT32_MAX, 0, 1}, 1, NULL, 0, 0),
                 BATCH_ERROR_INVALID_ARGUMENT, "skips[0].epoch is 4294967295");
}
