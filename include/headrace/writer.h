/* Writes shards of tokens, and turns text into them.

   Usage:
       batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
       options.format = BATCH_FORMAT_LLMC_GPT2;
       BatchWriter *writer = batch_writer_create("train.bin", &options);
       batch_writer_append(writer, ids, count);
       batch_writer_end_document(writer);
       if (!batch_writer_finish(writer)) puts(batch_last_error()->message);
       batch_writer_free(writer);

   Names: a run owns its own: for an output x.bin these are x.bin, the shards x_000001.bin, x_000002.bin and
   so on, and the companions of each (.idx, .index, .loss, .metadata), in whatever format they were written.
   Without options.overwrite any of them that is there refuses the run before it begins. With it they are
   replaced: all at once, when everything is written; until then, and whenever the run does not end well,
   they are untouched. Other files are never touched, only regular ones are replaced; a link to one stays,
   and the file that it leads to is replaced.

   Whole or not at all: files are written in a hidden directory beside the output, .x.bin.headrace, flushed
   to the disk and renamed, companions before their tokens: whatever happens in between, a file under its
   final name is whole, and no token file stands beside a companion of other tokens. The directory is locked
   while the run lives: a second run with the same output is refused. What a killed run left is tidied up by
   the next one with the same output; if it was killed between two renames, the next one ends them.
   Meanwhile readers refuse the files, see batch_dataset_open.

   After an error the writer only answers the same error. Without overwrite, shards finished before it stay.

   Going on: a run of shards by one call of batch_tokenize_files that is interrupted (stopped, out of disk,
   killed, without power) can go on: what it is and how far it has come is kept in the hidden directory from
   its first shard to its end. With options.continue_run, the same call goes on after the last whole shard,
   and what it leaves in the end is byte for byte what it would have left at once.

   Anything else is refused by name: other inputs, or one of another size or time of modification; another
   tokenizer or option, or version of the library; shards that are not as they were. (Told apart by its
   vocabulary, its end of text and the ids of a short text is a tokenizer of your own.) But what only stops
   a run, on_bad_line, longest_document and BATCH_MALFORMED_ERROR, may be less strict later, while no bad
   line was passed over.

   Companions: tokens that are not to be learnt are named in one, x.bin.loss, see
   batch_writer_append_masked. What is written is read back with default options, under any name: a
   headerless file of a type that its name does not tell gets another, x.bin.metadata, that does
   (datatrove's form, see docs/data-formats.md), and names that readers take for another format are refused.

   Fork: in a child every call answers BATCH_ERROR_UNSUPPORTED, and batch_writer_free frees memory only.

   Threads: one at a time.

   Memory: bounded, whatever the number of tokens and documents. */
#ifndef HEADRACE_WRITER_H
#define HEADRACE_WRITER_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchWriter BatchWriter;

/* Start from BATCH_WRITER_OPTIONS_INIT. */
typedef struct batch_writer_options {
  size_t size;                 /* see base.h */
  batch_format format;         /* AUTO: headerless; also DATATROVE, LLMC_GPT2, LLMC_LLAMA3, MEGATRON, NPY */
  batch_token_type token_type; /* DEFAULT: what the name tells (x.u32, x.u32.bin), else the smallest that the
                                  format has and vocab_size fits. headerless, datatrove: u16 u32.
                                  Megatron: u16 i32, by request u8 i8 i16 i64; npy: u16 u32, by request all */
  uint32_t vocab_size;         /* at most 2^31; 0: not known, and u16 where there is a choice */
  bool overwrite;              /* replace what the run owns; otherwise what is there of it is an error */
  uint64_t shard_tokens;       /* a new shard begins with the first document after so many; 0: one file */
  bool continue_run;   /* go on with an unfinished run, see above; where nothing is there, begin one. Not with
                                  overwrite */
  uint8_t reserved[7]; /* 0 */
} batch_writer_options;

#define BATCH_WRITER_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_writer_options)

/* Begins writing to `path`, and looks for what would refuse it in the end. With shard_tokens, shards are
   numbered before the extension: train.bin gives train_000001.bin, train_000002.bin and so on,
   train.u32.bin train_000001.u32.bin. Megatron: path names the .bin (or .idx); datatrove: the .ds; npy: the
   .npy; a name without gets it.
   options: NULL for the defaults.
   Returns: the writer, owned by the caller; NULL with BATCH_ERROR_INVALID_ARGUMENT (a format that is not
   written, a type that the format lacks, the vocabulary does not fit or the name contradicts, a name that
   is read as another format, "-", a link where the run writes more than one file, another option than the
   unfinished run has), BATCH_ERROR_IO (with the path: names that are taken, also by another run at work;
   directories, devices; shards of the unfinished run that are not as they were; what the system refuses),
   BATCH_ERROR_FORMAT (what is kept of the unfinished run is damaged), BATCH_ERROR_UNSUPPORTED (or of
   another version), BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchWriter *batch_writer_create(const char *path, const batch_writer_options *options);

/* For who writes anew what files hold: refuses a file that the run will replace (options.overwrite), by
   whatever name. A run that replaces nothing may read any.
   Returns: true; false with BATCH_ERROR_INVALID_ARGUMENT (and both paths) or BATCH_ERROR_IO (it is not
   there). */
HEADRACE_API bool batch_writer_check_input(const BatchWriter *writer, const char *path);

