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
  uint32_t next_value;   /* of the next push; goes up with every success */
  subject_element spare; /* the element that the last push was refused with */
} recorder;

void recorder_push(recorder *r, history_mode mode);
void recorder_pop(recorder *r, history_mode mode);
void recorder_pop_many(recorder *r);
void recorder_peek(recorder *r);
void recorder_close(recorder *r);

/* The last one's result. */
history_result recorder_result(const recorder *r);

/* Drops what is left over. */
void recorder_finish(recorder *r);

#endif
