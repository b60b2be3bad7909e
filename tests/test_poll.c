/* Descriptors of queues and pools: when they are readable, and when not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/queues.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(poll, .init = watchdog_on);

static const batch_queue_side DEQUEUE = BATCH_QUEUE_DEQUEUE, ENQUEUE = BATCH_QUEUE_ENQUEUE;

static bool is_readable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  int answer = poll(&one, 1, 0);
  cr_assert(answer == 0 || (answer == 1 && one.revents == POLLIN), "poll answers %d, events %x", answer,
            (unsigned)one.revents);
  return answer == 1;
}

static int fd_of(BatchQueue *queue, batch_queue_side side) {
  int fd = batch_queue_fd(queue, side);
  cr_assert_geq(fd, 0, "%s", batch_last_error()->message);
  return fd;
}

static void assert_armed(BatchQueue *queue, batch_queue_side side) {
  cr_assert_eq(batch_queue_arm(queue, side), BATCH_OK, "%s", batch_last_error()->message);
  cr_assert_not(is_readable(fd_of(queue, side)));
}

/* What arming answers leaves the descriptor readable. */
static void assert_not_to_wait(BatchQueue *queue, batch_queue_side side, batch_status answer) {
  assert_refused(batch_queue_arm(queue, side) == answer, answer, "batch_queue_arm: ");
  cr_assert(is_readable(fd_of(queue, side)));
}

