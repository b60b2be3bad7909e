#include <limits.h>

#include "support/check.h"
#include "support/queues.h"

#include "support/watchdog.h"

TestSuite(queue, .init = watchdog_on);

static const uint32_t capacities[] = {1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000};
enum { CAPACITIES = sizeof capacities / sizeof *capacities };

Test(queue, create_takes_every_capacity_up_to_the_largest) {
  for (int i = 0; i < CAPACITIES; i++) {
    BatchQueue *queue = queue_of(capacities[i]);
    assert_holds(queue, 0, false);
    cr_assert_not(batch_queue_is_closed(queue));
    batch_queue_free(queue);
  }
  batch_queue_free(queue_of(BATCH_QUEUE_MAX_CAPACITY));
}

Test(queue, create_refuses_more_than_the_largest_capacity) {
  assert_refused(!batch_queue_create(BATCH_QUEUE_MAX_CAPACITY + 1), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_create", "capacity", "16777153");
  assert_refused(!batch_queue_create(UINT32_MAX), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_create",
                 "4294967295");
}

Test(queue, free_takes_null) {
  batch_queue_free(NULL);
}

Test(queue, free_releases_what_is_inside) {
  for (uint32_t capacity = 0; capacity <= 8; capacity += 8) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batch = check_small_batch(1);
    batch_retain(batch);
    batch_retain(batch);
    batch_queue_enqueue(queue, batch);
    batch_queue_enqueue(queue, batch);
    batch_queue_free(queue);
    assert_count(batch, 1);
    batch_release(batch);
  }
}

Test(queue, free_of_a_closed_queue_releases_what_is_inside) {
  BatchQueue *queue = queue_of(2);
  Batch *batch = check_small_batch(1);
  batch_retain(batch);
  batch_queue_enqueue(queue, batch);
  batch_queue_close(queue);
  batch_queue_free(queue);
  assert_count(batch, 1);
  batch_release(batch);
}

Test(queue, batches_come_out_in_the_order_they_went_in) {
  for (int i = 0; i < CAPACITIES; i++) {
    BatchQueue *queue = queue_of(capacities[i]);
    uint32_t in = 0, out = 0;
    while (out < 3000) { /* fill levels and positions of every kind, many turns of the ring */
      uint32_t room = capacities[i] - (in - out), some = in % (room + 1) ? in % (room + 1) : room;
      for (uint32_t k = 0; k < some; k++) queue_put(queue, in++);
      uint32_t take = (in - out + 1) / 2;
      for (uint32_t k = 0; k < take; k++) assert_next(queue, out++);
      cr_assert_eq(batch_queue_size(queue), in - out);
    }
    batch_queue_free(queue);
  }
}

Test(queue, a_full_queue_holds_exactly_its_capacity) {
  for (int i = 0; i < CAPACITIES; i++) {
    uint32_t capacity = capacities[i];
    BatchQueue *queue = queue_of(capacity);
    Batch *extra = check_small_batch(999);
    for (uint32_t turn = 0; turn < 4; turn++) {
      for (uint32_t k = 0; k < capacity; k++) {
        assert_holds(queue, k, false);
        queue_put(queue, k);
      }
      assert_holds(queue, capacity, true);
      assert_refused(!batch_queue_try_enqueue(queue, extra), BATCH_FULL, "batch_queue_try_enqueue");
      assert_next(queue, 0);
      assert_holds(queue, capacity - 1, false);
      queue_put(queue, capacity);
      assert_holds(queue, capacity, true);
      for (uint32_t k = 1; k <= capacity; k++) assert_next(queue, k);
      assert_refused(!batch_queue_try_dequeue(queue), BATCH_EMPTY, "batch_queue_try_dequeue");
    }
    batch_release(extra);
    batch_queue_free(queue);
  }
}

