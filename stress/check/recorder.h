/* Does calls on a subject and writes them down, for one thread. */
#ifndef HEADRACE_STRESS_RECORDER_H
#define HEADRACE_STRESS_RECORDER_H

#include <stddef.h>

#include "check/subject.h"

typedef struct recorder {
  const subject *subject;
  void *queue;
  uint8_t thread;
  uint64_t *random;
  history_operation *log; /* the caller's, with room for all that is recorded */
  size_t n;
  uint32_t next_value;                 /* of the next push; goes up with every success */
  subject_element spare[HISTORY_MANY]; /* of next_value and following: what was refused; 0: none */
} recorder;

void recorder_push(recorder *r, history_mode mode);
/* 1 to HISTORY_MANY; one that may wait is as many calls in the log, in turn. */
void recorder_push_many(recorder *r, history_mode mode);
void recorder_pop(recorder *r, history_mode mode);
void recorder_pop_many(recorder *r);
void recorder_peek(recorder *r);
void recorder_close(recorder *r);

/* The last one's result. */
history_result recorder_result(const recorder *r);

/* Drops what is left over. */
void recorder_finish(recorder *r);

#endif
