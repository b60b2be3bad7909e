/* enqueue_many and dequeue_many. */
#include "support/check.h"
#include "support/queues.h"

#include <stdlib.h>

#include "support/watchdog.h"

TestSuite(queue_many, .init = watchdog_on);

Test(queue_many, enqueue_many_fills_up_and_keeps_the_rest) {
  BatchQueue *queue = queue_with(5, 2);
  Batch *batches[6];
  for (uint64_t i = 0; i < 6; i++) batches[i] = check_small_batch(i + 2);
  cr_assert_eq(batch_queue_enqueue_many(queue, batches, 6), 3);
  cr_assert_eq(batch_queue_enqueue_many(queue, batches + 3, 3), 0);
  assert_holds(queue, 5, true);
  for (int i = 3; i < 6; i++) batch_release(batches[i]);
  for (uint64_t i = 0; i < 5; i++) assert_next(queue, i);
  batch_queue_free(queue);
}

Test(queue_many, enqueue_many_and_dequeue_many_of_none) {
  BatchQueue *queue = queue_with(2, 1);
  Batch *none[1] = {NULL};
  cr_assert_eq(batch_queue_enqueue_many(queue, none, 0), 0);
  cr_assert_eq(batch_queue_dequeue_many(queue, none, 0), 0);
  assert_holds(queue, 1, false);
  batch_queue_free(queue);
}

Test(queue_many, dequeue_many_takes_consecutive_batches) {
  for (uint32_t capacity = 0; capacity <= 7; capacity += 7) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batches[10];
    uint64_t in = 0, out = 0;
    for (int turn = 0; turn < 50; turn++) {
      while (in - out < 7) queue_put(queue, in++);
      size_t n = (size_t)turn % 10 + 1, got = batch_queue_dequeue_many(queue, batches, n);
      cr_assert_eq(got, n < 7 ? n : 7); /* nothing else runs: as many as there are */
      for (size_t k = 0; k < got; k++) {
        cr_assert_eq(batches[k]->batch_id, out++);
        assert_count(batches[k], 1);
        batch_release(batches[k]);
      }
    }
    batch_queue_free(queue);
  }
}

Test(queue_many, dequeue_many_drains_a_closed_queue_and_then_answers_zero) {
  for (uint32_t capacity = 0; capacity <= 4; capacity += 4) {
    BatchQueue *queue = queue_with(capacity, 4);
    Batch *batches[8];
    batch_queue_close(queue);
    cr_assert_eq(batch_queue_dequeue_many(queue, batches, 3), 3);
    for (int i = 0; i < 3; i++) batch_release(batches[i]);
    cr_assert_eq(batch_queue_dequeue_many(queue, batches, 8), 1);
    cr_assert_eq(batches[0]->batch_id, 3);
    batch_release(batches[0]);
    assert_refused(batch_queue_dequeue_many(queue, batches, 8) == 0, BATCH_CLOSED,
                   "batch_queue_dequeue_many");
    batch_queue_free(queue);
  }
}

Test(queue_many, dequeue_many_of_an_empty_queue_answers_zero) {
  BatchQueue *queue = queue_of(4);
  Batch *batches[4];
  assert_refused(batch_queue_dequeue_many(queue, batches, 4) == 0, BATCH_EMPTY, "batch_queue_dequeue_many");
  batch_queue_free(queue);
}

Test(queue_many, many_cross_the_rings_of_the_unlimited_queue) {
  enum { MANY = 30000, PIECE = 777 };
  BatchQueue *queue = queue_of(0);
  Batch **batches = calloc(MANY, sizeof *batches), *taken[PIECE];
  for (uint64_t i = 0; i < MANY; i++) batches[i] = check_small_batch(i);
  cr_assert_eq(batch_queue_enqueue_many_wait(queue, batches, MANY), MANY);
  uint64_t out = 0;
  size_t got;
  while ((got = batch_queue_dequeue_many(queue, taken, PIECE)))
    for (size_t k = 0; k < got; k++) {
      cr_assert_eq(taken[k]->batch_id, out++);
      batch_release(taken[k]);
    }
  cr_assert_eq(out, MANY);
  free(batches);
  batch_queue_free(queue);
}

static void make_batches(Batch **batches, uint64_t first, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) batches[i] = check_small_batch(first + i);
}

