#include "support/check.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(errors, .init = watchdog_on);

Test(errors, there_is_none_before_the_first_failure) {
  cr_assert_not_null(batch_last_error());
  cr_assert_eq(batch_last_error()->code, BATCH_OK);
  cr_assert_str_eq(batch_last_error()->message, "");
}

Test(errors, a_success_leaves_the_older_error_standing) {
  cr_assert_null(batch_queue_create(UINT32_MAX));
  char before[1024];
  snprintf(before, sizeof before, "%s", batch_last_error()->message);
  BatchQueue *queue = batch_queue_create(1);
  batch_queue_free(queue);
  cr_assert_neq(batch_last_error()->code, BATCH_OK);
  cr_assert_str_eq(batch_last_error()->message, before);
}

Test(errors, a_new_failure_replaces_the_older_error) {
  assert_refused(!batch_create(0, 7, 5), BATCH_ERROR_INVALID_ARGUMENT, "batch_create", "batch_size");
  assert_refused(!tensor_create(NULL, 1), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create", "shape");
}

Test(errors, a_call_that_answers_nothing_is_asked_by_clearing_before) {
  Tensor *tensor = tensor_create((uint32_t[]){2}, 1);
  cr_assert_null(batch_create(0, 7, 5));
  batch_clear_error();
  cr_assert_eq(batch_last_error()->code, BATCH_OK);
  cr_assert_str_eq(batch_last_error()->message, "");
  tensor_set(tensor, (uint32_t[]){1}, 3);
  cr_assert_eq(batch_last_error()->code, BATCH_OK);
  tensor_set(tensor, (uint32_t[]){2}, 3);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "tensor_set", "indices[0]");
  batch_retain(NULL); /* its sentence is put together when it is read: not after it has been cleared */
  batch_clear_error();
  cr_assert_str_eq(batch_last_error()->message, "");
  tensor_free(tensor);
}

static void fail_elsewhere(test_thread *self) {
  cr_assert_eq(batch_last_error()->code, BATCH_OK);
  cr_assert_null(tensor_create(NULL, 1));
  cr_assert_neq(batch_last_error(), (const batch_error *)self->context);
}

Test(errors, each_thread_has_its_own) {
  cr_assert_null(batch_create(0, 7, 5));
  test_thread thread;
  threads_start(&thread, 1, "other", fail_elsewhere, (void *)(uintptr_t)batch_last_error());
  threads_join(&thread, 1);
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_create", "batch_size");
}

Test(errors, what_is_quoted_does_not_reach_the_terminal) {
  const char *path = "no/such/\x1b[2J\xc2\x9b\xff\n file";
  assert_refused(!batch_dataset_open(&path, 1, NULL), BATCH_ERROR_IO, "\\x1B[2J\\xC2\\x9B\\xFF\\x0A file");
  for (const char *c = batch_last_error()->message; *c; c++) cr_assert(*c >= ' ' && *c < 0x7f);
}

/* Takes every thread-specific key that there is. Returns how many. */
static int take_keys(pthread_key_t keys[PTHREAD_KEYS_MAX]) {
  int taken = 0;
  while (taken < PTHREAD_KEYS_MAX && pthread_key_create(&keys[taken], NULL) == 0) taken++;
  return taken;
}

Test(errors, what_needs_a_thread_specific_key_works_once_there_is_one) {
  static pthread_key_t keys[PTHREAD_KEYS_MAX];
  int taken = take_keys(keys);
  cr_assert_null(batch_queue_create(0));
  assert_error(BATCH_ERROR_OUT_OF_MEMORY, "no memory for the sentence");
  while (taken > 0) pthread_key_delete(keys[--taken]);
  cr_assert_null(batch_create(0, 1, 1));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_create", "batch_size");
  BatchQueue *queue = batch_queue_create(0);
  cr_assert_not_null(queue, "%s", batch_last_error()->message);
  batch_queue_free(queue);
}

