/* What is kept of a run of shards until it is finished, so that it can go on after its last whole shard.

   A file of lines in the hidden directory (staging.h): what the run is (run_description.h), and for each shard how far
   the run has come with it, and how large its files are. Each line ends with a hash of all before it: what is damaged is
   not believed. A shard's line is written, and on the disk, before the shard gets its name, so every shard that is in its
   place has one. The last line may be of a shard that never came there, or not written to its end: it is dropped. */
#ifndef HEADRACE_DATASET_WRITER_RUN_RECORD_H
#define HEADRACE_DATASET_WRITER_RUN_RECORD_H

#include "dataset/writer/staging.h"
#include "text/text_buffer.h"
#include "text/text_file.h"

/* What stops a run, or passes over lines: it may be less strict later where it has changed nothing so far. */
typedef struct run_limits {
  uint64_t longest_document, malformed, on_bad_line; /* as in batch_dataset_options */
} run_limits;

/* How far a run has come. */
typedef struct run_mark {
  uint64_t shards, tokens, documents; /* all of them together */
  uint64_t masked;                    /* of the tokens, not to be learnt */
  uint64_t input;                     /* the file in which it goes on, from 0 */
  text_place next;                    /* where in that file */
  uint64_t bad_lines;                 /* of the files before it */
  run_limits limits;
  bool last; /* there are no more shards */
} run_mark;

typedef struct run_record {
  const staging *place;
  int fd;            /* -1: nothing is kept yet */
  uint64_t bytes;    /* of the file, that are good */
  uint64_t hash;     /* of them */
  text_buffer lines; /* what the run is */
  run_mark mark;     /* with the last shard */
} run_record;

#define RUN_RECORD_NONE ((run_record){.fd = -1})

/* Reads what is kept in `place`, and looks whether its shards are there. Where there is nothing, or no shard, fd stays
   -1. BATCH_ERROR_FORMAT: it is damaged; BATCH_ERROR_UNSUPPORTED: of another version; BATCH_ERROR_IO: a shard is not there
   as it was written. */
bool run_record_read(run_record *record, const staging *place);

/* Adds the shard that is sealed in place->fresh, with which the run has come to *mark. */
bool run_record_add(run_record *record, const run_mark *mark);

/* The file stays. */
void run_record_close(run_record *record);

#endif