/* How often a descriptor was written since it was armed. */
static uint64_t writes_to(int fd) {
  uint64_t count = 0;
  return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

Test(poll, a_side_has_one_descriptor_which_is_closed_with_the_queue) {
  BatchQueue *queue = queue_of(2);
  int in = fd_of(queue, ENQUEUE), out = fd_of(queue, DEQUEUE);
  cr_assert_neq(in, out);
  cr_assert_eq(fd_of(queue, ENQUEUE), in);
  cr_assert_eq(fd_of(queue, DEQUEUE), out);
  cr_assert(fcntl(out, F_GETFD) & FD_CLOEXEC);
  cr_assert(fcntl(out, F_GETFL) & O_NONBLOCK);
  batch_queue_free(queue);
  cr_assert_eq(fcntl(in, F_GETFD), -1);
  cr_assert_eq(fcntl(out, F_GETFD), -1);
}

Test(poll, nothing_is_written_while_nothing_is_armed) {
  BatchQueue *queue = queue_of(2);
  int out = fd_of(queue, DEQUEUE), in = fd_of(queue, ENQUEUE);
  queue_put(queue, 1);
  queue_put(queue, 2);
  assert_next(queue, 1);
  cr_assert_not(is_readable(out));
  cr_assert_not(is_readable(in));
  batch_queue_close(queue);
  cr_assert_not(is_readable(out));
  batch_queue_free(queue);
}

Test(poll, what_enters_makes_an_armed_descriptor_readable_until_it_is_armed_again) {
  BatchQueue *queue = queue_of(0);
  int out = fd_of(queue, DEQUEUE);
  for (uint64_t i = 0; i < 3; i++) {
    assert_armed(queue, DEQUEUE);
    queue_put(queue, i);
    cr_assert(is_readable(out));
    assert_next(queue, i);
    cr_assert(is_readable(out));
  }
  assert_armed(queue, DEQUEUE);
  batch_queue_free(queue);
}

Test(poll, an_arming_is_written_to_once) {
  BatchQueue *queue = queue_of(8);
  int out = fd_of(queue, DEQUEUE);
  assert_armed(queue, DEQUEUE);
  assert_armed(queue, DEQUEUE);
  for (uint64_t i = 0; i < 5; i++) queue_put(queue, i);
  batch_queue_close(queue);
  cr_assert_eq(writes_to(out), 1);
  cr_assert_not(is_readable(out));
  batch_queue_free(queue);
}

Test(poll, several_at_once_are_one_token) {
  BatchQueue *queue = queue_of(8);
  Batch *three[3] = {check_small_batch(0), check_small_batch(1), check_small_batch(2)};
  int out = fd_of(queue, DEQUEUE);
  assert_armed(queue, DEQUEUE);
  cr_assert_eq(batch_queue_enqueue_many(queue, three, 3), 3);
  cr_assert_eq(writes_to(out), 1);
  batch_queue_free(queue);
}

Test(poll, arming_finds_what_is_there) {
  BatchQueue *queue = queue_with(4, 1);
  assert_not_to_wait(queue, DEQUEUE, BATCH_READY);
  assert_next(queue, 0);
  assert_armed(queue, DEQUEUE);
  queue_put(queue, 7);
  assert_not_to_wait(queue, DEQUEUE, BATCH_READY);
  batch_queue_close(queue);
  assert_not_to_wait(queue, DEQUEUE, BATCH_READY);
  assert_next(queue, 7);
  assert_not_to_wait(queue, DEQUEUE, BATCH_CLOSED);
  batch_queue_free(queue);
}

Test(poll, room_makes_the_other_side_readable) {
  BatchQueue *queue = queue_with(2, 2);
  int in = fd_of(queue, ENQUEUE);
  assert_armed(queue, ENQUEUE);
  assert_next(queue, 0);
  cr_assert(is_readable(in));
  assert_not_to_wait(queue, ENQUEUE, BATCH_READY);
  queue_put(queue, 2);
  assert_armed(queue, ENQUEUE);
  batch_queue_clear(queue);
  cr_assert(is_readable(in));
  batch_queue_free(queue);
}

Test(poll, there_is_always_room_in_an_unlimited_queue) {
  BatchQueue *queue = queue_with(0, 3);
  assert_not_to_wait(queue, ENQUEUE, BATCH_READY);
  batch_queue_close(queue);
  assert_not_to_wait(queue, ENQUEUE, BATCH_CLOSED);
  batch_queue_free(queue);
}

Test(poll, closing_makes_both_sides_readable) {
  for (uint32_t inside = 0; inside < 2; inside++) {
    BatchQueue *queue = queue_with(1, inside);
    batch_queue_side side = inside ? ENQUEUE : DEQUEUE;
    assert_armed(queue, side);
    batch_queue_close(queue);
    cr_assert(is_readable(fd_of(queue, side)));
    assert_not_to_wait(queue, side, BATCH_CLOSED);
    batch_queue_free(queue);
  }
}

static void take_one(test_thread *self) {
  thread_waits(self, "waits in batch_queue_dequeue");
  batch_release(batch_queue_dequeue(self->context));
}

Test(poll, who_polls_is_told_beside_sleeping_threads_and_in_place_of_none) {
  BatchQueue *queue = queue_of(8);
  test_thread sleepers[2];
  int out = fd_of(queue, DEQUEUE);
  threads_start(sleepers, 2, "sleeper", take_one, queue);
  threads_until_asleep(sleepers, 2);
  assert_armed(queue, DEQUEUE);
  queue_put(queue, 0);
  cr_assert(is_readable(out));
  queue_put(queue, 1);
  threads_join(sleepers, 2);
  cr_assert_eq(writes_to(out), 1);
  batch_queue_free(queue);
}

Test(poll, who_stops_polling_keeps_nobody_asleep) {
  BatchQueue *queue = queue_of(8);
  test_thread sleeper;
  assert_armed(queue, DEQUEUE);
  threads_start(&sleeper, 1, "sleeper", take_one, queue);
  threads_until_asleep(&sleeper, 1);
  queue_put(queue, 0);
  threads_join(&sleeper, 1);
  batch_queue_free(queue);
}

Test(poll, freeing_an_armed_queue_is_fine) {
  BatchQueue *queue = queue_of(1);
  assert_armed(queue, DEQUEUE);
  int epoll = epoll_create1(EPOLL_CLOEXEC), out = fd_of(queue, DEQUEUE);
  struct epoll_event ready = {.events = EPOLLIN};
  cr_assert_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, out, &ready), 0);
  batch_queue_free(queue);
  cr_assert_eq(epoll_wait(epoll, &ready, 1, 0), 0);
  close(epoll);
}

