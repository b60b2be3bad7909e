/* What spheres.c and spheres_dispatch.c share: lanes and their workers. */
#ifndef HEADRACE_CORE_SPHERES_INTERNAL_H
#define HEADRACE_CORE_SPHERES_INTERNAL_H

#include <headrace/spheres.h>

#include <pthread.h>

#include "core/drain.h"
#include "core/queue_internal.h"

enum { MAX_SPHERES = 1024 };

typedef struct worker {
  BatchSpheres *spheres;
  uint32_t number;
  pthread_t thread;
  BatchQueue *lane;
  turns turns;
  /* Written by this worker alone, read by anyone. */
  _Atomic uint64_t processed;
  _Atomic uint64_t stolen;
} worker;

struct BatchSpheres {
  uint32_t num_spheres;
  unsigned generation; /* of the process that the workers are in, see thread.h */
  uint32_t started;    /* workers whose thread runs */
  batch_spheres_options options;
  event work; /* workers wait on it for any lane to have something */
  drains drains;
  atomic_bool closed; /* every lane is */
  worker workers[];
};

/* Whether the workers stayed behind in a fork; then that is said in the name of `function`. */
bool spheres_are_elsewhere(const char *function, const BatchSpheres *s);

#endif
