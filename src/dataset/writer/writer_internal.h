/* What others may ask of a writer, and what its own files share. */
#ifndef HEADRACE_DATASET_WRITER_WRITER_INTERNAL_H
#define HEADRACE_DATASET_WRITER_WRITER_INTERNAL_H

#include "base/fault.h"
#include "dataset/writer/run_record.h"
#include "dataset/writer/shard.h"
#include "headrace/writer.h"

/* Whether the shards of a run are kept, so that it can go on when it was interrupted. They are if all of them come from
   one call of batch_tokenize_files. */
typedef enum run_kept {
  RUN_NOT_KEPT, /* one file, or what replaces others: nothing is published before the end; or the caller writes */
  RUN_NEW,      /* nothing is written yet */
  RUN_GOES_ON, /* shards of an earlier run are there, and nothing is written yet */
  RUN_KEPT
} run_kept;

struct BatchWriter {
  batch_writer_options options; /* format and token_type settled */
  output_names names;
  staging place;
  shard shard; /* closed when there are no more */
  bool in_document, finished;
  fault failed; /* the first failure stays */
  uint64_t tokens, documents;
  uint64_t masked;    /* of the tokens, not to be learnt */
  bool has_loss;      /* every shard has a loss mask from here on */
  uint64_t shards;    /* sealed */
  uint64_t published; /* of them, under their final names */
  run_kept kept;
  run_record record;
  run_limits limits;
  run_mark at; /* input, next and bad_lines: behind the last document that ended */
};

/* Whether the writer still takes something; otherwise why not. */
bool writer_ready(const BatchWriter *writer, const char *function_called);

/* Keeps the first failure, which is the error at hand, and takes back what is unfinished. Returns false. */
bool writer_fail(BatchWriter *writer);

/* As batch_writer_append_masked and batch_writer_end_document, of a writer that is ready. */
bool writer_append(BatchWriter *writer, const int32_t *ids, const uint8_t *loss, size_t count);
bool writer_end_document(BatchWriter *writer);

/* Gives the shard at hand, and all behind it, a loss mask, unless they have one. Refused, and nothing is changed, where the
   output is a link. */
bool writer_begin_loss(BatchWriter *writer);

/* Ends the shard at hand and begins another one. */
bool writer_next_shard(BatchWriter *writer);

/* The error of a run that writes several files under the name of a link. */
bool writer_refuse_link(const output_names *names);

/* Where the run would go on: behind the document that has ended. */
void writer_mark(BatchWriter *writer, uint64_t input, const text_place *next, uint64_t bad_lines_before);

/* Refuses a file that is to be read when what is written will take it away. */
bool writer_check_input(const BatchWriter *writer, const char *function_called, const char *path);

/* Half a document can be neither taken back nor ended: when one is begun, the writer fails with the error at
   hand. */
void writer_abandon(BatchWriter *writer);

/* Looks what is kept of an earlier run, and goes on behind it if that is wanted; refuses names that are taken. */
bool writer_find_run(BatchWriter *writer);

/* Whether the next call of batch_tokenize_files is to say what it reads. */
bool writer_wants_run(const BatchWriter *writer);

/* Begins a run that is described by these lines, or goes on with the one that was found, which must be the same. *from:
   where. */
bool writer_begin_run(BatchWriter *writer, const text_buffer *lines, const run_limits *limits,
                      run_mark *from);

/* Keeps a shard that is sealed. last: there will be no more. */
bool writer_keep_shard(BatchWriter *writer, bool last);

/* The caller writes himself: nothing is kept any longer. Refused before what was kept is taken up. */
bool writer_leave_run(BatchWriter *writer, const char *function_called);

#endif