Test(errors, statuses_have_names) {
  static const char *const names[] = {"OK",
                                      "FULL",
                                      "EMPTY",
                                      "CLOSED",
                                      "TIMEDOUT",
                                      "END",
                                      "READY",
                                      "ERROR_INVALID_ARGUMENT",
                                      "ERROR_OVERFLOW",
                                      "ERROR_OUT_OF_MEMORY",
                                      "ERROR_OUT_OF_RANGE",
                                      "ERROR_IO",
                                      "ERROR_FORMAT",
                                      "ERROR_UNSUPPORTED"};
  int status = BATCH_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++, status++) {
    while (strcmp(batch_status_name((batch_status)status), "?") == 0)
      status++; /* kept for outcomes to come */
    cr_assert_str_eq(batch_status_name((batch_status)status), names[i]);
    cr_assert_eq(status >= BATCH_ERROR_INVALID_ARGUMENT, strncmp(names[i], "ERROR_", 6) == 0);
  }
  cr_assert_not_null(batch_status_name((batch_status)99));
  cr_assert_not_null(batch_status_name((batch_status)-1));
}

Test(errors, the_version_is_that_of_the_headers) {
  char expected[32];
  snprintf(expected, sizeof expected, "%d.%d.%d", HEADRACE_VERSION_MAJOR, HEADRACE_VERSION_MINOR,
           HEADRACE_VERSION_PATCH);
  cr_assert_str_eq(batch_version(), expected);
  cr_assert_eq(batch_version_number(), HEADRACE_VERSION);
  int major, minor, patch;
  cr_assert_eq(sscanf(batch_version(), "%d.%d.%d", &major, &minor, &patch), 3);
  cr_assert_eq(batch_version_number(), major * 10000 + minor * 100 + patch);
}

Test(errors, the_features_are_those_that_the_build_was_configured_with) {
  cr_assert_str_eq(batch_features(), HEADRACE_TEST_FEATURES);
}

#if !(HEADRACE_VERSION >= 100 && HEADRACE_VERSION < 1000000)
#error "HEADRACE_VERSION is no number for #if"
#endif

static uint64_t monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

Test(errors, deadlines_are_monotonic_nanoseconds) {
  uint64_t before = monotonic(), deadline = batch_deadline_after(1500000000), after = monotonic();
  cr_assert_geq(deadline, before + 1500000000);
  cr_assert_leq(deadline, after + 1500000000);
}

Test(errors, deadlines_do_not_wrap) {
  cr_assert_eq(batch_deadline_after(UINT64_MAX), BATCH_FOREVER);
  cr_assert_eq(batch_deadline_after(UINT64_MAX - 1), BATCH_FOREVER);
  cr_assert_neq(batch_deadline_after(0), BATCH_NO_WAIT);
}

/* One failure of every kind of call. */
static void fail_everywhere(void *unused) {
  (void)unused;
  Batch *batch = batch_create(2, 2, 1), *out[4];
  BatchQueue *queue = batch_queue_create(1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  tensor_create(NULL, 0);
  tensor_get(NULL, NULL);
  tensor_set(&batch->documents, (uint32_t[]){0, 0}, 1);
  batch_create(0, 0, 0);
  batch_copy(NULL);
  batch_split(batch, 3, out);
  batch_merge(NULL, 1);
  batch->input.data[0] = 5;
  cr_assert_not(batch_validate_strict(batch));
  batch_queue_try_dequeue(queue);
  batch_queue_enqueue(queue, NULL);
  batch_pool_release(pool, batch);
  batch_pool_create(0, 1, 1, 1);
  batch_distribute_to_spheres(batch, 0, out);
  batch_assign_to_group(batch, 12);
  batch_spheres_start(NULL);
  batch_pool_free(pool);
  batch_queue_free(queue);
  batch_free(batch);
}

Test(errors, nothing_is_printed) {
  char *text = check_output_of(2, fail_everywhere, NULL);
  cr_assert_str_eq(text, "");
  free(text);
  text = check_output_of(1, fail_everywhere, NULL);
  cr_assert_str_eq(text, "");
  free(text);
}

static void hang(test_thread *self) {
  thread_waits(self, "waits for ever");
  for (;;) nanosleep(&(struct timespec){1000, 0}, NULL);
}

static void hang_watched(void *limit) {
  test_thread thread;
  bool still = *(const char *)limit == 's';
  watchdog_start(still, !still, "this");
  threads_start(&thread, 1, "sleeper", hang, NULL);
  watchdog_step("joins the sleeper");
  pthread_join(thread.id, NULL);
}

Test(errors, the_watchdog_says_where_threads_stand) {
  for (const char *const *limit = (const char *const[]){"still", "total", NULL}; *limit; limit++)
    assert_aborts(hang_watched, (void *)*limit, "watchdog: this has not ended in ", "main: joins the sleeper",
                  "sleeper 0: waits for ever");
}
