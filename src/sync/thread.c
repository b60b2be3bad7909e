#include "sync/thread.h"

#include <signal.h>
#include <stddef.h>

/* relaxed: written in a child that has one thread. */
static _Atomic unsigned generation;
static pthread_once_t prepare_once = PTHREAD_ONCE_INIT;
static int prepare_answer;

static void count_fork(void) {
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void prepare(void) {
  prepare_answer = pthread_atfork(NULL, NULL, count_fork);
}

int thread_prepare(void) {
  pthread_once(&prepare_once, prepare);
  return prepare_answer;
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
