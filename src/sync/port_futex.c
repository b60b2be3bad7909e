/* port.h over the Linux futex: FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC deadline. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sync/port.h"
#include "sync/port_common.h"

bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  struct timespec until = port_timespec(deadline);
  int saved = errno;
  long answer = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                        deadline == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  bool in_time = answer == 0 || errno != ETIMEDOUT;
  errno = saved;
  return in_time;
}

void port_wake(_Atomic uint32_t *word, uint32_t count) {
  int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT32_MAX ? INT32_MAX : (int)count, NULL, NULL, 0);
  errno = saved;
}
