/* A watchdog for tests with threads: when the test has not ended after so many seconds it prints where
   each thread stands and aborts.

   Usage:
       TestSuite(queue, .init = watchdog_on);                     120 seconds a test
       watchdog_thread("consumer %u", number);                    in the thread, once
       watchdog_step("waits in batch_queue_dequeue");             before each step that may hang

   A thread says where it stands only by naming its next step, so what is printed is what hangs. */
#ifndef HEADRACE_TESTS_WATCHDOG_H
#define HEADRACE_TESTS_WATCHDOG_H

#define WATCHDOG_SECONDS 120

/* Starts the watchdog for this process. */
void watchdog_on(void);
void watchdog_start(unsigned seconds);

/* Names the calling thread; a thread that does not is "thread". */
__attribute__((format(printf, 1, 2))) void watchdog_thread(const char *format, ...);

/* Says what the calling thread does next. `step` is kept, not copied. */
void watchdog_step(const char *step);

/* Forgets the calling thread, which is about to end. */
void watchdog_leave(void);

#endif
