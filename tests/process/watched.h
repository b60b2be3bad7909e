/* What a thread does between two places: which system calls, and what of allocations and locks is called by this program
   and the library, which is linked into it with these functions wrapped. Calls are seen by another thread, which the
   kernel hands each of them before it is made (seccomp's notifications); it lets all of them go on.

   Usage:
       watched_run(release_all, batches);                      in a thread that is watched, and waits for its end
       static void release_all(void *batches) {
         watched seen = watch();
         batch_release(...);
         unwatch(&seen);
         EXPECT_SEEN(is_quiet(&seen), &seen);
       } */
#ifndef HEADRACE_TESTS_PROCESS_WATCHED_H
#define HEADRACE_TESTS_PROCESS_WATCHED_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

typedef struct watched {
  unsigned wakes; /* FUTEX_WAKE */
  unsigned clock; /* clock_gettime, where reading the clock is a call */
  unsigned calls; /* any other one */
  int last;       /* its number, of the last one */
  unsigned allocations, frees, locks;
} watched;

/* As EXPECT, in the watched thread. _exit: a leak checker would stop the one that watches and then wait for it. */
#define EXPECT_SEEN(holds, w)                                                                                \
  do {                                                                                                       \
    if (holds) break;                                                                                        \
    fprintf(stderr,                                                                                          \
            "%s:%d: not so: %s: %u wake-ups, %u other calls (the last: %d), %u allocations, %u frees, %u "   \
            "locks\n",                                                                                       \
            __FILE__, __LINE__, #holds, (w)->wakes, (w)->calls, (w)->last, (w)->allocations, (w)->frees,     \
            (w)->locks);                                                                                     \
    _exit(1);                                                                                                \
  } while (0)

/* Whether it was nothing at all. */
static inline bool is_quiet(const watched *w) {
  return w->wakes + w->calls + w->allocations + w->frees + w->locks == 0;
}

/* Runs the function in a thread of its own that is watched. Ends the program with 77 where the kernel does not do that. */
void watched_run(void (*function)(void *context), void *context);

/* In that thread: what was seen so far; changes it to what has been seen since. */
watched watch(void);
void unwatch(watched *seen);

#endif
