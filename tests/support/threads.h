/* Threads for tests: started with a name, watched by the watchdog, and observable: a test that shows
   that a waiter is woken first waits until the waiter really sleeps in the kernel.

   Usage:
       test_thread consumers[4];
       threads_start(consumers, 4, "consumer", consume, queue);
       threads_until_asleep(consumers, 4);         all are inside the waiting call
       batch_queue_close(queue);
       threads_join(consumers, 4);

   The function announces the waiting call by thread_waits("in batch_queue_dequeue") right before it. */
#ifndef HEADRACE_TESTS_THREADS_H
#define HEADRACE_TESTS_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef struct test_thread test_thread;

struct test_thread {
  void (*function)(test_thread *self);
  void *context;
  unsigned number; /* 0 to n-1 */
  const char *name;
  void *result;      /* the function's own */
  atomic_int kernel; /* its id once it is about to wait; the thread writes, the test reads */
  pthread_t id;
};

void threads_start(test_thread *threads, unsigned n, const char *name, void (*function)(test_thread *self),
                   void *context);
void threads_join(test_thread *threads, unsigned n);

/* Called by a thread right before a call that waits. */
void thread_waits(test_thread *self, const char *step);

/* Returns once all of them have called thread_waits and sleep in the kernel. */
void threads_until_asleep(test_thread *threads, unsigned n);

/* Returns how often a sleeping thread has been put to sleep so far: unchanged, it never woke. */
uint64_t thread_sleeps(test_thread *thread);

#endif
