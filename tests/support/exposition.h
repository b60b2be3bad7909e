/* Prometheus' text exposition format 0.0.4, read strictly: what a text of batch_metrics_text must be.

   Usage:
       exposition e;
       const char *fault = exposition_read(&e, text);       NULL: there is none
       const exposition_sample *s = exposition_find(&e, "headrace_queue_batches", "name=\"in\"");
       ... s->value ...
       exposition_free(&e); */
#ifndef HEADRACE_TESTS_EXPOSITION_H
#define HEADRACE_TESTS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct exposition_sample {
  char name[100];
  char labels[300]; /* as they stand between { and }; "" without */
  bool counter;
  uint64_t value; /* of one with a point, nanoseconds */
} exposition_sample;

typedef struct exposition {
  exposition_sample *samples;
  size_t count;
  char fault[200];
} exposition;

/* Returns what is wrong, and in which line; NULL: nothing. Stricter than the format: each family has its HELP and its TYPE,
   in this order, right before its samples, of which there is at least one; counters, and nothing else, end in _total;
   numbers are decimal and not below 0; there is no other comment, time stamp or blank where none is needed. */
const char *exposition_read(exposition *e, const char *text);

/* The sample with exactly these labels; NULL: there is none. */
const exposition_sample *exposition_find(const exposition *e, const char *name, const char *labels);

void exposition_free(exposition *e);

#endif
