/* In the place of sync/port.h for small client programs, run natively or by a stateless model checker
   (define MODEL_CHECKER there: it must know __VERIFIER_assume): no clock, no spinning, small lines, and a
   futex of a mutex and one flag a sleeper.

   The futex wakes those who have slept longest. A wait with a deadline is over at once: it registers as
   asleep, so that it may be chosen by a wake-up meanwhile, and reports that it was late all the same. */
#ifndef HEADRACE_STRESS_PORT_MODEL_H
#define HEADRACE_STRESS_PORT_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PORT_LINE        8
#define PORT_SPIN_MIN_NS 0u
#define PORT_SPIN_MAX_NS 0u

/* Goes on only where the condition holds. */
#ifdef MODEL_CHECKER
void __VERIFIER_assume(int condition);
#define PORT_MODEL_AWAIT(condition) __VERIFIER_assume(condition)
#define PORT_MODEL_YIELD()          ((void)0)
#else
#define PORT_MODEL_AWAIT(condition)                                                                          \
  do {                                                                                                       \
  } while (!(condition) && (sched_yield(), 1))
#define PORT_MODEL_YIELD() sched_yield()
#endif

/* How many sleeps there may be in one run of a client. */
#ifndef PORT_MODEL_SLEEPS
#define PORT_MODEL_SLEEPS 64
#endif

typedef struct port_model_sleep {
  _Atomic uint32_t *word;
  _Atomic bool woken;
} port_model_sleep;

static pthread_mutex_t port_model_mutex = PTHREAD_MUTEX_INITIALIZER;
static port_model_sleep port_model_sleeps[PORT_MODEL_SLEEPS];
static unsigned port_model_count;

/* Forgets all sleeps, between two runs of a client. */
static inline void port_model_reset(void) {
  port_model_count = 0;
}

static inline void port_pause(void) {}
static inline void port_backoff(unsigned *ceiling) {
  (void)ceiling;
}
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

/* A new sleep; NULL: *word is not as expected. */
static inline port_model_sleep *port_model_fall_asleep(_Atomic uint32_t *word, uint32_t expected) {
  port_model_sleep *sleep = 0;
  pthread_mutex_lock(&port_model_mutex);
  if (atomic_load_explicit(word, memory_order_relaxed) == expected) {
    sleep = &port_model_sleeps[port_model_count++ % PORT_MODEL_SLEEPS];
    sleep->word = word;
    atomic_store_explicit(&sleep->woken, false, memory_order_relaxed);
  }
  pthread_mutex_unlock(&port_model_mutex);
  return sleep;
}

static inline bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  port_model_sleep *sleep = port_model_fall_asleep(word, expected);
  if (!sleep) return true;
  if (deadline == UINT64_MAX) {
    PORT_MODEL_AWAIT(atomic_load_explicit(&sleep->woken, memory_order_relaxed));
    return true;
  }
  PORT_MODEL_YIELD();
  pthread_mutex_lock(&port_model_mutex);
  sleep->word = 0;
  pthread_mutex_unlock(&port_model_mutex);
  return false;
}

static inline void port_wake(_Atomic uint32_t *word, uint32_t count) {
  pthread_mutex_lock(&port_model_mutex);
  for (unsigned i = 0; i < port_model_count && i < PORT_MODEL_SLEEPS && count > 0; i++) {
    if (port_model_sleeps[i].word != word) continue;
    port_model_sleeps[i].word = 0;
    atomic_store_explicit(&port_model_sleeps[i].woken, true, memory_order_relaxed);
    count--;
  }
  pthread_mutex_unlock(&port_model_mutex);
}

#endif
