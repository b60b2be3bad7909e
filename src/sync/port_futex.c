/* port.h over the Linux futex: FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC deadline. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sync/port.h"
#include "sync/port_common.h"

/* A sandbox refuses the call, or ours is no kernel that knows it: looks again now and then. Nothing else in the
   library sleeps like this. */
__attribute__((noinline, cold)) static bool look_again(uint64_t deadline) {
  enum { PATIENCE_NS = 100000 };
  uint64_t now = port_clock();
  if (now >= deadline) return false;
  uint64_t left = deadline - now;
  struct timespec pause = {0, left < PATIENCE_NS ? (long)left : PATIENCE_NS};
  if (nanosleep(&pause, NULL) != 0) sched_yield();
  return true;
}

bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  struct timespec until = port_timespec(deadline);
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
