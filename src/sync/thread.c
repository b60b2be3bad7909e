#include "sync/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* The set has as many bits as the kernel knows processors, which it does not tell: EINVAL asks for more. */
unsigned thread_processors(void) {
  for (int bits = 1024, count = 0; bits <= 1 << 20; bits *= 2) {
    cpu_set_t *set = CPU_ALLOC(bits);
    size_t bytes = CPU_ALLOC_SIZE(bits);
    int answer = set ? sched_getaffinity(0, bytes, set) : 0;
    if (set && answer == 0) count = CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (count > 0) return (unsigned)count;
    if (!set || errno != EINVAL) break;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (unsigned)online : 1;
}

int thread_hold_cancellation(void) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  return before;
}

void thread_release_cancellation(int held) {
  pthread_setcancelstate(held, NULL);
}

int thread_key_make(thread_key *key, void (*at_end)(void *value)) {
  pthread_key_t made;
  unsigned none = 0;
  if (atomic_load_explicit(&key->made, memory_order_relaxed)) return 0;
  int answer = pthread_key_create(&made, at_end);
  /* KEY: release; pairs with the load in thread_key_set. Whoever is second takes the first one's. */
  if (answer == 0 && !atomic_compare_exchange_strong_explicit(&key->made, &none, made + 1,
                                                              memory_order_release, memory_order_relaxed))
    pthread_key_delete(made);
  return answer;
}

int thread_key_set(const thread_key *key, void *value) {
  /* KEY: acquire; pairs with thread_key_make. */
  return pthread_setspecific(atomic_load_explicit(&key->made, memory_order_acquire) - 1, value);
}

/* relaxed: that it is asked for says nothing else. */
int thread_at_fork(_Atomic bool *asked, void (*in_child)(void)) {
  if (atomic_load_explicit(asked, memory_order_relaxed)) return 0;
  int answer = pthread_atfork(NULL, NULL, in_child);
  if (answer == 0) atomic_store_explicit(asked, true, memory_order_relaxed);
  return answer;
}

/* relaxed: written in a child that has one thread. */
static _Atomic unsigned generation;

static void count_fork(void) {
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

int thread_prepare(void) {
  static _Atomic bool counted;
  return thread_at_fork(&counted, count_fork);
}

unsigned thread_generation(void) {
  return atomic_load_explicit(&generation, memory_order_relaxed);
}

/* A blocked signal that an instruction raises ends the process, whatever handler there is. */
static void mask_of_threads(sigset_t *mask) {
  static const int let_through[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
  sigfillset(mask);
  for (size_t i = 0; i < sizeof let_through / sizeof *let_through; i++) sigdelset(mask, let_through[i]);
}

/* A thread begins with the mask of the one that makes it. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context) {
  sigset_t mask, before;
  mask_of_threads(&mask);
  pthread_sigmask(SIG_SETMASK, &mask, &before);
  int answer = pthread_create(thread, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return answer;
}