Test(queue, the_unlimited_queue_is_never_full_and_keeps_order) {
  enum { MANY = 50000, KINDS = 7 };
  BatchQueue *queue = queue_of(0);
  Batch *kinds[KINDS];
  for (int k = 0; k < KINDS; k++) kinds[k] = check_small_batch((uint64_t)k);
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < MANY; i++) {
      batch_retain(kinds[i % KINDS]);
      cr_assert(batch_queue_try_enqueue(queue, kinds[i % KINDS]));
    }
    assert_holds(queue, MANY, false);
    for (uint32_t i = 0; i < MANY; i++) assert_next(queue, i % KINDS);
    assert_holds(queue, 0, false);
  }
  for (int k = 0; k < KINDS; k++) {
    assert_count(kinds[k], 1);
    batch_release(kinds[k]);
  }
  batch_queue_free(queue);
}

Test(queue, the_unlimited_queue_closes_and_drains_across_its_rings) {
  enum { MANY = 20000 };
  BatchQueue *queue = queue_with(0, MANY);
  batch_queue_close(queue);
  Batch *late = check_small_batch(1);
  assert_refused(!batch_queue_enqueue(queue, late), BATCH_CLOSED, "batch_queue_enqueue");
  for (uint32_t i = 0; i < MANY; i++) assert_next(queue, i);
  cr_assert_null(batch_queue_dequeue(queue));
  batch_release(late);
  batch_queue_free(queue);
}

Test(queue, a_successful_enqueue_takes_the_reference_and_a_dequeue_hands_it_on) {
  BatchQueue *queue = queue_of(2);
  Batch *batch = check_small_batch(1);
  cr_assert(batch_queue_enqueue(queue, batch));
  assert_count(batch, 1);
  cr_assert_eq(batch_queue_dequeue(queue), batch);
  assert_count(batch, 1);
  batch_release(batch);
  batch_queue_free(queue);
}

Test(queue, the_capacity_is_what_the_queue_was_made_with) {
  static const uint32_t made_with[] = {0, 1, 2, 3, 1000};
  for (int i = 0; i < 5; i++) {
    BatchQueue *queue = queue_with(made_with[i], 1);
    cr_assert_eq(batch_queue_capacity(queue), made_with[i]);
    batch_queue_close(queue);
    cr_assert_eq(batch_queue_capacity(queue), made_with[i]);
    batch_queue_free(queue);
  }
}

Test(queue, a_failed_enqueue_leaves_the_reference) {
  BatchQueue *queue = queue_with(1, 1);
  Batch *batch = check_small_batch(7);
  cr_assert_not(batch_queue_try_enqueue(queue, batch));
  cr_assert_eq(batch_queue_enqueue_until(queue, batch, BATCH_NO_WAIT), BATCH_FULL);
  cr_assert_eq(batch_queue_enqueue_until(queue, batch, batch_deadline_after(1000)), BATCH_TIMEDOUT);
  cr_assert_eq(batch_queue_enqueue_many(queue, &batch, 1), 0);
  batch_queue_close(queue);
  cr_assert_not(batch_queue_enqueue(queue, batch));
  cr_assert_not(batch_queue_try_enqueue(queue, batch));
  cr_assert_eq(batch_queue_enqueue_until(queue, batch, BATCH_FOREVER), BATCH_CLOSED);
  cr_assert_eq(batch_queue_enqueue_many(queue, &batch, 1), 0);
  assert_count(batch, 1);
  batch_release(batch);
  batch_queue_free(queue);
}

Test(queue, one_batch_may_be_inside_several_times) {
  BatchQueue *queue = queue_of(3);
  Batch *batch = check_small_batch(1);
  batch_retain(batch);
  batch_retain(batch);
  for (int i = 0; i < 3; i++) cr_assert(batch_queue_enqueue(queue, batch));
  for (int i = 0; i < 3; i++) assert_next(queue, 1);
  batch_queue_free(queue);
}

Test(queue, a_deadline_that_passed_does_not_keep_from_what_is_there) {
  BatchQueue *queue = queue_with(2, 1);
  Batch *batch = NULL;
  cr_assert_eq(batch_queue_enqueue_until(queue, check_small_batch(1), 1), BATCH_OK);
  cr_assert_eq(batch_queue_dequeue_until(queue, &batch, 1), BATCH_OK);
  cr_assert_eq(batch->batch_id, 0);
  batch_release(batch);
  cr_assert_eq(batch_queue_dequeue_until(queue, &batch, BATCH_NO_WAIT), BATCH_OK);
  cr_assert_eq(batch->batch_id, 1);
  batch_release(batch);
  batch_queue_free(queue);
}

