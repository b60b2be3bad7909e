/* --metrics FILE: what a run has done so far, for Prometheus, in a file that is written aside and renamed: at the beginning,
   every five seconds, and at the end. Who reads it (node_exporter's textfile collector) never sees half of it.

   Usage:
       metrics_file metrics = {.command = "feed", .path = path};         path NULL: none is asked for
       if ((status = metrics_begin(&metrics, &object)) != CLI_OK) return status;
       again and again: metrics_pass(&metrics, &object);
       status = metrics_end(&metrics, &object); */
#ifndef HEADRACE_CLI_METRICS_FILE_H
#define HEADRACE_CLI_METRICS_FILE_H

#include "cli.h"

typedef struct metrics_file {
  const char *command, *path;
  char run[256];                 /* the file's name, without .prom */
  batch_metrics_label labels[3]; /* [num_labels]; the first is the run's */
  size_t num_labels;
  uint64_t due;   /* when it is written next, in nanoseconds of CLOCK_MONOTONIC */
  uint64_t pause; /* before that: longer each time that it could not be written */
} metrics_file;

#define METRICS_FILE_HELP                                                                                    \
  "  --metrics FILE        write what has been done so far every 5 seconds, and at\n"                        \
  "                        the end, as text for Prometheus\n"

/* Takes the argument of --metrics; returns the exit status. The file's name becomes the label `run`: node_exporter puts the
   files of a folder together, and no two of them may have the same sample. */
int metrics_take(metrics_file *m, const char *command, const char *path);

/* One more label of every sample, before metrics_begin: two at most. What is given must last. */
void metrics_label(metrics_file *m, const char *name, const char *value);

/* Writes the file for the first time: that it cannot be written, or is another file that is not to be lost, is known before a
   run of hours. Returns the exit status. */
int metrics_begin(metrics_file *m, const batch_metrics_object *object);

/* Writes it if it is time to. Where that fails it is said, the run goes on, and it is tried again after twice as long: a disk
   that is full for a minute costs no more than another one. */
void metrics_pass(metrics_file *m, const batch_metrics_object *object);

/* Writes it for the last time; returns the exit status. */
int metrics_end(metrics_file *m, const batch_metrics_object *object);

#endif
