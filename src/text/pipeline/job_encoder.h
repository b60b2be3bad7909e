/* A worker's side: from a job's text to ids: JSON, malformed UTF-8, normal form, tokenizer, separators. */
#ifndef HEADRACE_TEXT_PIPELINE_JOB_ENCODER_H
#define HEADRACE_TEXT_PIPELINE_JOB_ENCODER_H

#include "text/jsonl.h"
#include "text/normalize.h"
#include "text/pipeline/job.h"
#include "text/tokenizer.h"

/* What one thread works with. */
typedef struct job_encoder {
  const batch_dataset_options *options;
  const BatchTokenizer *tokenizer;
  size_t longest;
  bool (*tick)(void *context); /* now and then, after some tens of KB; false stops */
  void *tick_context;
  bool stopped;    /* by tick */
  size_t unticked; /* bytes of text since the last tick */
  tokenizer_scratch scratch;
  text_normalizer normalizer;
  jsonl_form form;
  jsonl_document document;
  text_buffer clean, normal;
} job_encoder;

/* Borrows what it is given; tick is the caller's to set. BATCH_ERROR_OUT_OF_MEMORY; job_encoder_free also then. */
bool job_encoder_make(job_encoder *encoder, const batch_dataset_options *options,
                      const BatchTokenizer *tokenizer);

/* Fills in what a worker writes; what is wrong with the text becomes the job's fault. False: stopped by tick. */
bool job_encoder_run(job_encoder *encoder, text_job *job);

void job_encoder_free(job_encoder *encoder);

#endif
