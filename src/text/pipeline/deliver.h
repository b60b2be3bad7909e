/* From jobs, in order, to the sink: in the calling thread. */
#ifndef HEADRACE_TEXT_PIPELINE_DELIVER_H
#define HEADRACE_TEXT_PIPELINE_DELIVER_H

#include "text/pipeline/job.h"

/* Takes ids of the document at hand, with 0 in loss [count] for those not to be learnt (NULL: all are), and its end; next:
   where in the file the document after it begins, or nothing more does. Takes the beginning and the end of each file, of
   which documents and progress are. False stops, with an error set. */
typedef struct token_sink {
  bool (*tokens)(void *context, const int32_t *ids, size_t count, const uint8_t *loss);
  bool (*end_document)(void *context, const text_place *next);
  bool (*progress)(void *context, uint64_t bytes_read, uint64_t bad_lines,
                   const text_times *times); /* often; may be NULL */
  void *context;
  bool (*begin_file)(void *context, uint64_t index);                        /* may be NULL */
  bool (*end_file)(void *context, uint64_t bytes_read, uint64_t bad_lines); /* may be NULL */
} token_sink;

/* What was delivered of the file at hand. */
typedef struct text_delivery {
  const token_sink *sink;
  text_place from;           /* in the first file */
  const char *path;          /* NULL: nothing was */
  uint64_t index;            /* of the file, or of the next one */
  uint64_t lines, bad_lines; /* those before `from` included */
  uint64_t consumed;         /* bytes of the file */
  text_times times;          /* of all files */
} text_delivery;

/* Tells the sink how far it has come. */
bool text_delivery_report(const text_delivery *delivery);

/* Gives the next job's ids and ends of documents to the sink. False: an error is set, the sink's or the job's. */
bool text_delivery_give(text_delivery *delivery, const text_job *job);

#endif
