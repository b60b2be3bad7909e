/* In the place of sync/port.h for small client programs, run natively or by a stateless model checker
   (define MODEL_CHECKER there: it must know __VERIFIER_assume): no clock, no spinning, small lines, and a
   futex of a mutex and one record a thread.

   A descriptor is its word, 1 while it is readable; who polls sleeps on it as on a futex.

   The futex wakes those who have slept longest. A wait with a deadline is over at once: it registers as
   asleep, so that it may be chosen by a wake-up meanwhile, and reports that it was late all the same.

   To a checker an execution that waits for ever is merely one that it need not follow: a lost wake-up
   would go unseen. So main ends all sleeps once every thread is asleep or done, when nobody is left to
   wake anybody, and counts them. */
#ifndef HEADRACE_STRESS_PORT_MODEL_H
#define HEADRACE_STRESS_PORT_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PORT_LINE        8
#define PORT_SPIN_MIN_NS 0u
#define PORT_SPIN_MAX_NS 0u

/* Goes on only where the condition holds. GenMC's own header declares its assume, with int or bool by its
   version. */
#ifdef MODEL_CHECKER
#if __has_include(<genmc.h>)
#include <genmc.h>
#else
void __VERIFIER_assume(bool condition);
#endif
#define PORT_MODEL_AWAIT(condition) __VERIFIER_assume(condition)
#define PORT_MODEL_YIELD()          ((void)0)
#else
#define PORT_MODEL_AWAIT(condition)                                                                          \
  do {                                                                                                       \
  } while (!(condition) && (sched_yield(), 1))
#define PORT_MODEL_YIELD() sched_yield()
#endif

/* MODEL_SPLIT_CAS: a compare-and-exchange that fails is a load with the order of the failure, as the
   standard has it; to a checker that gives it the order of success otherwise. */
#ifdef MODEL_SPLIT_CAS
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit(object, expected, desired, success, failure)                 \
  ({                                                                                                         \
    __typeof__(*(expected)) port_model_seen = atomic_load_explicit(object, failure);                         \
    bool port_model_same = port_model_seen == *(expected);                                                   \
    if (port_model_same)                                                                                     \
      PORT_MODEL_AWAIT(__c11_atomic_compare_exchange_strong(object, expected, desired, success, failure));   \
    else                                                                                                     \
      *(expected) = port_model_seen;                                                                         \
    port_model_same;                                                                                         \
  })
#endif

enum { PORT_MODEL_THREADS = 4 };

typedef enum port_model_state { PORT_MODEL_RUNS, PORT_MODEL_ASLEEP, PORT_MODEL_DONE } port_model_state;

typedef struct port_model_thread {
  _Atomic int state;      /* of port_model_state */
  _Atomic uint32_t *word; /* what it sleeps on, and since when; under the mutex */
  unsigned since;
} port_model_thread;

static pthread_mutex_t port_model_mutex = PTHREAD_MUTEX_INITIALIZER;
static port_model_thread port_model_threads[PORT_MODEL_THREADS];
static unsigned port_model_sleeps; /* so many sleeps have begun; under the mutex */
static _Thread_local unsigned port_model_me;

/* release and acquire for main alone: where it sees a thread asleep or done it sees whom that one has
   woken before. The thread itself reads relaxed: a wake-up publishes nothing. */
static inline void port_model_set(unsigned thread, port_model_state state) {
  atomic_store_explicit(&port_model_threads[thread].state, state, memory_order_release);
}
static inline int port_model_get(unsigned thread, memory_order order) {
  return atomic_load_explicit(&port_model_threads[thread].state, order);
}

/* A thread of the client begins, and ends. */
static inline void port_model_begin(unsigned number) {
  port_model_me = number;
}
static inline void port_model_end(void) {
  port_model_set(port_model_me, PORT_MODEL_DONE);
}

/* Before the threads are started, in each run of a client. */
static inline void port_model_reset(void) {
  port_model_sleeps = 0;
  for (unsigned i = 0; i < PORT_MODEL_THREADS; i++) {
    port_model_threads[i].word = 0;
    port_model_set(i, PORT_MODEL_RUNS);
  }
}

