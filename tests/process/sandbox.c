/* A sandbox that refuses the futex: deadlines hold, whoever waits is still woken, and does not burn the processor
   meanwhile. A wait by the futex alone would look again at once, for ever. */
#include <errno.h>
#include <headrace/headrace.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

enum { SKIPPED = 77, WAIT_MS = 400 };

/* One that would wake nobody. */
static void expect_refused(int number) {
  int word = 0;
  long answer = syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0);
  EXPECT(answer == -1 && errno == number, "the futex answers %ld, errno %d", answer, errno);
}

/* From now on SYS_futex answers with this errno. glibc's own waits do not bear that: no pthread_join here. */
static void refuse_futex(int number) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    printf("skipped: no seccomp here: %s\n", strerror(errno));
    exit(SKIPPED);
  }
  expect_refused(number);
}

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* How often this thread has slept of its own accord. */
static long naps(void) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

/* It sleeps, for at least the hundred microseconds of a nap and longer on a busy machine, and takes less processor time
   than that between two naps: who looked again at once would sleep never. */
static void wait_to_deadline(void) {
  BatchQueue *queue = batch_queue_create(4);
  Batch *batch;
  long slept = naps();
  double begin = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_THREAD_CPUTIME_ID);
  batch_status status = batch_queue_dequeue_until(queue, &batch, batch_deadline_after(WAIT_MS * 1000000u));
  EXPECT(status == BATCH_TIMEDOUT, "%s", batch_status_name(status));
  double waited = seconds(CLOCK_MONOTONIC) - begin;
  used = seconds(CLOCK_THREAD_CPUTIME_ID) - used;
  EXPECT(waited >= WAIT_MS * 1e-3, "%f s", waited);
  slept = naps() - slept;
  EXPECT(slept > 0 && used < 1e-4 * (double)slept, "%f s of processor time, %ld naps", used, slept);
  batch_queue_free(queue);
}

static void deadline_enosys(void) {
  refuse_futex(ENOSYS);
  wait_to_deadline();
}

static void deadline_eperm(void) {
  refuse_futex(EPERM);
  wait_to_deadline();
}

static atomic_bool taken;

static void *take_one(void *queue) {
  Batch *batch = batch_queue_dequeue(queue);
  EXPECT(batch, "%s", batch_last_error()->message);
  batch_release(batch);
  atomic_store(&taken, true);
  return NULL;
}

static void woken(void) {
  BatchQueue *queue = batch_queue_create(4);
  Batch *batch = batch_create(1, 1, 0);
  pthread_t thread;
  refuse_futex(ENOSYS);
  EXPECT(pthread_create(&thread, NULL, take_one, queue) == 0, "no thread");
  usleep(50000); /* most likely it waits by now; either way it must get the batch */
  EXPECT(batch_queue_enqueue(queue, batch), "%s", batch_last_error()->message);
  while (!atomic_load(&taken)) usleep(1000);
  _exit(0);
}

/* No sandbox: that nothing is refused must be seen. */
static void control(void) {
  expect_refused(ENOSYS);
}

int main(int argc, char **argv) {
  static const process_case cases[] = {{"deadline_enosys", deadline_enosys},
                                       {"deadline_eperm", deadline_eperm},
                                       {"woken", woken},
                                       {"control", control}};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
