/* port.h on Linux. Threads sleep on a futex: FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC deadline. */
#include "sync/port.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sync/thread.h"

void port_yield(void) {
  sched_yield();
}

bool port_may_spin(void) {
  /* 0: not asked yet. Every thread would write the same answer, so relaxed will do. */
  static _Atomic int processors;
  int online = atomic_load_explicit(&processors, memory_order_relaxed);
  if (online == 0) {
    online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    atomic_store_explicit(&processors, online < 1 ? 1 : online, memory_order_relaxed);
  }
  return online > 1;
}

/* A sandbox refuses the call, or ours is no kernel that knows it: looks again now and then. Nothing else in the
   library sleeps like this. */
__attribute__((noinline, cold)) static bool look_again(uint64_t deadline) {
  enum { PATIENCE_NS = 100000 };
  uint64_t now = port_clock();
  if (now >= deadline) return false;
  uint64_t left = deadline - now;
  struct timespec pause = {0, left < PATIENCE_NS ? (long)left : PATIENCE_NS};
  int held = thread_hold_cancellation(); /* as in the futex: who ended here would stay registered */
  if (nanosleep(&pause, NULL) != 0) sched_yield();
  thread_release_cancellation(held);
  return true;
}

bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  struct timespec until = {.tv_sec = (time_t)(deadline / PORT_SECOND_NS),
                           .tv_nsec = (long)(deadline % PORT_SECOND_NS)};
  int saved = errno;
  long answer = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                        deadline == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  bool in_time = answer == 0 || errno != ETIMEDOUT;
  if (answer != 0 && errno != EAGAIN && errno != EINTR && errno != ETIMEDOUT) in_time = look_again(deadline);
  errno = saved;
  return in_time;
}

void port_wake(_Atomic uint32_t *word, uint32_t count) {
  int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT32_MAX ? INT32_MAX : (int)count, NULL, NULL, 0);
  errno = saved;
}