/* Ends all sleeps when each of the client's threads is asleep or done; returns how many slept. */
static inline unsigned port_model_end_sleeps(unsigned threads) {
  unsigned asleep = 0;
  for (unsigned i = 0; i < threads; i++)
    PORT_MODEL_AWAIT(port_model_get(i, memory_order_acquire) != PORT_MODEL_RUNS);
  pthread_mutex_lock(&port_model_mutex);
  /* Who has been woken since is seen under the mutex. */
  for (unsigned i = 0; i < threads; i++)
    PORT_MODEL_AWAIT(port_model_get(i, memory_order_relaxed) != PORT_MODEL_RUNS);
  for (unsigned i = 0; i < threads; i++)
    if (port_model_get(i, memory_order_relaxed) == PORT_MODEL_ASLEEP) {
      port_model_set(i, PORT_MODEL_RUNS);
      asleep++;
    }
  pthread_mutex_unlock(&port_model_mutex);
  return asleep;
}

static inline void port_pause(void) {}
typedef struct port_crowd {
  uint32_t none;
} port_crowd;
static inline void port_linger(port_crowd *crowd, unsigned nanoseconds) {
  (void)crowd;
  (void)nanoseconds;
}
#define PORT_APART static inline
static inline void port_prefetch_for_write(const void *address) {
  (void)address;
}
static inline uint64_t port_clock(void) {
  return 0;
}
static inline void port_yield(void) {
  PORT_MODEL_YIELD();
}
static inline bool port_may_spin(void) {
  return false;
}

/* Whether the calling thread is asleep on word now; not if *word is not as expected. */
static inline bool port_model_fall_asleep(_Atomic uint32_t *word, uint32_t expected, bool for_ever) {
  port_model_thread *me = &port_model_threads[port_model_me];
  pthread_mutex_lock(&port_model_mutex);
  bool same = atomic_load_explicit(word, memory_order_relaxed) == expected;
  if (same) {
    me->word = word;
    me->since = port_model_sleeps++;
    if (for_ever) port_model_set(port_model_me, PORT_MODEL_ASLEEP);
  }
  pthread_mutex_unlock(&port_model_mutex);
  return same;
}

static inline bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  if (!port_model_fall_asleep(word, expected, deadline == UINT64_MAX)) return true;
  if (deadline == UINT64_MAX) {
    PORT_MODEL_AWAIT(port_model_get(port_model_me, memory_order_relaxed) != PORT_MODEL_ASLEEP);
    return true;
  }
  PORT_MODEL_YIELD();
  pthread_mutex_lock(&port_model_mutex);
  port_model_threads[port_model_me].word = 0;
  pthread_mutex_unlock(&port_model_mutex);
  return false;
}

/* Of those who sleep on word, the thread that has slept longest; NULL: none. */
static inline port_model_thread *port_model_longest(const _Atomic uint32_t *word) {
  port_model_thread *longest = 0;
  for (unsigned i = 0; i < PORT_MODEL_THREADS; i++) {
    port_model_thread *thread = &port_model_threads[i];
    if (thread->word == word && (!longest || thread->since < longest->since)) longest = thread;
  }
  return longest;
}

static inline void port_wake(_Atomic uint32_t *word, uint32_t count) {
  port_model_thread *thread;
  pthread_mutex_lock(&port_model_mutex);
  for (; count > 0 && (thread = port_model_longest(word)); count--) {
    thread->word = 0;
    port_model_set((unsigned)(thread - port_model_threads), PORT_MODEL_RUNS);
  }
  pthread_mutex_unlock(&port_model_mutex);
}

/* The kernel reads and writes a descriptor under a lock of its own. */
static inline void port_model_set_readable(_Atomic uint32_t *word, uint32_t readable) {
  pthread_mutex_lock(&port_model_mutex);
  atomic_store_explicit(word, readable, memory_order_relaxed);
  pthread_mutex_unlock(&port_model_mutex);
}

static inline void port_tell(_Atomic uint32_t *word) {
  port_model_set_readable(word, 1);
  port_wake(word, PORT_MODEL_THREADS);
}

static inline int port_drain(_Atomic uint32_t *word) {
  port_model_set_readable(word, 0);
  return 0;
}

/* Waits until it is readable. */
static inline void port_model_poll(_Atomic uint32_t *word) {
  while (atomic_load_explicit(word, memory_order_relaxed) == 0) port_wait(word, 0, UINT64_MAX);
}

#endif
