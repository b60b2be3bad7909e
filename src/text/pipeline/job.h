/* A job: a piece of a file's text on its way from the reader through a worker to the sink, with what each of them has
   to say of it. Of .jsonl it holds whole lines, of text a part of the document that is encoded by itself. */
#ifndef HEADRACE_TEXT_PIPELINE_JOB_H
#define HEADRACE_TEXT_PIPELINE_JOB_H

#include "base/fault.h"
#include "headrace/dataset.h"
#include "text/pipeline/times.h"
#include "text/text_buffer.h"
#include "text/text_file.h"

/* Bytes of text in a job, about, at least 4. Only tests change it: what comes out does not depend on it. */
extern size_t text_job_step;

/* What a fault's sentence says of the place, which is known where jobs are in order again. */
typedef enum job_fault_kind {
  JOB_FAULT_NONE,
  JOB_FAULT_COMPLETE, /* all of it */
  JOB_FAULT_IN_LINE,  /* nothing yet: at the offset, in the line */
  JOB_FAULT_BEFORE    /* nothing yet: before the offset, in the line */
} job_fault_kind;

typedef struct job_fault {
  job_fault_kind kind;
  uint64_t offset; /* in the text */
  uint64_t line;   /* of the job, from 1; 0: a text */
  fault what;
} job_fault;

/* The end of a document. Lines are counted from the job's start. */
typedef struct job_document {
  size_t ids; /* of the job, before it */
  text_place next;
} job_document;

typedef struct text_job {
  /* Written by the reader. */
  const char *path;
  text_buffer text;
  uint64_t number;    /* of the jobs, from 0 */
  uint64_t offset;    /* of the first byte in the text */
  uint64_t consumed;  /* bytes of the file, up to the last byte or a little further */
  bool opens, closes; /* a file: the first of its jobs, and the last */
  bool jsonl;
  bool begins, ends; /* a document of text */
  bool broken_off;   /* the last line is longer than the longest document, and the rest of it is not here */
  bool last;         /* nothing follows */
  /* Of this job: the reader's part, and a worker's behind it. */
  text_times times;
  /* The reader's, behind the text; a worker's takes its place. */
  job_fault fault;
  /* Written by a worker. */
  int32_t *ids;
  size_t count, capacity;
  uint8_t *loss; /* of ids, 0: not to be learnt; made once there is one such: until then nothing is masked */
  size_t loss_capacity;
  bool masked;
  job_document *documents;
  size_t num_documents, most_documents;
  uint64_t lines, bad_lines;
} text_job;

/* Bytes of a buffer that are kept for the next jobs. */
size_t text_job_usual(void);

/* Empties a job, for the next piece. What one huge document has made grow is given back. */
void text_job_clear(text_job *job);

void text_job_free(text_job *job);

/* Makes room for `more` ids or documents; takes ids that were put into that room. BATCH_ERROR_OUT_OF_MEMORY. */
bool text_job_reserve_ids(text_job *job, size_t more);
bool text_job_take_ids(text_job *job, size_t count, bool masked);
bool text_job_add_document(text_job *job, const text_place *next);

/* Bytes that options allow where text cannot be cut, and the error when there are more. */
size_t text_longest(const batch_dataset_options *options);
bool text_too_long(size_t longest);

/* Keeps the calling thread's last error as the job's fault. Returns false. */
bool text_job_fails(text_job *job, job_fault_kind kind, uint64_t offset, uint64_t line);

/* Sets the job's fault as the calling thread's last error; lines: of the file before the job. Returns false. */
bool text_job_raise(const text_job *job, uint64_t lines);

#endif
