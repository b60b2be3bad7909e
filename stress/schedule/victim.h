/* The calls that proof_suspension stops, and the threads that do them. */
#ifndef HEADRACE_STRESS_VICTIM_H
#define HEADRACE_STRESS_VICTIM_H

#include "schedule/stopping.h"
#include "schedule/subject.h"

typedef enum operation {
  OPERATION_PUT,
  OPERATION_TAKE,
  OPERATION_PEEK,
  OPERATION_PUT_MANY,
  OPERATION_TAKE_MANY,
  OPERATION_ASK,         /* how many there are, whether it is empty, or full */
  OPERATION_CLEAR,       /* takes out what is inside and releases it */
  OPERATION_PUT_WAITING, /* until it succeeds */
  OPERATION_TAKE_WAITING,
  OPERATION_TAKE_DEADLINE, /* to which the wait comes first */
  OPERATION_PUT_MANY_WAITING,
  OPERATION_TAKE_MANY_WAITING,
  OPERATION_PUT_POLLING, /* until it succeeds */
  OPERATION_TAKE_POLLING,
  OPERATION_CLOSE,
  OPERATIONS
} operation;

const char *operation_name(operation o);

/* Whether the subject has it. */
bool operation_is_there(const subject *s, operation o);

/* Whether it comes back only when it has succeeded, or the container is closed. */
bool operation_waits(operation o);

/* How many items it puts: if it waits no more than there are places, so that it can end when all are free. */
uint32_t operation_puts(operation o, uint32_t many, uint32_t capacity);

typedef struct victim {
  stopper *thread;
  const subject *subject;
  operation operation;
  uint32_t given[SUBJECT_MANY]; /* the items to put */
  uint32_t puts, entered;       /* how many these are, how many of them went in */
  uint32_t many;
  uint32_t seen; /* how many of them others had while it stood */
  uint32_t items[SUBJECT_MANY];
  uint32_t taken; /* of these */
  answer answer;  /* once it has ended */
  bool stopped;
  schedule_step place; /* of the last stop */
} victim;

/* Does the operation of the victim that is its context, in the victim's thread. */
void victim_job(void *context);

#endif
