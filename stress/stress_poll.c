/* Queues and pools that are polled with epoll, their system calls counted (write, read, eventfd and port_wake are wrapped when
   this program is linked).
   1. Nothing armed, nobody asleep: no system call. Armed: one write for each arming, however many elements come.
      Control: arming before each element makes a write of each.
   2. Batches go round from a pool through a queue, at every station threads that sleep beside threads that poll. Each
      batch comes once; there are no more writes than armings.
   3. Of two that ask for a descriptor at once the second one closes its own, also where it is cancelled.
   4. Pools are freed while a thread that has given their last batch back is about to write to the descriptor: freeing
      does not wait for it, and what is opened next is left alone.

   stress_poll [seconds [threads [seed]]]     threads: producers, and as many consumers */
#include <errno.h>
#include <fcntl.h>
#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/stress.h"
#include "sync/port.h"

enum { QUIET = 20000, ARMINGS = 1000, MOST = 16, BURST = 5, FREED = 200 };

/* Wrapped by the linker. */
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __real_read(int fd, void *data, size_t size);
int __real_eventfd(unsigned count, int flags);
void __real_port_wake(_Atomic uint32_t *word, uint32_t count);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
int __wrap_eventfd(unsigned count, int flags);
void __wrap_port_wake(_Atomic uint32_t *word, uint32_t count);

static _Atomic uint64_t writes, reads, wakes;
/* Of a thread that is held back before it writes. */
static _Thread_local bool is_held_back;
static atomic_bool about_to_write, may_write;

ssize_t __wrap_write(int fd, const void *data, size_t size) {
  atomic_fetch_add(&writes, 1);
  if (is_held_back) atomic_store(&about_to_write, true);
  while (is_held_back && !atomic_load(&may_write)) port_yield();
  return __real_write(fd, data, size);
}

ssize_t __wrap_read(int fd, void *data, size_t size) {
  atomic_fetch_add(&reads, 1);
  return __real_read(fd, data, size);
}

void __wrap_port_wake(_Atomic uint32_t *word, uint32_t count) {
  atomic_fetch_add(&wakes, 1);
  __real_port_wake(word, count);
}

/* Of a thread that is to be second: the first one comes while it has made its own. */
static _Thread_local BatchQueue *asked_before;

int __wrap_eventfd(unsigned count, int flags) {
  BatchQueue *queue = asked_before;
  asked_before = NULL;
  int fd = __real_eventfd(count, flags);
  if (queue) batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE);
  return fd;
}

static uint64_t calls(void) {
  return atomic_load(&writes) + atomic_load(&reads) + atomic_load(&wakes);
}

static void take(BatchQueue *queue) {
  Batch *batch = batch_queue_try_dequeue(queue);
  stress_check(batch, "%s", batch_last_error()->message);
  batch_release(batch);
}

static void put(BatchQueue *queue, BatchPool *pool) {
  Batch *batch = batch_pool_try_allocate(pool);
  stress_check(batch && batch_queue_try_enqueue(queue, batch), "%s", batch_last_error()->message);
}

/* Puts and takes `bursts` times BURST batches, armed before each of them in a burst, before each burst, or not. */
static uint64_t writes_of(BatchQueue *queue, BatchPool *pool, unsigned bursts, unsigned armings) {
  uint64_t before = atomic_load(&writes);
  for (unsigned i = 0; i < bursts; i++) {
    for (unsigned k = 0; k < BURST; k++) {
      if (k < armings) batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE);
      put(queue, pool);
      if (armings > 1) take(queue);
    }
    for (unsigned k = 0; armings <= 1 && k < BURST; k++) take(queue);
  }
  return atomic_load(&writes) - before;
}

static void count_calls(void) {
  BatchQueue *queue = batch_queue_create(BURST);
  BatchPool *pool = batch_pool_create(BURST, 1, 1, 0);
  stress_check(batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE) >= 0 &&
                   batch_queue_fd(queue, BATCH_QUEUE_ENQUEUE) >= 0 && batch_pool_fd(pool) >= 0,
               "%s", batch_last_error()->message);
  stress_step("counts system calls");
  uint64_t before = calls();
  writes_of(queue, pool, QUIET, 0);
  uint64_t quiet = calls() - before, once = writes_of(queue, pool, ARMINGS, 1),
           each = writes_of(queue, pool, ARMINGS, BURST);
  printf("  %d batches unarmed: %" PRIu64 " calls; %d armings for %d batches each: %" PRIu64
         " writes; control, each armed for: %" PRIu64 "\n",
         QUIET * BURST, quiet, ARMINGS, BURST, once, each);
  stress_check(quiet == 0, "%" PRIu64 " system calls while nothing is armed", quiet);
  stress_check(once == ARMINGS, "%" PRIu64 " writes for %d armings", once, ARMINGS);
  stress_check(each == ARMINGS * BURST, "the control makes %" PRIu64 " writes: nothing is counted", each);
  batch_queue_free(queue);
  batch_pool_free(pool);
}