Test(poll, pools_are_polled_for_idle_batches) {
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  int fd = batch_pool_fd(pool);
  cr_assert_eq(batch_pool_arm(pool), BATCH_READY);
  cr_assert(is_readable(fd));
  Batch *batch = batch_pool_try_allocate(pool);
  cr_assert_eq(batch_pool_arm(pool), BATCH_OK);
  cr_assert_not(is_readable(fd));
  batch_release(batch);
  cr_assert(is_readable(fd));
  batch = batch_pool_try_allocate(pool);
  cr_assert_eq(batch_pool_arm(pool), BATCH_OK);
  cr_assert(batch_pool_resize(pool, 2));
  cr_assert(is_readable(fd));
  batch_release(batch);
  batch_pool_close(pool);
  assert_refused(batch_pool_arm(pool) == BATCH_CLOSED, BATCH_CLOSED, "batch_pool_arm: ", "closed");
  cr_assert(is_readable(fd));
  batch_pool_free(pool);
  cr_assert_eq(fcntl(fd, F_GETFD), -1);
}

Test(poll, closing_makes_a_pool_readable) {
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  Batch *batch = batch_pool_try_allocate(pool);
  cr_assert_eq(batch_pool_arm(pool), BATCH_OK);
  batch_pool_close(pool);
  cr_assert(is_readable(batch_pool_fd(pool)));
  batch_release(batch);
  batch_pool_free(pool);
}

/* Runs in a forked child, and says by its status what went wrong. */
static void poll_in_child(BatchQueue *queue, int parents) {
  /* Armed by the parent: the child's token goes nowhere. */
  if (!batch_queue_try_enqueue(queue, check_small_batch(1))) _exit(1);
  batch_release(batch_queue_try_dequeue(queue));
  int fd = batch_queue_fd(queue, DEQUEUE);
  struct pollfd own = {.fd = fd, .events = POLLIN};
  if (fd < 0 || fd == parents) _exit(2);
  if (batch_queue_arm(queue, DEQUEUE) != BATCH_OK || poll(&own, 1, 0) != 0) _exit(3);
  if (!batch_queue_try_enqueue(queue, check_small_batch(2)) || poll(&own, 1, 0) != 1) _exit(4);
  batch_queue_free(queue);
  _exit(fcntl(fd, F_GETFD) == -1 && fcntl(parents, F_GETFD) != -1 ? 0 : 5);
}

Test(poll, a_forked_child_has_a_descriptor_of_its_own) {
  for (int told = 0; told < 2; told++) {
    BatchQueue *queue = queue_of(2);
    int fd = fd_of(queue, DEQUEUE), status;
    assert_armed(queue, DEQUEUE);
    if (told) {
      queue_put(queue, 0);
      assert_next(queue, 0);
    }
    pid_t child = fork();
    if (child == 0) poll_in_child(queue, fd);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "the child ended with %x", (unsigned)status);
    cr_assert_eq(is_readable(fd), told, "the child wrote to, or drained, its parent's descriptor");
    batch_queue_free(queue);
  }
}

/* In the child nobody sleeps, though the copy of the queue counts the parent's threads. */
Test(poll, a_forked_childs_descriptor_is_told_whoever_slept_in_the_parent) {
  BatchQueue *queue = queue_of(2);
  test_thread sleepers[2];
  int fd = fd_of(queue, DEQUEUE), status;
  threads_start(sleepers, 2, "sleeper", take_one, queue);
  threads_until_asleep(sleepers, 2);
  pid_t child = fork();
  if (child == 0) poll_in_child(queue, fd);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0, "the child ended with %x", (unsigned)status);
  queue_put(queue, 0);
  queue_put(queue, 1);
  threads_join(sleepers, 2);
  batch_queue_free(queue);
}