Test(queue_many, a_step_takes_sixty_four_whatever_there_is_room_for) {
  enum { STEP = 64, MANY = 3 * STEP };
  for (uint32_t capacity = 0; capacity <= 1000; capacity += 1000) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batches[MANY];
    make_batches(batches, 0, MANY);
    for (int in = 0; in < MANY; in += STEP)
      cr_assert_eq(batch_queue_enqueue_many(queue, batches + in, (size_t)(MANY - in)), STEP);
    cr_assert_eq(batch_queue_size(queue), MANY);
    for (uint64_t i = 0; i < MANY; i++) assert_next(queue, i);
    batch_queue_free(queue);
  }
}

Test(queue_many, single_calls_and_calls_for_many_share_an_order) {
  for (uint32_t capacity = 0; capacity <= 4000; capacity += 4000) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batches[16];
    uint64_t in = 0, out = 0;
    for (int turn = 0; turn < 400; turn++) {
      size_t k = (size_t)(turn * 7 % 13);
      make_batches(batches, in, k);
      if (k == 1) cr_assert(batch_queue_try_enqueue(queue, batches[0]));
      size_t some = k > 1 ? batch_queue_enqueue_many(queue, batches, k) : k;
      cr_assert(k == 0 || (some > 0 && some <= k));
      cr_assert_eq(batch_queue_enqueue_many_wait(queue, batches + some, k - some),
                   k - some); /* beyond a joint */
      in += k;
      Batch *front = batch_queue_peek(queue);
      if (front) cr_assert_eq(front->batch_id, out);
      if (front) batch_release(front);
      cr_assert_eq(batch_queue_size(queue), in - out);
      if (turn % 3 == 0) {
        while (in - out > 20) assert_next(queue, out++);
        continue;
      }
      size_t got = batch_queue_dequeue_many(queue, batches, (size_t)(turn * 5 % 16));
      for (size_t i = 0; i < got; i++) {
        cr_assert_eq(batches[i]->batch_id, out++);
        batch_release(batches[i]);
      }
    }
    batch_queue_free(queue);
  }
}

static void release_batches(Batch **batches, size_t n) {
  for (size_t i = 0; i < n; i++) {
    assert_count(batches[i], 1);
    batch_release(batches[i]);
  }
}

Test(queue_many, enqueue_many_says_why_none_went_in) {
  BatchQueue *queue = queue_with(3, 2);
  Batch *batches[3];
  make_batches(batches, 2, 3);
  check_forget_error();
  batch_status before = batch_last_error()->code;
  cr_assert_eq(batch_queue_enqueue_many(queue, batches, 3), 1);
  cr_assert_eq(batch_last_error()->code, before);
  assert_refused(batch_queue_enqueue_many(queue, batches + 1, 2) == 0, BATCH_FULL,
                 "batch_queue_enqueue_many");
  batch_queue_close(queue);
  assert_refused(batch_queue_enqueue_many(queue, batches + 1, 2) == 0, BATCH_CLOSED,
                 "batch_queue_enqueue_many");
  release_batches(batches + 1, 2);
  batch_queue_free(queue);
}

Test(queue_many, many_until_a_deadline_keep_what_went_in_before_it) {
  const uint64_t deadlines[] = {BATCH_NO_WAIT, batch_deadline_after(1000000), BATCH_NO_WAIT + 1};
  const batch_status statuses[] = {BATCH_FULL, BATCH_TIMEDOUT, BATCH_TIMEDOUT};
  for (int i = 0; i < 3; i++) {
    BatchQueue *queue = queue_with(4, 1);
    Batch *batches[5];
    size_t entered = 99;
    make_batches(batches, 1, 5);
    assert_refused(batch_queue_enqueue_many_until(queue, batches, 5, deadlines[i], &entered) == statuses[i],
                   statuses[i], "batch_queue_enqueue_many_until");
    cr_assert_eq(entered, 3);
    assert_holds(queue, 4, true);
    release_batches(batches + 3, 2);
    for (uint64_t id = 0; id < 4; id++) assert_next(queue, id);
    batch_queue_free(queue);
  }
}

