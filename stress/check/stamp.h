/* Instants for histories, from CLOCK_MONOTONIC.

   Why an order of stamps is an order of calls. The kernel keeps CLOCK_MONOTONIC from running backwards
   across processors (a time-stamp counter that is not synchronized it does not use), so if call A
   has read a smaller number after it ended than call B before it began, A's reading came before B's.
   It remains that A's reading comes after all that A did, and B's before all that B does: the
   kernel's code orders the reading after everything before it, and stamp_before adds the other side,
   that nothing after it runs ahead of the reading. Equal numbers order nothing; nor does any error of
   less than a nanosecond: a call only seems longer, which may hide a fault and never invents one. */
#ifndef HEADRACE_STRESS_STAMP_H
#define HEADRACE_STRESS_STAMP_H

#include <stdatomic.h>

#include "support/stress.h"

/* Keeps what follows from being done before what went before has ended. */
static inline void stamp_barrier(void) {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#else
  static _Thread_local _Atomic int own;
  atomic_fetch_add_explicit(&own, 1, memory_order_seq_cst);
#endif
}

/* Read before the call that is stamped. */
static inline uint64_t stamp_before(void) {
  uint64_t now = stress_clock();
  stamp_barrier();
  return now;
}

/* Read after it. */
static inline uint64_t stamp_after(void) {
  stamp_barrier();
  return stress_clock();
}

#endif
