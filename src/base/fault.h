/* An error that is kept: of a batch, the first thing that went wrong while it was made. */
#ifndef HEADRACE_BASE_FAULT_H
#define HEADRACE_BASE_FAULT_H

#include "headrace/base.h"

typedef struct fault {
  batch_status code; /* BATCH_OK: nothing */
  char message[1024];
} fault;

#endif
