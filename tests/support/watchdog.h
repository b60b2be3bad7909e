/* The watchdog of tests and stress programs: when nothing moves, or the end does not come, it prints where each thread
   stands and aborts.

   Usage:
       TestSuite(queue, .init = watchdog_on);                     120 seconds a test; files_begin does it too
       watchdog_thread("consumer %u", number);                    in the thread, once
       watchdog_step("waits in batch_queue_dequeue");             before each step that may hang

   A thread says where it stands only by naming its next step, so what is printed is what hangs. A step costs two plain
   stores, and orders nothing between threads. */
#ifndef HEADRACE_TESTS_WATCHDOG_H
#define HEADRACE_TESTS_WATCHDOG_H

#include <stdio.h>

#ifndef WATCHDOG_SECONDS
#define WATCHDOG_SECONDS 120
#endif

/* Starts the watchdog for this process, which is `what` when it hangs (kept, not copied): when no thread has made a
   step for `still` seconds, or when `total` seconds are over. 0: no such limit. */
void watchdog_start(unsigned still, unsigned total, const char *what);
/* For a test: WATCHDOG_SECONDS in total. */
void watchdog_on(void);

/* Names the calling thread; a thread that does not is "thread". */
__attribute__((format(printf, 1, 2))) void watchdog_thread(const char *format, ...);

/* Says what the calling thread does next. `step` is kept, not copied. */
void watchdog_step(const char *step);

/* Forgets the calling thread, which is about to end. */
void watchdog_leave(void);

/* Prints where each thread stands. */
void watchdog_print(FILE *to);

#endif
