/* The reader's side: a file's text, decompressed, straight into jobs. It copies and looks for the last place to cut, no
   more: everything else is the workers'. */
#ifndef HEADRACE_TEXT_PIPELINE_JOB_READER_H
#define HEADRACE_TEXT_PIPELINE_JOB_READER_H

#include "text/byte_stream.h"
#include "text/pipeline/cut.h"
#include "text/pipeline/job.h"

typedef struct job_reader {
  byte_stream stream;
  bool jsonl;
  size_t longest;              /* bytes that a job may hold without a place to cut */
  bool (*tick)(void *context); /* after every read; false stops */
  void *tick_context;
  bool stopped; /* by tick */
  text_cutter cutter;
  text_buffer rest; /* read, and behind the last job */
  uint64_t offset;  /* of rest in the text */
  uint64_t before;  /* bytes that are still to be passed over to come there */
  uint64_t number;  /* of the next job */
  bool passing;     /* .jsonl: what comes next is the rest of a line that is too long */
  bool begun;       /* text: the document */
} job_reader;

/* Borrows what it is given. from: the place to begin at. tick is the caller's to set. False: an error is set;
   job_reader_close also then. */
bool job_reader_open(job_reader *reader, const text_file *file, const batch_dataset_options *options,
                     const BatchTokenizer *tokenizer, const text_place *from);

/* Fills an empty job with the next piece of text, until one was the last: of the file, or with the fault at which
   reading ends. False: stopped by tick. */
bool job_reader_next(job_reader *reader, text_job *job);

void job_reader_close(job_reader *reader);

#endif
