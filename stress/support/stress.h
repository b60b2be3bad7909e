/* What every stress program begins with: arguments, a seed, threads with names, and a watchdog.

   Usage:
       int main(int argc, char **argv) {
         stress_begin(argc, argv, 2.0, 4);              program [seconds [threads [seed]]]
         stress_thread team[4];
         stress_start(team, 4, "producer", produce, &shared);
         stress_join(team, 4);
         stress_check(sum == expected, "sum is %" PRIu64 " instead of %" PRIu64, sum, expected);
         return stress_end("1000000 elements");
       }
       static void produce(stress_thread *self) {
         while (stress_goes_on()) {
           stress_step("waits in batch_queue_enqueue");
           ...

   stress_check prints FAILED, the sentence and the seed, and ends the program. The watchdog ends it
   when no thread has made a step for 60 seconds, or when the whole takes far longer than it was
   told to, and prints the last step of each thread. It is the tests'
   (tests/support/watchdog.h). */
#ifndef HEADRACE_STRESS_STRESS_H
#define HEADRACE_STRESS_STRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct stress_thread stress_thread;
struct stress_thread {
  void (*function)(stress_thread *self);
  void *context;
  const char *name;
  unsigned number; /* 0 to n - 1 */
  uint64_t random; /* the thread's own, from the seed, name and number */
  pthread_t id;
};

/* Takes the arguments, prints program, seconds, threads and seed, and starts the watchdog. */
void stress_begin(int argc, char **argv, double seconds, unsigned threads);

/* The same, for a program that has read its arguments itself and has a watchdog of its own. */
void stress_begin_as(const char *program, double seconds, unsigned threads, uint64_t seed);

/* A whole text that is a number, of digits and a point alone; false: it is none. */
bool stress_number(const char *text, double *value);
bool stress_whole_number(const char *text, uint64_t *value); /* in C's notation: 0x10 is 16 */

double stress_seconds(void);
unsigned stress_threads(void);
uint64_t stress_seed(void);

/* Whether the seconds are not over yet. */
bool stress_goes_on(void);
/* Whether less than this share, 0 to 1, of the seconds is over. */
bool stress_goes_on_until(double share);

void stress_start(stress_thread *threads, unsigned n, const char *name, void (*function)(stress_thread *self),
                  void *context);
void stress_join(stress_thread *threads, unsigned n);

/* Says what the calling thread does next; `step` is kept, not copied. A step costs two plain stores. */
void stress_step(const char *step);

/* Returns the next number of the sequence, and one below a limit >= 1. */
uint64_t stress_random(uint64_t *state);
uint32_t stress_random_below(uint64_t *state, uint32_t limit);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t stress_clock(void);

#define stress_check(condition, ...)                                                                         \
  do {                                                                                                       \
    if (!(condition)) stress_fail(__VA_ARGS__);                                                              \
  } while (0)

__attribute__((noreturn, format(printf, 1, 2))) void stress_fail(const char *format, ...);

/* Prints that all went well, and what was done; returns 0. */
__attribute__((format(printf, 1, 2))) int stress_end(const char *format, ...);

#endif
