/* Errors when memory runs out: the sentence lives on the heap, the code must do without. */
#include "support/failing_memory.h"

#include <string.h>

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(errors_memory, .init = watchdog_on);

static void fail_without_memory(test_thread *self) {
  size_t before = memory_live();
  memory_fails_at(1, true);
  BatchQueue *queue = self->context;
  cr_assert_null(batch_queue_create(UINT32_MAX));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "no memory");
  cr_assert_null(batch_queue_try_dequeue(queue));
  assert_error(BATCH_EMPTY, "the queue is empty");
  cr_assert_null(batch_queue_try_dequeue(NULL));
  cr_assert_eq(batch_last_error()->code, BATCH_ERROR_INVALID_ARGUMENT);
  cr_assert_eq(memory_live(), before);
  memory_fails_at(0, false);
  cr_assert_null(batch_queue_create(UINT32_MAX));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_create", "capacity");
}

/* What is to free the sentence cannot be kept: the second allocation. */
static void fail_without_a_key(test_thread *self) {
  (void)self;
  size_t before = memory_live();
  memory_fails_at(2, false);
  cr_assert_null(batch_queue_create(UINT32_MAX));
  cr_assert_eq(memory_allocations(), 2);
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "no memory");
  cr_assert_eq(memory_live(), before);
  cr_assert_null(batch_queue_create(UINT32_MAX));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_create", "capacity");
}

Test(errors_memory, the_code_is_right_where_the_sentence_could_not_be_freed) {
  test_thread thread;
  threads_start(&thread, 1, "failing", fail_without_a_key, NULL);
  threads_join(&thread, 1);
}

static void queue_without_a_record(test_thread *self) {
  BatchQueue *queue = self->context;
  memory_fails_at(1, true);
  Batch *batch = batch_queue_try_dequeue(queue);
  cr_assert_eq(memory_allocations(), 1);
  cr_assert(batch && batch_queue_try_enqueue(queue, batch));
  memory_fails_at(0, false);
}

Test(errors_memory, a_thread_that_cannot_be_remembered_uses_an_unlimited_queue_as_others_do) {
  BatchQueue *queue = batch_queue_create(0);
  test_thread thread;
  cr_assert(batch_queue_try_enqueue(queue, check_small_batch(1)));
  threads_start(&thread, 1, "unknown", queue_without_a_record, queue);
  threads_join(&thread, 1);
  batch_free(batch_queue_try_dequeue(queue));
  batch_queue_free(queue);
}

Test(errors_memory, the_code_is_right_without_memory_for_the_sentence) {
  BatchQueue *queue = batch_queue_create(1);
  test_thread thread;
  threads_start(&thread, 1, "failing", fail_without_memory, queue);
  threads_join(&thread, 1);
  batch_queue_free(queue);
}

static void fail_once(test_thread *self) {
  (void)self;
  cr_assert_null(batch_queue_create(UINT32_MAX));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "capacity");
}

Test(errors_memory, a_thread_that_ends_frees_its_sentence) {
  test_thread thread;
  size_t before = memory_live();
  for (int i = 0; i < 10; i++) {
    threads_start(&thread, 1, "failing", fail_once, NULL);
    threads_join(&thread, 1);
  }
  cr_assert_eq(memory_live(), before);
}

static void succeed(test_thread *self) {
  size_t before = memory_live();
  batch_queue_try_dequeue(self->context); /* an ordinary outcome that nobody reads */
  cr_assert_eq(memory_live(), before);
  cr_assert_eq(batch_last_error()->code, BATCH_EMPTY);
}

Test(errors_memory, ordinary_outcomes_allocate_nothing_until_they_are_read) {
  BatchQueue *queue = batch_queue_create(1);
  test_thread thread;
  threads_start(&thread, 1, "taking", succeed, queue);
  threads_join(&thread, 1);
  batch_queue_free(queue);
}
