/* What a timed loop needs, in C and in C++: the clock, a pause, a yield after 64 tries, and flags
   that threads share. Plain words and the compilers' __atomic functions, since _Atomic is not C++. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BENCH_LINE   128 /* bytes between what different threads write */
#define BENCH_MILLI  UINT64_C(1000000)
#define BENCH_SECOND UINT64_C(1000000000)

static inline uint64_t bench_clock_of(clockid_t id) {
  struct timespec t = {0, 0};
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * BENCH_SECOND + (uint64_t)t.tv_nsec;
}

static inline uint64_t bench_now(void) {
  return bench_clock_of(CLOCK_MONOTONIC);
}

static inline void bench_sleep(uint64_t nanoseconds) {
  struct timespec t;
  t.tv_sec = (time_t)(nanoseconds / BENCH_SECOND);
  t.tv_nsec = (long)(nanoseconds % BENCH_SECOND);
  nanosleep(&t, 0);
}

static inline void bench_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* After the tries-th failure in a row: a pause, and every 64th time the processor to someone else. */
static inline void bench_backoff(unsigned tries) {
  if (tries % 64 == 63)
    sched_yield();
  else
    bench_pause();
}

/* bench_set releases, bench_is acquires: what was done before the flag was set is seen after. */
static inline void bench_set(uint32_t *flag) {
  __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
}
static inline bool bench_is(const uint32_t *flag) {
  return __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
}

/* More than set: who still has something to finish shall leave it. */
static inline void bench_hurry(uint32_t *flag) {
  __atomic_store_n(flag, 2, __ATOMIC_RELEASE);
}
static inline bool bench_hurries(const uint32_t *flag) {
  return __atomic_load_n(flag, __ATOMIC_RELAXED) == 2;
}

#endif
