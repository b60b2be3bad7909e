/* Loaders in an event loop. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/loader.h"
#include "support/watchdog.h"

TestSuite(poll_loader, .init = loader_begin, .fini = loader_end);

enum { BAD = 2000, POOL = 6 };

static BatchLoader *start(const BatchDataset *of) {
  batch_loader_options o = small_options();
  o.workers = 2;
  o.pool_size = POOL;
  return start_loader(of, &o);
}

static bool is_readable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, 0) == 1;
}

/* What an event loop does. Returns what arming answered last. */
static batch_status run(BatchLoader *loader, uint64_t *steps) {
  struct epoll_event ready = {.events = EPOLLIN};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  batch_status status;
  cr_assert_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, batch_loader_fd(loader), &ready), 0);
  watchdog_step("polls");
  do {
    for (Batch *batch; batch_loader_next_until(loader, &batch, BATCH_NO_WAIT) == BATCH_OK; (*steps)++) {
      cr_assert_eq(batch->batch_id, *steps);
      batch_release(batch);
    }
    status = batch_loader_arm(loader);
    if (status == BATCH_OK) epoll_wait(epoll, &ready, 1, -1);
  } while (status == BATCH_OK || status == BATCH_READY);
  cr_assert(is_readable(batch_loader_fd(loader)));
  close(epoll);
  return status;
}

Test(poll_loader, every_batch_comes_in_order_and_then_the_end) {
  BatchLoader *loader = start(dataset);
  uint64_t steps = 0;
  cr_assert_eq(run(loader, &steps), BATCH_END);
  assert_error(BATCH_END, "batch_loader_arm: ", "last batch");
  cr_assert_eq(steps, batch_loader_epoch_steps(loader));
  batch_loader_free(loader);
}

static int32_t one_bad(uint64_t i) {
  return i == BAD ? 5000 : token_at(i);
}

Test(poll_loader, a_fault_ends_the_waiting) {
  BatchDataset *faulty = open_dataset(write_ids("faulty.bin", TOKENS, one_bad), NULL);
  BatchLoader *loader = start(faulty);
  uint64_t steps = 0;
  cr_assert_eq(run(loader, &steps), BATCH_ERROR_OUT_OF_RANGE);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, "batch_loader_arm: ", "5000");
  cr_assert_lt(steps, batch_loader_epoch_steps(loader));
  batch_loader_free(loader);
  batch_dataset_free(faulty);
}

/* Until one of them is released nothing more can come. */
static uint32_t take_all(BatchLoader *loader, Batch **batches) {
  for (uint32_t n = 0; n < POOL; n++) {
    batches[n] = batch_loader_next(loader);
    cr_assert_not_null(batches[n], "%s", batch_last_error()->message);
  }
  return POOL;
}

Test(poll_loader, an_armed_loader_is_readable_when_a_batch_comes_or_it_is_closed) {
  Batch *batches[POOL];
  for (int closes = 0; closes < 2; closes++) {
    BatchLoader *loader = start(dataset);
    struct pollfd one = {.fd = batch_loader_fd(loader), .events = POLLIN};
    uint32_t n = take_all(loader, batches);
    cr_assert_eq(batch_loader_arm(loader), BATCH_OK, "%s", batch_last_error()->message);
    cr_assert_not(is_readable(one.fd));
    if (closes)
      batch_loader_close(loader);
    else
      batch_release(batches[--n]);
    watchdog_step("polls");
    cr_assert_eq(poll(&one, 1, -1), 1);
    if (closes)
      assert_refused(batch_loader_arm(loader) == BATCH_CLOSED, BATCH_CLOSED, "batch_loader_arm: ", "closed");
    else
      assert_refused(batch_loader_arm(loader) == BATCH_READY, BATCH_READY, "batch_loader_arm: ");
    while (n > 0) batch_release(batches[--n]);
    batch_loader_free(loader);
  }
}

Test(poll_loader, bad_arguments_and_children_are_refused) {
  static BatchLoader *loader; /* where valgrind finds it when the child ends */
  loader = start(dataset);
  int status;
  assert_refused(batch_loader_fd(NULL) == -1, BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_fd: ", "loader",
                 CHECK_NULL);
  assert_refused(batch_loader_arm(NULL) == BATCH_ERROR_INVALID_ARGUMENT, BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_arm: ", "loader", CHECK_NULL);
  cr_assert_geq(batch_loader_fd(loader), 0);
  pid_t child = fork();
  if (child == 0)
    _exit(batch_loader_fd(loader) != -1 || batch_last_error()->code != BATCH_ERROR_UNSUPPORTED ||
          batch_loader_arm(loader) != BATCH_ERROR_UNSUPPORTED);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
  batch_loader_free(loader);
}
