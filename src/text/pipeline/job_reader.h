/* The reader's side: the text of files, decompressed, straight into jobs. It copies and looks for the last place to cut,
   no more: everything else is the workers'. */
#ifndef HEADRACE_TEXT_PIPELINE_JOB_READER_H
#define HEADRACE_TEXT_PIPELINE_JOB_READER_H

#include "text/byte_stream.h"
#include "text/pipeline/cut.h"
#include "text/pipeline/job.h"

typedef struct job_reader {
  text_files files;
  text_place from; /* in the first file */
  uint64_t index;  /* of the file at hand */
  text_file file;
  bool is_open; /* it */
  byte_stream stream;
  size_t longest;              /* bytes that a job may hold without a place to cut */
  bool (*tick)(void *context); /* after every read; false stops */
  void *tick_context;
  bool stopped; /* by tick */
  text_cutter cutter;
  text_buffer rest; /* read, and behind the last job */
  uint64_t offset;  /* of rest in the text */
  uint64_t before;  /* bytes that are still to be passed over to come there */
  uint64_t passed;  /* bytes of the file that were, compressed where it is */
  uint64_t number;  /* of the next job */
  bool passing;     /* .jsonl: what comes next is the rest of a line that is too long */
  bool begun;       /* text: the document */
  bool at_end;      /* text: from is its end */
} job_reader;

/* Borrows what it is given. from: the place to begin at in the first file. tick is the caller's to set. */
job_reader job_reader_make(const text_files *files, const batch_dataset_options *options,
                           const BatchTokenizer *tokenizer, const text_place *from);

/* Fills an empty job with the next piece of text, until one was the last: of all files, or with the fault at which
   reading ends. No job holds text of two files. False: stopped by tick. */
bool job_reader_next(job_reader *reader, text_job *job);

void job_reader_close(job_reader *reader);

#endif
