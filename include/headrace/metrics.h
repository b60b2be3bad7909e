/* Statistics for Prometheus: what loaders, queues, pools and spheres of a program have done, as text in the
   exposition format 0.0.4. The names and what to do with them are in docs/metrics.md.

   Usage:
       batch_metrics_object objects[] = {
           {.name = "train", .loader = loader},
           {.name = "done", .queue = queue},
       };
       batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
       options.objects = objects;
       options.num_objects = 2;
       char text[16384];
       size_t length = batch_metrics_text(&options, text, sizeof text);
       if (length > 0 && length < sizeof text)
         fwrite(text, 1, length, stdout);

   One text has all objects of a program: the format wants the samples of a metric together, under one #
   TYPE line, and no sample twice. Objects of a kind are told apart by the label `name`; several processes
   on one machine by a label of the caller's, such as the rank.

   Threads: any, at any time, beside all other calls but those that free an object which is named.

   Progress: waits for nothing and allocates nothing. It reads what is counted anyway, with atomic loads:
   whoever fills, takes or waits for a batch is not delayed. For a pool it looks at every idle batch once.

   Figures: counters never fall as long as the object lives. Each figure is exact when nothing else runs;
   those of one text are not of one instant. */
#ifndef HEADRACE_METRICS_H
#define HEADRACE_METRICS_H

#include "loader.h"
#include "pool.h"
#include "queue.h"
#include "spheres.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a HTTP handler says of the text. */
#define BATCH_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* An object, and the name that it is to have: exactly one of the pointers to objects is not NULL. The
   struct stays as it is for ever. */
typedef struct batch_metrics_object {
  const char *name; /* the value of the label `name`: UTF-8, with any characters; NULL: without that label */
  const BatchLoader *loader;
  const BatchQueue *queue;
  const BatchPool *pool;
  const BatchSpheres *spheres;
  const batch_tokenize_progress *tokenize; /* as batch_tokenize_files told it, or a copy */
  const void *reserved[4];                 /* NULL */
} batch_metrics_object;

/* A label in every sample. The struct stays as it is for ever. */
typedef struct batch_metrics_label {
  /* A letter or _, then letters, digits and _; not `name`, `sphere` or `version`, nor one with __ in front. */
  const char *name;
  const char *value; /* UTF-8, with any characters */
} batch_metrics_label;

/* Start from BATCH_METRICS_OPTIONS_INIT. */
typedef struct batch_metrics_options {
  size_t size;                         /* see base.h */
  const batch_metrics_object *objects; /* [num_objects], no two of a kind with one name */
  size_t num_objects;
  const batch_metrics_label *labels; /* [num_labels], no two with one name */
  size_t num_labels;
} batch_metrics_options;

#define BATCH_METRICS_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_metrics_options)

/* Writes the text of all objects and a NUL to text [room]; the version is in it also without any object.
   Where room is too small text is "", since half of it would be taken for all. text may be NULL when room
   is 0.
   Returns: the bytes of the text without the NUL, as snprintf does: it was written when they are fewer than
   room. Numbers grow: a text of the next call may be longer. About 3 KiB for a loader or for tokenizing, 1 KiB
   for a queue or a pool, 1 KiB and 200 bytes a sphere for spheres; names and labels stand in each line. 0, and
   text "": a bad option; in a forked child, a loader or spheres (BATCH_ERROR_UNSUPPORTED). */
HEADRACE_API size_t batch_metrics_text(const batch_metrics_options *options, char *text, size_t room);

#ifdef __cplusplus
}
#endif
#endif
