/* Threads of the library's own, and in which process they are: a fork copies none. */
#ifndef HEADRACE_SYNC_THREAD_H
#define HEADRACE_SYNC_THREAD_H

#include <pthread.h>

#include "sync/port.h"

/* Starts a thread that runs no handler of the program's: all signals are blocked in it but those that an
   instruction raises (SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS) and SIGABRT. Everything else is as with
   pthread_create by the caller. Returns 0 or an errno. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

/* The number of forks between the process that loaded the library and this one. What has threads keeps the number of
   the process that it was made in. */
unsigned thread_generation(void);

/* Makes thread_generation count; before it is first kept. Returns 0 or an errno. */
int thread_prepare(void);

#endif