typedef struct shared {
  BatchQueue *queue;
  BatchPool *pool;
  double until; /* so much of the time is over */
  _Atomic uint64_t put, taken, sum_put, sum_taken, armings, polls;
} shared;

static shared all;

/* Waits until fd is readable, the one descriptor of this set. */
static void wait_for(int epoll, int fd) {
  struct epoll_event ready = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ready) != 0)
    stress_check(errno == EEXIST, "epoll_ctl answers %d", errno);
  atomic_fetch_add(&all.polls, 1);
  while (epoll_wait(epoll, &ready, 1, -1) < 0) stress_check(errno == EINTR, "epoll_wait answers %d", errno);
}

/* Whether there is something to wait for, and it has been. */
static bool goes_on(int epoll, int fd, batch_status armed) {
  atomic_fetch_add(&all.armings, 1);
  if (armed == BATCH_OK) wait_for(epoll, fd);
  stress_check(armed == BATCH_OK || armed == BATCH_READY || armed == BATCH_CLOSED, "%s",
               batch_last_error()->message);
  return armed != BATCH_CLOSED;
}

static Batch *allocate(bool polls, int epoll) {
  Batch *batch = polls ? batch_pool_try_allocate(all.pool) : batch_pool_allocate(all.pool);
  while (polls && !batch && goes_on(epoll, batch_pool_fd(all.pool), batch_pool_arm(all.pool)))
    batch = batch_pool_try_allocate(all.pool);
  return batch;
}

static bool enqueue(bool polls, int epoll, Batch *batch) {
  if (!polls) return batch_queue_enqueue(all.queue, batch);
  int fd = batch_queue_fd(all.queue, BATCH_QUEUE_ENQUEUE);
  while (!batch_queue_try_enqueue(all.queue, batch))
    if (!goes_on(epoll, fd, batch_queue_arm(all.queue, BATCH_QUEUE_ENQUEUE))) return false;
  return true;
}

static Batch *dequeue(bool polls, int epoll) {
  if (!polls) return batch_queue_dequeue(all.queue);
  int fd = batch_queue_fd(all.queue, BATCH_QUEUE_DEQUEUE);
  Batch *batch = batch_queue_try_dequeue(all.queue);
  while (!batch && goes_on(epoll, fd, batch_queue_arm(all.queue, BATCH_QUEUE_DEQUEUE)))
    batch = batch_queue_try_dequeue(all.queue);
  return batch;
}

/* Every second one of a side polls; each epoll set is one thread's own and has one descriptor. */
static void produce(stress_thread *self) {
  bool polls = self->number % 2;
  int for_room = epoll_create1(EPOLL_CLOEXEC), for_batch = epoll_create1(EPOLL_CLOEXEC);
  while (stress_goes_on_until(all.until)) {
    stress_step("waits for a batch of the pool");
    Batch *batch = allocate(polls, for_batch);
    if (!batch) break;
    batch->batch_id = stress_random(&self->random) >> 32;
    uint64_t id = batch->batch_id;
    stress_step("waits for room in the queue");
    if (!enqueue(polls, for_room, batch)) stress_fail("the queue is closed");
    atomic_fetch_add(&all.put, 1);
    atomic_fetch_add(&all.sum_put, id);
  }
  close(for_room);
  close(for_batch);
}

static void consume(stress_thread *self) {
  bool polls = self->number % 2 == 0;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  stress_step("waits for a batch of the queue");
  for (Batch *batch; (batch = dequeue(polls, epoll)); stress_step("waits for a batch of the queue")) {
    atomic_fetch_add(&all.taken, 1);
    atomic_fetch_add(&all.sum_taken, batch->batch_id);
    batch_release(batch);
  }
  close(epoll);
}