Test(queue_many, many_until_take_what_is_there_and_time_out_with_nothing) {
  for (uint32_t capacity = 0; capacity <= 4; capacity += 4) {
    BatchQueue *queue = queue_with(capacity, 3);
    Batch *batches[8];
    size_t taken = 99;
    cr_assert_eq(batch_queue_dequeue_many_until(queue, batches, 8, BATCH_FOREVER, &taken), BATCH_OK);
    cr_assert_eq(taken, 3);
    release_batches(batches, 3);
    assert_refused(batch_queue_dequeue_many_until(queue, batches, 8, BATCH_NO_WAIT, &taken) == BATCH_EMPTY,
                   BATCH_EMPTY, "batch_queue_dequeue_many_until");
    cr_assert_eq(taken, 0);
    taken = 99;
    assert_refused(batch_queue_dequeue_many_until(queue, batches, 8, batch_deadline_after(1000), &taken) ==
                       BATCH_TIMEDOUT,
                   BATCH_TIMEDOUT, "batch_queue_dequeue_many_until");
    cr_assert_eq(taken, 0);
    batch_queue_free(queue);
  }
}

Test(queue_many, the_waiting_forms_do_not_wait_for_what_is_there) {
  for (uint32_t capacity = 0; capacity <= 6; capacity += 6) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batches[6];
    size_t entered;
    make_batches(batches, 0, 6);
    cr_assert_eq(batch_queue_enqueue_many_wait(queue, batches, 4), 4);
    cr_assert_eq(batch_queue_enqueue_many_until(queue, batches + 4, 2, BATCH_FOREVER, &entered), BATCH_OK);
    cr_assert_eq(entered, 2);
    cr_assert_eq(batch_queue_dequeue_many_wait(queue, batches, 6), 6);
    for (uint64_t i = 0; i < 6; i++) cr_assert_eq(batches[i]->batch_id, i);
    release_batches(batches, 6);
    batch_queue_free(queue);
  }
}

Test(queue_many, the_waiting_forms_of_none_answer_at_once_whatever_the_queue_is) {
  BatchQueue *queues[] = {queue_with(2, 2), queue_of(2), queue_of(2)};
  Batch *none[1] = {NULL};
  batch_queue_close(queues[2]);
  for (int i = 0; i < 3; i++) {
    size_t count = 99;
    check_forget_error();
    batch_status before = batch_last_error()->code;
    cr_assert_eq(batch_queue_enqueue_many_wait(queues[i], NULL, 0), 0);
    cr_assert_eq(batch_queue_enqueue_many_until(queues[i], none, 0, BATCH_FOREVER, &count), BATCH_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(batch_queue_dequeue_many_wait(queues[i], NULL, 0), 0);
    count = 99;
    cr_assert_eq(batch_queue_dequeue_many_until(queues[i], none, 0, BATCH_FOREVER, &count), BATCH_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(batch_last_error()->code, before);
    batch_queue_free(queues[i]);
  }
}

Test(queue_many, the_waiting_forms_stop_at_a_null_batch_however_much_room_there_is) {
  Batch *batches[3] = {NULL};
  for (uint32_t capacity = 0; capacity <= 3; capacity++) {
    BatchQueue *queue = queue_of(capacity);
    size_t entered = 99;
    batches[0] = check_small_batch(0);
    batches[2] = check_small_batch(2);
    assert_refused(batch_queue_enqueue_many_until(queue, batches, 3, BATCH_FOREVER, &entered) ==
                       BATCH_ERROR_INVALID_ARGUMENT,
                   BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_enqueue_many_until", "batches[1]", CHECK_NULL);
    cr_assert_eq(entered, 1);
    assert_refused(batch_queue_enqueue_many_wait(queue, batches + 1, 2) == 0, BATCH_ERROR_INVALID_ARGUMENT,
                   "batch_queue_enqueue_many_wait", "batches[0]", CHECK_NULL);
    cr_assert_eq(batch_queue_size(queue), 1);
    assert_next(queue, 0);
    release_batches(batches + 2, 1);
    batch_queue_free(queue);
  }
}

Test(queue_many, more_than_one_step_takes_go_in_and_come_out_in_order) {
  enum { MANY = 1000 };
  for (uint32_t capacity = 0; capacity <= MANY; capacity += MANY) {
    BatchQueue *queue = queue_of(capacity);
    Batch *batches[MANY];
    size_t out = 0, came;
    make_batches(batches, 0, MANY);
    cr_assert_eq(batch_queue_enqueue_many_wait(queue, batches, MANY), MANY);
    batch_queue_close(queue);
    while ((came = batch_queue_dequeue_many_wait(queue, batches, MANY)))
      for (size_t i = 0; i < came; i++) {
        cr_assert_eq(batches[i]->batch_id, out++);
        batch_release(batches[i]);
      }
    cr_assert_eq(out, MANY);
    cr_assert_eq(batch_last_error()->code, BATCH_CLOSED);
    batch_queue_free(queue);
  }
}