Test(queue, until_answers_at_once_without_waiting) {
  BatchQueue *queue = queue_of(1);
  Batch *none = (Batch *)(uintptr_t)64, *batch = check_small_batch(1);
  cr_assert_eq(batch_queue_dequeue_until(queue, &none, BATCH_NO_WAIT), BATCH_EMPTY);
  cr_assert_null(none);
  cr_assert_eq(batch_queue_enqueue_until(queue, batch, BATCH_NO_WAIT), BATCH_OK);
  batch_retain(batch);
  assert_refused(batch_queue_enqueue_until(queue, batch, BATCH_NO_WAIT) == BATCH_FULL, BATCH_FULL,
                 "batch_queue_enqueue_until");
  batch_release(batch);
  batch_queue_close(queue);
  assert_next(queue, 1);
  none = (Batch *)(uintptr_t)64;
  cr_assert_eq(batch_queue_dequeue_until(queue, &none, BATCH_NO_WAIT), BATCH_CLOSED);
  cr_assert_null(none);
  cr_assert_eq(batch_queue_dequeue_until(queue, &none, BATCH_FOREVER), BATCH_CLOSED);
  batch_queue_free(queue);
}

Test(queue, until_does_not_give_up_before_its_deadline) {
  BatchQueue *queue = queue_of(1);
  Batch *none = (Batch *)(uintptr_t)64, *batch = check_small_batch(1);
  uint64_t deadline = batch_deadline_after(20000000);
  assert_refused(batch_queue_dequeue_until(queue, &none, deadline) == BATCH_TIMEDOUT, BATCH_TIMEDOUT,
                 "batch_queue_dequeue_until");
  cr_assert_geq(batch_deadline_after(0), deadline);
  cr_assert_null(none);
  queue_put(queue, 0);
  deadline = batch_deadline_after(20000000);
  assert_refused(batch_queue_enqueue_until(queue, batch, deadline) == BATCH_TIMEDOUT, BATCH_TIMEDOUT,
                 "batch_queue_enqueue_until");
  cr_assert_geq(batch_deadline_after(0), deadline);
  batch_release(batch);
  batch_queue_free(queue);
}

Test(queue, a_deadline_that_passed_times_out) {
  BatchQueue *queue = queue_of(1);
  Batch *none;
  cr_assert_eq(batch_queue_dequeue_until(queue, &none, 1), BATCH_TIMEDOUT);
  batch_queue_free(queue);
}

Test(queue, peek_shows_the_front_with_a_reference_of_its_own) {
  for (uint32_t capacity = 0; capacity <= 3; capacity += 3) {
    BatchQueue *queue = queue_with(capacity, 2);
    Batch *front = batch_queue_peek(queue);
    cr_assert_eq(front->batch_id, 0);
    assert_count(front, 2);
    assert_holds(queue, 2, false);
    assert_next(queue, 0);
    assert_count(front, 1);
    batch_release(front);
    front = batch_queue_peek(queue);
    cr_assert_eq(front->batch_id, 1);
    batch_release(front);
    assert_next(queue, 1);
    cr_assert_null(batch_queue_peek(queue));
    batch_queue_free(queue);
  }
}

Test(queue, peek_still_shows_the_front_of_a_closed_queue) {
  BatchQueue *queue = queue_with(1, 1);
  batch_queue_close(queue);
  Batch *front = batch_queue_peek(queue);
  cr_assert_not_null(front);
  batch_release(front);
  assert_next(queue, 0);
  cr_assert_null(batch_queue_peek(queue));
  batch_queue_free(queue);
}

static void peek_once(void *queue) {
  batch_queue_peek(queue);
}

