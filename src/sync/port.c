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

static int processors_online(void) {
  /* 0: not asked yet. Every thread would write the same answer, so relaxed will do. */
  static _Atomic int processors;
  int online = atomic_load_explicit(&processors, memory_order_relaxed);
  if (online == 0) {
    online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (online < 1) online = 1;
    atomic_store_explicit(&processors, online, memory_order_relaxed);
  }
  return online;
}

bool port_may_spin(void) {
  return processors_online() > 1;
}

/* Waits for at least half of so many nanoseconds, and at most all. */
static void wait_about(uint64_t nanoseconds) {
  uint64_t begin = port_clock();
  /* Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4): what the clock says last is as good as random. */
  uint64_t any = begin * UINT64_C(0x9E3779B97F4A7C15) >> 32;
  uint64_t wait = nanoseconds / 2 + (any * (nanoseconds / 2) >> 32);
  do port_pause();
  while (port_clock() - begin < wait);
}

void port_linger(port_crowd *crowd, unsigned nanoseconds) {
  /* relaxed: only how long to wait depends on it. */
  uint32_t waiting = atomic_fetch_add_explicit(&crowd->waiting, 1, memory_order_relaxed) + 1;
  /* Of more threads than that some are not running: they will not come back at once. */
  uint32_t most = (uint32_t)processors_online();
  wait_about((uint64_t)nanoseconds * (waiting < most ? waiting : most));
  atomic_fetch_sub_explicit(&crowd->waiting, 1, memory_order_relaxed);
}

/* A sandbox refuses the call, or ours is no kernel that knows it: looks again now and then. Nothing else in the
   library sleeps like this. */
__attribute__((noinline, cold)) static bool look_again(uint64_t deadline) {
  enum { PATIENCE_NS = 100000 };
  uint64_t now = port_clock();
  if (now >= deadline) return false;
  uint64_t left = deadline - now;
  struct timespec pause = {0, left < PATIENCE_NS ? (long)left : PATIENCE_NS};
  HOLD_CANCELLATION; /* as in the futex: who ended here would stay registered */
  if (nanosleep(&pause, NULL) != 0) sched_yield();
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