static uint64_t go_round(uint32_t capacity, uint32_t batches, unsigned threads, double until) {
  stress_thread producers[MOST], consumers[MOST];
  uint64_t before = atomic_load(&writes);
  all = (shared){
      .queue = batch_queue_create(capacity), .pool = batch_pool_create(batches, 1, 1, 0), .until = until};
  stress_start(consumers, threads, "consumer", consume, NULL);
  stress_start(producers, threads, "producer", produce, NULL);
  stress_join(producers, threads);
  batch_queue_close(all.queue);
  stress_join(consumers, threads);
  uint64_t written = atomic_load(&writes) - before;
  stress_check(all.put == all.taken && all.sum_put == all.sum_taken,
               "%" PRIu64 " batches went in, %" PRIu64 " came out", all.put, all.taken);
  stress_check(batch_pool_outstanding(all.pool) == 0, "a batch is missing in the pool");
  stress_check(written <= all.armings, "%" PRIu64 " writes for %" PRIu64 " armings", written, all.armings);
  printf("  capacity %u, pool of %u: %" PRIu64 " batches, %" PRIu64 " armings, %" PRIu64 " polls, %" PRIu64
         " writes\n",
         capacity, batches, all.taken, all.armings, all.polls, written);
  batch_queue_free(all.queue);
  batch_pool_free(all.pool);
  return all.taken;
}

typedef struct second {
  BatchQueue *queue;
  int fd;
  bool came_out;
} second;

static void *ask_second(void *context) {
  second *s = context;
  asked_before = s->queue;
  pthread_cancel(pthread_self());
  s->fd = batch_queue_fd(s->queue, BATCH_QUEUE_DEQUEUE);
  s->came_out = true;
  pthread_testcancel();
  return NULL;
}

static void ask_at_once(void) {
  pthread_t thread;
  void *result;
  second s = {.queue = batch_queue_create(1)};
  int free_before = eventfd(0, EFD_CLOEXEC);
  close(free_before);
  stress_check(pthread_create(&thread, NULL, ask_second, &s) == 0 && pthread_join(thread, &result) == 0,
               "no thread");
  stress_check(s.came_out && result == PTHREAD_CANCELED, "a thread was cancelled in batch_queue_fd");
  stress_check(s.fd == batch_queue_fd(s.queue, BATCH_QUEUE_DEQUEUE), "a queue has two descriptors");
  batch_queue_free(s.queue);
  int free_after = eventfd(0, EFD_CLOEXEC);
  close(free_after);
  stress_check(free_after == free_before, "descriptor %d was left open", free_before);
}

static void give_back(stress_thread *self) {
  is_held_back = true;
  stress_step("gives the last batch back");
  batch_release(self->context);
}

static void free_while_told(void) {
  for (unsigned i = 0; i < FREED; i++) {
    stress_thread late;
    BatchPool *pool = batch_pool_create(1, 1, 1, 0);
    Batch *batch = batch_pool_allocate(pool);
    int fd = batch_pool_fd(pool);
    uint64_t told;
    atomic_store(&about_to_write, false);
    atomic_store(&may_write, false);
    stress_check(batch_pool_arm(pool) == BATCH_OK, "%s", batch_last_error()->message);
    stress_start(&late, 1, "late", give_back, batch);
    stress_step("waits until the batch has been given back");
    while (!atomic_load(&about_to_write)) port_yield();
    stress_step("frees the pool");
    batch_pool_free(pool);
    int next = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&may_write, true);
    stress_join(&late, 1);
    stress_check(next >= 0 && __real_read(next, &told, sizeof told) < 0,
                 "what was opened next was written to");
    stress_check(next == fd || fcntl(fd, F_GETFD) < 0, "the descriptor was left open");
    close(next);
  }
  printf("  %d pools freed while a thread was about to write to their descriptor\n", FREED);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 3.0, 4);
  unsigned threads = stress_threads() < MOST ? stress_threads() : MOST;
  count_calls();
  ask_at_once();
  free_while_told();
  uint64_t batches = go_round(3, 2 * threads, threads, 0.25);
  batches += go_round(1, 1, threads, 0.5);
  batches += go_round(0, threads, threads, 0.75);
  batches += go_round(64, 256, threads, 1.0);
  return stress_end("%" PRIu64 " batches, each once", batches);
}