/* Its own cancellation is pending; it must not be what ends the call. */
static void enqueue_cancelled(test_thread *self) {
  Batch *batch = check_small_batch(1);
  pthread_cancel(pthread_self());
  bool entered = batch_queue_enqueue(self->context, batch);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  cr_assert(entered);
  self->result = self;
}

Test(poll, a_thread_that_is_to_be_cancelled_tells_before_it_ends) {
  BatchQueue *queue = queue_of(2);
  test_thread cancelled;
  int out = fd_of(queue, DEQUEUE);
  assert_armed(queue, DEQUEUE);
  threads_start(&cancelled, 1, "cancelled", enqueue_cancelled, queue);
  threads_join(&cancelled, 1);
  cr_assert_not_null(cancelled.result, "it ended inside of the call");
  cr_assert(is_readable(out));
  batch_queue_free(queue);
}

Test(poll, without_descriptors_there_is_an_error_and_nothing_else_changes) {
  BatchQueue *queue = queue_with(2, 1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  struct rlimit before, none;
  cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  none.rlim_cur = 0;
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
  assert_refused(batch_queue_fd(queue, DEQUEUE) == -1, BATCH_ERROR_IO, "batch_queue_fd: ", "descriptor",
                 strerror(EMFILE));
  assert_refused(batch_queue_arm(queue, DEQUEUE) == BATCH_ERROR_IO, BATCH_ERROR_IO,
                 "batch_queue_arm: ", strerror(EMFILE));
  assert_refused(batch_pool_fd(pool) == -1, BATCH_ERROR_IO, "batch_pool_fd: ", strerror(EMFILE));
  assert_next(queue, 0);
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_armed(queue, DEQUEUE);
  batch_pool_free(pool);
  batch_queue_free(queue);
}

static void enqueue_to_closed_descriptor(void *queue) {
  close(batch_queue_fd(queue, DEQUEUE));
  queue_put(queue, 1);
}

Test(poll, a_descriptor_that_somebody_closed_is_named) {
  BatchQueue *queue = queue_of(1);
  assert_armed(queue, DEQUEUE);
  assert_aborts(enqueue_to_closed_descriptor, queue, "headrace: batch_queue_fd: descriptor", strerror(EBADF));
  close(fd_of(queue, DEQUEUE));
  assert_refused(batch_queue_arm(queue, DEQUEUE) == BATCH_ERROR_IO, BATCH_ERROR_IO,
                 "batch_queue_arm: ", strerror(EBADF));
  batch_queue_free(queue);
}

enum { ITEMS = 2000, POLLERS = 3 };

/* One of several loops with one descriptor. */
static void poll_until_closed(test_thread *self) {
  BatchQueue *queue = self->context;
  struct epoll_event ready = {.events = EPOLLIN};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  uintptr_t taken = 0;
  batch_status status;
  cr_assert_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, batch_queue_fd(queue, DEQUEUE), &ready), 0);
  watchdog_step("polls");
  do {
    for (Batch *batch; (batch = batch_queue_try_dequeue(queue)); taken++) batch_release(batch);
    status = batch_queue_arm(queue, DEQUEUE);
    if (status == BATCH_OK) epoll_wait(epoll, &ready, 1, -1);
  } while (status == BATCH_OK || status == BATCH_READY);
  cr_assert_eq(status, BATCH_CLOSED, "%s", batch_last_error()->message);
  close(epoll);
  self->result = (void *)taken;
}

Test(poll, several_loops_take_everything_through_one_descriptor) {
  BatchQueue *queue = queue_of(4);
  test_thread loops[POLLERS];
  uintptr_t taken = 0;
  threads_start(loops, POLLERS, "loop", poll_until_closed, queue);
  for (uint64_t i = 0; i < ITEMS; i++) cr_assert(batch_queue_enqueue(queue, check_small_batch(i)));
  batch_queue_close(queue);
  threads_join(loops, POLLERS);
  for (int i = 0; i < POLLERS; i++) taken += (uintptr_t)loops[i].result;
  cr_assert_eq(taken, ITEMS);
  batch_queue_free(queue);
}
