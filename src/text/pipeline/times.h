/* What the stages of tokenizing have done so far: nanoseconds at work, and waiting for each other. Measured where a job
   goes from one to the next; what is still in hand does not count yet. */
#ifndef HEADRACE_TEXT_PIPELINE_TIMES_H
#define HEADRACE_TEXT_PIPELINE_TIMES_H

#include <stdint.h>

typedef struct text_times {
  uint64_t reader, reader_wait;   /* wait: for jobs to come back */
  uint64_t workers, workers_wait; /* all together; wait: for text */
  uint64_t writer, writer_wait;   /* the calling thread; wait: for the next job in order */
  uint32_t threads;               /* workers; 0: the calling thread does it all in turn */
} text_times;

/* Adds what another one says, but for the threads. */
void text_times_add(text_times *sum, const text_times *more);

/* Which stage holds the others up: "reader", "workers" or "writer", the one that waits for the smallest part of its time, and
   without threads the one that takes longest; "none" before anything is done. */
const char *text_times_bottleneck(const text_times *times);

#endif
