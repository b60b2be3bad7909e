/* System calls that fail on purpose.

   Usage:
       for (unsigned n = 1; !done; n++) {
         calls_fail_at("readdir", n, EIO);        the n-th from now on, once
         ... open, compare ...
         done = calls_made() < n;
       }
       calls_fail_at(NULL, 0, 0);

   How: a test that includes this header is linked with the static library and with --wrap for the calls
   that calls_all lists. */
#ifndef HEADRACE_TESTS_FAILING_CALLS_H
#define HEADRACE_TESTS_FAILING_CALLS_H

/* Their names, and NULL at the end. */
extern const char *const calls_all[];

/* NULL: none fails. */
void calls_fail_at(const char *call, unsigned n, int number);

/* Returns how many calls of that name there were since calls_fail_at. */
unsigned calls_made(void);

#endif