/* Appends ids [count] to the document at hand.
   Returns: true; false with BATCH_ERROR_OUT_OF_RANGE (an id is below 0 or does not fit the token type),
   BATCH_ERROR_OVERFLOW (more than 2^31 - 1 tokens in a shard of llm.c or a document of a Megatron file),
   BATCH_ERROR_IO. */
HEADRACE_API bool batch_writer_append(BatchWriter *writer, const int32_t *ids, size_t count);

/* As batch_writer_append, with which of them are to be learnt: 0 in loss [count] is one that is not. NULL:
   all are. From the shard on that the first such token of the run is in, each shard has a companion
   PATH.loss, a byte (0 or 1) a token; shards before have none, which stands for 1.
   Returns: true; false as batch_writer_append, and with BATCH_ERROR_INVALID_ARGUMENT where the output is a
   link and the first such token comes. */
HEADRACE_API bool batch_writer_append_masked(BatchWriter *writer, const int32_t *ids, const uint8_t *loss,
                                             size_t count);

/* Ends the document at hand. Formats without boundaries only cut shards here.
   Returns: true; false with the reason, as batch_writer_append. */
HEADRACE_API bool batch_writer_end_document(BatchWriter *writer);

/* Ends a document that was begun, flushes the last shard to the disk and gives it (with overwrite: all of
   them) its name. Nothing may be written afterwards. A file without tokens is fine; a dataset needs another
   beside it.
   Returns: true; false with BATCH_ERROR_IO (and the path), and what was there is there (with earlier shards,
   unless they replace something). Where that is not so the sentence says it: "what was written is whole and
   in its place" when only the cleaning up failed, or where a file is that could not be put back. */
HEADRACE_API bool batch_writer_finish(BatchWriter *writer);

/* Frees the writer; what was not finished is removed. NULL is fine; freeing it twice aborts. */
HEADRACE_API void batch_writer_free(BatchWriter *writer);

/* Return what was written so far, by the run that is gone on with too; of NULL 0 (BATCH_TOKEN_DEFAULT) with
   an error. */
HEADRACE_API uint64_t batch_writer_tokens(const BatchWriter *writer);
HEADRACE_API uint64_t batch_writer_masked(const BatchWriter *writer); /* tokens that are not to be learnt */
HEADRACE_API uint64_t batch_writer_documents(const BatchWriter *writer); /* ended ones */
HEADRACE_API uint64_t batch_writer_files(const BatchWriter *writer);     /* under their final names */
HEADRACE_API batch_token_type batch_writer_token_type(const BatchWriter *writer);

/* How far batch_tokenize_files has come: what has gone to the writer. Later versions may add fields at the
   end. */
typedef struct batch_tokenize_progress {
  const char *path; /* the file that it is at */
  uint64_t bytes;   /* of all files, compressed where they are; never less than before */
  uint64_t total_bytes;
  uint64_t tokens;
  uint64_t documents;
  uint64_t bad_lines; /* of .jsonl, passed over (options.on_bad_line) */
  uint64_t masked;    /* of the tokens, not to be learnt */
  /* Who waits for whom, in nanoseconds of this call, for what has gone to the writer: reading and
     decompressing; waiting, since enough is on its way. */
  uint64_t reader_ns, reader_wait_ns;
  /* Tokenizing; waiting for text; all threads together. */
  uint64_t worker_ns, worker_wait_ns;
  /* Writing, by the calling thread, callbacks included; waiting for the next text in order. */
  uint64_t writer_ns, writer_wait_ns;
  uint32_t workers;  /* threads that tokenize; 0: the calling thread does all in turn, and nobody waits */
  uint32_t reserved; /* 0 */
  /* "reader", "workers" or "writer": who waits least, which holds up the others; "none" while nothing is
     done. */
  const char *bottleneck;
} batch_tokenize_progress;

/* Called in the thread that called batch_tokenize_files: after every document, after every piece of text of
   about 256 KiB, and ten times a second also where nothing is done by then. With options.workers 1, and
   where there are no threads to be had, not while the tokenizer is at work. Returning false stops: the
   workers end with the part of a text that they have in hand. It may not throw (see base.h). */
typedef bool (*batch_tokenize_callback)(void *context, const batch_tokenize_progress *progress);

/* Reads text and .jsonl (plain, zstd or gzip; paths as for batch_dataset_open), tokenizes it and appends it
   to the writer, one document after the other; the caller finishes the writer. A plain text file is one
   document. Of the options format, text_field, spans, tokenizer, text, separator, end_of_text, on_bad_line,
   longest_document and workers count; a subset is refused.

   All files are looked at before the first is read: what is not text, and what the writer will replace, is
   refused; and so are text_field, spans and on_bad_line when no file is .jsonl, and other files and options
   than those of the unfinished run that the writer goes on with. Then all that run has done counts as done,
   in the progress too.
   Threads: options.workers tokenize and one reads, unless all there is fits into 256 KiB or workers is 1;
   they are joined before it returns. What is written, and the error, are the same for any number. The
   calling thread writes. In a child that the callback forks the call answers BATCH_ERROR_UNSUPPORTED.
   progress: may be NULL.
   Returns: BATCH_OK; BATCH_CLOSED when the callback stopped it; else an error. After one that came inside a
   document the writer answers only that error; after others the caller may go on and finish. */
HEADRACE_API batch_status batch_tokenize_files(const char *const *paths, size_t n,
                                               const batch_dataset_options *options, BatchWriter *writer,
                                               batch_tokenize_callback progress, void *context);

#ifdef __cplusplus
}
#endif
#endif
