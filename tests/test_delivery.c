/* The way from the workers to the trainer: what goes with a batch, and how it ends. */
#include "loader/delivery.h"

#include <string.h>

#include <headrace/pool.h>

#include "support/check.h"
#include "support/watchdog.h"

TestSuite(delivery, .init = watchdog_on);

enum { SIZE = 3, TOTAL = 1000 };

typedef struct made {
  BatchPool *pool;
  delivery delivery;
} made;

static void begin_with(made *m, uint64_t total, bool stops) {
  m->pool = batch_pool_create(SIZE, 1, 1, 0);
  cr_assert(m->pool && delivery_init(&m->delivery, SIZE, total, stops));
}

static void begin(made *m) {
  begin_with(m, TOTAL, false);
}

static void end(made *m) {
  delivery_free(&m->delivery);
  uint32_t idle = 0;
  while (batch_pool_try_allocate(m->pool)) idle++;
  cr_assert_eq(idle, SIZE, "a batch was not released, or twice");
  batch_pool_free(m->pool);
}

/* A sentence of `length` letters. */
static fault fault_of(batch_status code, size_t length, char letter) {
  fault why = {.code = code};
  memset(why.message, letter, length);
  return why;
}

static void publish_item(made *m, uint64_t position, fault why, bool ends) {
  delivery_item item = {batch_pool_try_allocate(m->pool), 10 * position, {position, 1, 2, 3}, &why, ends};
  cr_assert(item.batch);
  item.batch->batch_id = position;
  delivery_publish(&m->delivery, position, &item);
}

static void publish(made *m, uint64_t position, fault why) {
  publish_item(m, position, why, false);
}

static batch_status take(made *m, delivery_item *item) {
  uint64_t waited = 1;
  batch_status status = delivery_take(&m->delivery, item, BATCH_NO_WAIT, &waited);
  cr_assert_eq(waited, 0);
  return status;
}

static void take_and_check(made *m, uint64_t position, fault expected) {
  fault why;
  delivery_item item = {.why = &why};
  memset(&why, '?', sizeof why);
  cr_assert_eq(take(m, &item), BATCH_OK);
  cr_assert_eq(item.batch->batch_id, position);
  cr_assert_eq(item.step, 10 * position);
  cr_assert_eq(item.counts.tokens, position);
  cr_assert(item.counts.masked == 1 && item.counts.padding == 2 && item.counts.cropped == 3);
  cr_assert_eq(why.code, expected.code);
  if (expected.code != BATCH_OK) cr_assert_str_eq(why.message, expected.message);
  batch_release(item.batch);
}

Test(delivery, what_is_wrong_with_a_batch_comes_with_it) {
  static const size_t lengths[] = {0, 1, 7, 8, 9, 500, 1015, 1016, 1023, 3};
  made m;
  begin(&m);
  for (uint64_t p = 0; p + 2 <= 50; p += 2) {
    fault wrong = fault_of(BATCH_ERROR_IO, lengths[p / 2 % 10], 'a' + (char)(p % 26)),
          right = fault_of(BATCH_OK, 0, 'x');
    publish(&m, p + 1, wrong);
    publish(&m, p, right);
    take_and_check(&m, p, right);
    take_and_check(&m, p + 1, wrong);
  }
  end(&m);
}

Test(delivery, the_first_fault_that_stops_it_counts) {
  made m;
  delivery_item item = {0};
  fault first = fault_of(BATCH_ERROR_IO, 5, 'a'), second = fault_of(BATCH_ERROR_FORMAT, 5, 'b');
  begin(&m);
  publish(&m, 0, first);
  cr_assert_null(delivery_stopped(&m.delivery));
  cr_assert_eq(delivery_least_step(&m.delivery), 0);
  delivery_stop(&m.delivery, &first);
  delivery_stop(&m.delivery, &second);
  cr_assert_eq(take(&m, &item), BATCH_ERROR_IO);
  cr_assert_str_eq(delivery_stopped(&m.delivery)->message, "aaaaa");
  delivery_close(&m.delivery);
  cr_assert_eq(take(&m, &item), BATCH_CLOSED, "the user's close comes before a fault");
  end(&m);
}