/* What peek does with the front when its count is what it is, on every kind of queue. */
static void assert_peek_aborts(int count, const char *words) {
  for (uint32_t capacity = 0; capacity <= 1; capacity++) {
    BatchQueue *queue = queue_with(capacity, 1);
    Batch *front = batch_queue_peek(queue);
    atomic_store(&front->ref_count, count);
    assert_aborts(peek_once, queue, "batch_queue_peek", words);
    assert_count(front, count);
    atomic_store(&front->ref_count, 2);
    batch_release(front);
    batch_queue_free(queue);
  }
}

Test(queue, peek_aborts_before_the_count_overflows) {
  assert_peek_aborts(INT_MAX / 2, "held too often: its count is 1073741823");
  assert_peek_aborts(INT_MAX, "held too often: its count is 2147483647");
}

Test(queue, peek_retains_up_to_the_bound_of_retain) {
  BatchQueue *queue = queue_with(1, 1);
  Batch *front = batch_queue_peek(queue);
  atomic_store(&front->ref_count, INT_MAX / 2 - 1);
  cr_assert_eq(batch_queue_peek(queue), front);
  assert_count(front, INT_MAX / 2);
  atomic_store(&front->ref_count, 2);
  batch_release(front);
  batch_queue_free(queue);
}

Test(queue, peek_aborts_on_a_batch_that_was_released_once_too_often) {
  assert_peek_aborts(0, "released once too often");
}

Test(queue, after_close_nothing_goes_in_and_the_rest_drains_in_order) {
  for (uint32_t inside = 0; inside <= 3; inside++) {
    BatchQueue *queue = queue_with(3, inside);
    Batch *late = check_small_batch(9);
    batch_queue_close(queue);
    cr_assert(batch_queue_is_closed(queue));
    assert_refused(!batch_queue_enqueue(queue, late), BATCH_CLOSED, "batch_queue_enqueue");
    assert_refused(!batch_queue_try_enqueue(queue, late), BATCH_CLOSED, "batch_queue_try_enqueue");
    cr_assert_eq(batch_queue_size(queue), inside);
    for (uint32_t i = 0; i < inside; i++) assert_next(queue, i);
    cr_assert_null(batch_queue_dequeue(queue));
    assert_refused(!batch_queue_try_dequeue(queue), BATCH_CLOSED, "batch_queue_try_dequeue");
    assert_refused(!batch_queue_try_enqueue(queue, late), BATCH_CLOSED, "batch_queue_try_enqueue");
    cr_assert(batch_queue_is_closed(queue));
    cr_assert_eq(batch_queue_size(queue), 0);
    cr_assert(batch_queue_is_empty(queue));
    batch_release(late);
    batch_queue_free(queue);
  }
}

Test(queue, close_works_at_every_position_of_the_ring) {
  for (uint32_t capacity = 1; capacity <= 5; capacity++)
    for (uint32_t passed = 0; passed < 12; passed++)
      for (uint32_t inside = 0; inside <= capacity; inside++) {
        BatchQueue *queue = queue_of(capacity);
        for (uint32_t i = 0; i < passed; i++) {
          queue_put(queue, i);
          assert_next(queue, i);
        }
        for (uint32_t i = 0; i < inside; i++) queue_put(queue, i);
        batch_queue_close(queue);
        batch_queue_close(queue);
        for (uint32_t i = 0; i < inside; i++) assert_next(queue, i);
        cr_assert_null(batch_queue_dequeue(queue));
        batch_queue_free(queue);
      }
}

Test(queue, clear_releases_what_is_inside) {
  for (uint32_t capacity = 0; capacity <= 3; capacity += 3) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batch = check_small_batch(1);
    for (int i = 0; i < 3; i++) {
      batch_retain(batch);
      batch_queue_enqueue(queue, batch);
    }
    batch_queue_clear(queue);
    assert_count(batch, 1);
    assert_holds(queue, 0, false);
    queue_put(queue, 5);
    assert_next(queue, 5);
    batch_queue_clear(queue);
    batch_release(batch);
    batch_queue_free(queue);
  }
}

