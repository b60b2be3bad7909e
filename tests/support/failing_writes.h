/* System calls and allocations of a writer that fail, are cut short or are the process's last, on purpose.

   Usage:
       for (unsigned n = 1; reached; n++) {
         writes_go_wrong(WRITES_FAIL, n);         the n-th call from now on, whichever it is
         ... write ...
         reached = writes_end();
       }

   Calls that a signal may interrupt are interrupted once before each success with WRITES_INTERRUPT, and
   writes take one byte less than they are given with WRITES_SHORT: n is how many calls to leave alone before.
   fsync never reaches the disk: what is tested here survives the process, not a loss of power.

   How: a test that includes this header is linked with the static library and with --wrap for the calls. */
#ifndef HEADRACE_TESTS_FAILING_WRITES_H
#define HEADRACE_TESTS_FAILING_WRITES_H

#include <stdbool.h>

typedef enum writes_fault {
  WRITES_FAIL,    /* the n-th call */
  WRITES_FAIL_ON, /* the n-th call and all after it */
  WRITES_DIE,     /* the process ends before the n-th call */
  WRITES_SHORT,
  WRITES_INTERRUPT,
  WRITES_NO_RENAME_NEW /* renameat2 is unknown to the kernel */
} writes_fault;

enum { WRITES_DIED = 77 }; /* exit status */

void writes_go_wrong(writes_fault fault, unsigned n);

/* From here on calls are left alone. Returns whether one went wrong. */
bool writes_end(void);

/* The call that went wrong first. */
const char *writes_call(void);

#endif
