/* Tokenizing files on several processors:

     reader -> queue of jobs -> workers -> window (sync/window.h) -> the calling thread -> sink
       ^                                                               |
       '------------------- queue of idle jobs <-----------------------'

   The reader and each worker is a thread. There is a fixed number of jobs, and the reader waits while those on their way
   hold more than a fixed number of bytes: so memory is bounded, and the calling thread holds up who gets ahead of it.
   Whoever waits, waits on an event; the calling thread looks up ten times a second to report how far it is.

   Usage:
       pipeline *p = pipeline_start(&reader, options, tokenizer, workers, &first);
       if (!p) ... there are no threads to be had: the caller does it all in turn
       bool good = pipeline_deliver(p, &delivery);
       pipeline_free(p);

   The calling thread is not cancelled between start and free: threads of the pipeline use what lies on its stack. */
#ifndef HEADRACE_TEXT_PIPELINE_PIPELINE_H
#define HEADRACE_TEXT_PIPELINE_PIPELINE_H

#include "text/pipeline/deliver.h"
#include "text/pipeline/job_encoder.h"
#include "text/pipeline/job_reader.h"

typedef struct pipeline pipeline;

/* Starts up to so many workers, and the reader, which goes on behind `first`. Takes over what is in `first`. NULL: there
   is no memory, or no thread, for it; nothing has changed. */
pipeline *pipeline_start(job_reader *reader, const batch_dataset_options *options,
                         const BatchTokenizer *tokenizer, uint32_t workers, text_job *first);

/* Delivers all jobs. False: an error is set. */
bool pipeline_deliver(pipeline *p, text_delivery *delivery);

/* Whether the process has forked meanwhile, and this is the child, which has none of the threads: what they had in hand
   stays as it is. */
bool pipeline_is_elsewhere(const pipeline *p);

/* Stops the threads, at the next part of a text, and joins them. */
void pipeline_free(pipeline *p);

#endif
