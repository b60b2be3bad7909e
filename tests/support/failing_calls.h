/* System calls and allocations that fail, are cut short or are the process's last, on purpose.

   Usage:
       for (unsigned n = 1; reached; n++) {
         calls_go_wrong(CALLS_FAIL, n);         the n-th call from now on, whichever it is
         ... write ...
         reached = calls_end();
       }
   or calls_fail_at("readdir", n, EIO), for the n-th of those alone.

   Calls that a signal may interrupt are interrupted once before each success with CALLS_INTERRUPT, and
   writes take one byte less than they are given with CALLS_SHORT: n is how many calls to leave alone before.
   fsync never reaches the disk: what is tested here survives the process, not a loss of power.

   How: a test that includes this header is linked with the static library and with --wrap for the calls. */
#ifndef HEADRACE_TESTS_FAILING_CALLS_H
#define HEADRACE_TESTS_FAILING_CALLS_H

#include <stdbool.h>

typedef enum calls_fault {
  CALLS_FAIL,    /* the n-th call */
  CALLS_FAIL_ON, /* the n-th call and all after it */
  CALLS_DIE,     /* the process is killed before the n-th call */
  CALLS_SHORT,
  CALLS_INTERRUPT,
  CALLS_NO_RENAME_NEW /* renameat2 is unknown to the kernel */
} calls_fault;

void calls_go_wrong(calls_fault fault, unsigned n);

/* The n-th call of that name fails, once, with that errno. */
void calls_fail_at(const char *call, unsigned n, int number);

/* From here on calls are left alone. Returns whether one went wrong. */
bool calls_end(void);

/* A child runs this and is killed before its n-th call. Returns CALLS_KILLED; otherwise its exit status, 0 where `run` says
   true, 1 where it does not, more for another signal; -1 without a child. */
enum { CALLS_KILLED = 128 + 9 };
int calls_kill_child(unsigned n, bool (*run)(const void *of), const void *of);

/* How many calls there were, of that name or of all. */
unsigned calls_made(void);

/* The call that went wrong first. */
const char *calls_wrong(void);

#endif
