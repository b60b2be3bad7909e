/* The threads that are not stopped. */
#ifndef HEADRACE_STRESS_OTHERS_H
#define HEADRACE_STRESS_OTHERS_H

#include "schedule/subject.h"

/* Items outside of the container. */
typedef struct bag {
  uint32_t items[SUBJECT_ITEMS];
  uint32_t count;
} bag;

/* What the calling thread has between two calls of others_work. */
extern bag others_bag;

/* Puts one from the bag into the container, or one from there into the bag. An empty bag is as a full
   container. */
answer bag_put(const subject *s, bag *b);
answer bag_take(const subject *s, bag *b);
/* The same with up to so many in one step, or one where the container has no such calls. */
answer bag_put_many(const subject *s, bag *b, uint32_t most);
answer bag_take_many(const subject *s, bag *b, uint32_t most);

/* Starts n - 1 threads, n >= 1; the caller of others_work is one of the n. */
void others_begin(unsigned n);
void others_end(void);

/* All of them put and take until they have completed `operations` together; with `closing` the answer
   CLOSED is an operation completed. Returns NULL or what was wrong: one got CLOSED without cause, or all of them
   were refused so often in a row, while none succeeded, that they are blocked. */
const char *others_work(const subject *s, uint64_t operations, bool closing);

/* How many operations they have completed since others_begin. */
uint64_t others_operations(void);

#endif