Test(queue, clear_leaves_a_closed_queue_closed) {
  BatchQueue *queue = queue_with(3, 2);
  batch_queue_close(queue);
  batch_queue_clear(queue);
  cr_assert(batch_queue_is_closed(queue));
  cr_assert_null(batch_queue_dequeue(queue));
  batch_queue_free(queue);
}

Test(queue, pooled_batches_go_home_from_a_queue_that_is_cleared_or_freed) {
  BatchPool *pool = batch_pool_create(2, 1, 1, 0);
  BatchQueue *queue = queue_of(4);
  batch_queue_enqueue(queue, batch_pool_allocate(pool));
  batch_queue_enqueue(queue, batch_pool_allocate(pool));
  cr_assert_null(batch_pool_try_allocate(pool));
  batch_queue_clear(queue);
  batch_queue_enqueue(queue, batch_pool_try_allocate(pool));
  batch_queue_enqueue(queue, batch_pool_try_allocate(pool));
  cr_assert_eq(batch_queue_size(queue), 2);
  batch_queue_free(queue);
  Batch *batch = batch_pool_try_allocate(pool);
  cr_assert_not_null(batch);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(queue, calls_refuse_a_null_queue) {
  Batch *batch = check_small_batch(1), *out = batch;
  assert_refused(!batch_queue_enqueue(NULL, batch), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue",
                 "queue", CHECK_NULL);
  assert_refused(!batch_queue_try_enqueue(NULL, batch), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_try_enqueue", "queue");
  assert_refused(batch_queue_enqueue_until(NULL, batch, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue_until", "queue");
  assert_refused(batch_queue_enqueue_many(NULL, &batch, 1) == 0, BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_enqueue_many", "queue");
  assert_refused(!batch_queue_dequeue(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_dequeue", "queue");
  assert_refused(!batch_queue_try_dequeue(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_try_dequeue",
                 "queue");
  assert_refused(batch_queue_dequeue_until(NULL, &out, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_dequeue_until", "queue");
  cr_assert_null(out);
  assert_refused(batch_queue_dequeue_many(NULL, &out, 1) == 0, BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_dequeue_many", "queue");
  assert_refused(!batch_queue_peek(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_peek", "queue");
  assert_refused(batch_queue_capacity(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_capacity",
                 "queue");
  assert_refused(batch_queue_size(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_size", "queue");
  assert_refused((batch_queue_is_empty(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_is_empty",
                 "queue");
  assert_refused(!batch_queue_is_full(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_is_full", "queue");
  assert_refused((batch_queue_is_closed(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_is_closed",
                 "queue");
  assert_refused((batch_queue_close(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_close", "queue");
  assert_refused((batch_queue_clear(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_clear", "queue");
  assert_count(batch, 1);
  batch_release(batch);
}

Test(queue, calls_refuse_null_batches) {
  BatchQueue *queue = queue_with(4, 1);
  assert_refused(!batch_queue_enqueue(queue, NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue",
                 "batch", CHECK_NULL);
  assert_refused(!batch_queue_try_enqueue(queue, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_try_enqueue", "batch");
  assert_refused(batch_queue_enqueue_until(queue, NULL, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue_until", "batch");
  assert_refused(batch_queue_dequeue_until(queue, NULL, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_dequeue_until", "batch");
  assert_refused(batch_queue_enqueue_many(queue, NULL, 2) == 0, BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_enqueue_many", "batches");
  assert_refused(batch_queue_dequeue_many(queue, NULL, 2) == 0, BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_queue_dequeue_many", "batches");
  assert_holds(queue, 1, false);
  batch_queue_free(queue);
}

Test(queue, enqueue_many_stops_at_a_null_batch) {
  BatchQueue *queue = queue_of(4);
  Batch *batches[3] = {check_small_batch(0), NULL, check_small_batch(2)};
  check_forget_error();
  size_t in = batch_queue_enqueue_many(queue, batches, 3);
  cr_assert_eq(in, 1);
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue_many", "batches", "1", CHECK_NULL);
  cr_assert_eq(batch_queue_size(queue), in);
  batch_release(batches[2]);
  batch_queue_free(queue);
}
