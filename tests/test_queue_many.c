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
      uint32_t n = (uint32_t)turn % 10 + 1, got = batch_queue_dequeue_many(queue, batches, n);
      cr_assert_eq(got, n < 7 ? n : 7); /* nothing else runs: as many as there are */
      for (uint32_t k = 0; k < got; k++) {
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
  cr_assert_eq(batch_queue_enqueue_many(queue, batches, MANY), MANY);
  uint64_t out = 0;
  uint32_t got;
  while ((got = batch_queue_dequeue_many(queue, taken, PIECE)))
    for (uint32_t k = 0; k < got; k++) {
      cr_assert_eq(taken[k]->batch_id, out++);
      batch_release(taken[k]);
    }
  cr_assert_eq(out, MANY);
  free(batches);
  batch_queue_free(queue);
}