/* So the state of a loader that is stopped, read at any time, is that before the step with the fault. */
Test(delivery, a_batch_with_a_fault_that_stops_it_is_never_taken) {
  made m;
  fault none = {BATCH_OK, ""}, found, wrong = fault_of(BATCH_ERROR_IO, 5, 'a');
  delivery_item item = {.why = &found};
  begin_with(&m, TOTAL, true);
  publish(&m, 2, none);
  publish(&m, 1, wrong);
  publish(&m, 0, none);
  take_and_check(&m, 0, none);
  cr_assert_eq(take(&m, &item), BATCH_ERROR_IO);
  cr_assert_str_eq(delivery_stopped(&m.delivery)->message, "aaaaa");
  cr_assert_eq(take(&m, &item), BATCH_ERROR_IO);
  cr_assert_eq(delivery_taken(&m.delivery), 1);
  cr_assert_eq(delivery_least_step(&m.delivery), 10);
  end(&m);
}

/* One fault leaves those behind it to be taken, one after which nothing comes does not, though it does not stop at
   faults. */
Test(delivery, a_fault_after_which_nothing_comes_is_met_in_its_turn) {
  made m;
  fault none = {BATCH_OK, ""}, found, wrong = fault_of(BATCH_ERROR_IO, 5, 'a');
  delivery_item item = {.why = &found};
  begin(&m);
  publish_item(&m, 1, wrong, true);
  publish(&m, 2, none);
  publish(&m, 0, wrong);
  take_and_check(&m, 0, wrong);
  cr_assert_eq(take(&m, &item), BATCH_ERROR_IO);
  cr_assert_eq(take(&m, &item), BATCH_ERROR_IO);
  cr_assert_eq(delivery_taken(&m.delivery), 1);
  end(&m);
}

/* Without a batch of the pool to spare. */
Test(delivery, the_end_may_be_said_while_batches_are_taken) {
  made m;
  fault none = {BATCH_OK, ""};
  delivery_item item = {.why = &(fault){0}};
  begin_with(&m, UINT64_MAX, false);
  for (uint64_t p = 0; p < 2; p++) publish(&m, p, none);
  cr_assert(!delivery_is_behind(&m.delivery, 3));
  delivery_end(&m.delivery, 3);
  publish(&m, 2, none);
  cr_assert(delivery_is_behind(&m.delivery, 3) && !delivery_is_behind(&m.delivery, 2));
  for (uint64_t p = 0; p < 3; p++) take_and_check(&m, p, none);
  cr_assert_eq(take(&m, &item), BATCH_END);
  cr_assert_eq(delivery_look(&m.delivery), BATCH_END);
  end(&m);
}

Test(delivery, the_least_step_is_of_those_not_taken) {
  made m;
  fault none = {BATCH_OK, ""};
  begin(&m);
  cr_assert_eq(delivery_least_step(&m.delivery), UINT64_MAX);
  publish(&m, 2, none);
  cr_assert_eq(delivery_least_step(&m.delivery), 20);
  publish(&m, 0, none);
  cr_assert_eq(delivery_least_step(&m.delivery), 0);
  take_and_check(&m, 0, none);
  cr_assert_eq(delivery_least_step(&m.delivery), 20);
  delivery_stop(&m.delivery, &none);
  cr_assert_eq(delivery_least_step(&m.delivery), 20);
  cr_assert_eq(delivery_depth(&m.delivery), 1);
  cr_assert_eq(delivery_taken(&m.delivery), 1);
  end(&m);
}

static void publish_the_fourth(void *context) {
  publish(context, SIZE, (fault){BATCH_OK, ""});
}

Test(delivery, more_batches_than_there_are_end_the_process) {
  made m;
  begin(&m);
  publish(&m, 1, (fault){BATCH_OK, ""});
  publish(&m, 2, (fault){BATCH_OK, ""});
  assert_aborts(publish_the_fourth, &m, "loader", "batch 3", "0 have been taken", "pool of 3");
  end(&m);
}
