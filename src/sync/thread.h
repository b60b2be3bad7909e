/* Threads of the library's own, in which process they are (a fork copies none), and what is done when a thread
   ends or the process forks. What cannot be had is asked for again the next time. */
#ifndef HEADRACE_SYNC_THREAD_H
#define HEADRACE_SYNC_THREAD_H

#include <pthread.h>

#include "sync/port.h"

/* Starts a thread that runs no handler of the program's: all signals are blocked in it but those that an
   instruction raises (SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS) and SIGABRT. Everything else is as with
   pthread_create by the caller. Returns 0 or an errno. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

/* Processors that the calling thread may run on, at least 1. */
unsigned thread_processors(void);

/* Between the two the calling thread is not cancelled. */
int thread_hold_cancellation(void);
void thread_release_cancellation(int held);

/* As that from here to where the function returns: begins each call that reads, writes, joins or calls back, so that
   none is left in the middle, with a lock, a file or a thread, and nobody who waits for it is left asleep. */
#define HOLD_CANCELLATION                                                                                    \
  __attribute__((cleanup(thread_end_hold), unused)) int held_cancellation_ = thread_hold_cancellation()

static inline void thread_end_hold(const int *held) {
  thread_release_cancellation(*held);
}

/* A thread-specific key; begins as {0}. */
typedef struct thread_key {
  _Atomic unsigned made; /* the key + 1; who makes one first writes it */
} thread_key;

/* Makes the key, unless it is there: at_end gets each thread's value. Returns 0 or an errno. */
int thread_key_make(thread_key *key, void (*at_end)(void *value));

/* Sets the calling thread's value; the key is there. Returns 0 or an errno. */
int thread_key_set(const thread_key *key, void *value);

/* Has in_child called in forked children, once or, where threads ask at the same time, more often; asked says
   whether it is asked for, and begins as false. Returns 0 or an errno. */
int thread_at_fork(_Atomic bool *asked, void (*in_child)(void));

/* A number that is another one after each fork. What has threads keeps the number of the process that it was made in. */
unsigned thread_generation(void);

/* Makes thread_generation count; before it is first kept. Returns 0 or an errno. */
int thread_prepare(void);

#endif
