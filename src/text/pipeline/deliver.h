/* From jobs, in order, to the sink: in the calling thread. */
#ifndef HEADRACE_TEXT_PIPELINE_DELIVER_H
#define HEADRACE_TEXT_PIPELINE_DELIVER_H

#include "text/pipeline/job.h"

/* Takes ids of the document at hand, and its end; next: where in the file the document after it begins, or nothing
   more does. False stops, with an error set. */
typedef struct token_sink {
  bool (*tokens)(void *context, const int32_t *ids, size_t count);
  bool (*end_document)(void *context, const text_place *next);
  bool (*progress)(void *context, uint64_t bytes_read, uint64_t bad_lines); /* often; may be NULL */
  void *context;
} token_sink;

/* What was delivered of a file. */
typedef struct text_delivery {
  const token_sink *sink;
  uint64_t lines, bad_lines;
  uint64_t consumed; /* bytes of the file */
} text_delivery;

/* Tells the sink how far it has come. */
bool text_delivery_report(const text_delivery *delivery);

/* Gives the next job's ids and ends of documents to the sink. False: an error is set, the sink's or the job's. */
bool text_delivery_give(text_delivery *delivery, const text_job *job);

#endif
