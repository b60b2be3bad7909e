/* Writes shards of tokens, and turns text into them.

   Usage:
       batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
       options.format = BATCH_FORMAT_LLMC_GPT2;
       BatchWriter *writer = batch_writer_create("train.bin", &options);
       batch_writer_tokens(writer, ids, count);
       batch_writer_end_document(writer);
       if (!batch_writer_finish(writer)) puts(batch_last_error()->message);
       batch_writer_free(writer);

   A shard is written under a hidden temporary name in the same directory, flushed to the disk and
   then renamed, companion files (.idx, .ds.index) first: whatever happens in between, a file under
   its final name is whole. After an error the writer only answers the same error; freeing it removes its
   temporary files, and nothing else was touched. Shards finished before stay.

   Threads: one at a time. Memory: bounded, whatever the number of tokens and documents. */
#ifndef HEADRACE_WRITER_H
#define HEADRACE_WRITER_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchWriter BatchWriter;

typedef struct batch_writer_options {
  batch_format format;         /* AUTO: headerless; also DATATROVE, LLMC_GPT2, LLMC_LLAMA3, MEGATRON */
  batch_token_type token_type; /* DEFAULT: the smallest that the format has and vocab_size fits. headerless,
                                  datatrove: u16 u32. Megatron: u16 i32, by request u8 i8 i16 i64 */
  uint32_t vocab_size;         /* 0: not known, and u16 where there is a choice */
  uint64_t shard_tokens;       /* a new shard begins with the first document after so many; 0: one file */
  bool overwrite;              /* replace files that exist; otherwise they are an error */
} batch_writer_options;

#define BATCH_WRITER_OPTIONS_INIT                                                                            \
  { BATCH_FORMAT_AUTO, BATCH_TOKEN_DEFAULT, 0, 0, false }

/* Begins writing to `path`. With shard_tokens, shards are numbered before the extension: train.bin
   gives train_000001.bin, train_000002.bin and so on. Megatron: path names the .bin (or .idx).
   Returns NULL: BATCH_INVALID_ARGUMENT (a format that is not written, a type that the format
   lacks or the vocabulary does not fit), BATCH_IO_ERROR (with the path), BATCH_OUT_OF_MEMORY. */
HEADRACE_API BatchWriter *batch_writer_create(const char *path, const batch_writer_options *options);

/* Appends ids [count] to the document at hand. Returns false: BATCH_OUT_OF_RANGE (an id does not
   fit the token type), BATCH_OVERFLOW (more than the format can hold), BATCH_IO_ERROR. */
HEADRACE_API bool batch_writer_tokens(BatchWriter *writer, const uint32_t *ids, size_t count);

/* Ends the document at hand. Formats without boundaries only cut shards here. */
HEADRACE_API bool batch_writer_end_document(BatchWriter *writer);

/* Ends a document that was begun, flushes the last shard to the disk and gives it its name. Nothing may be
   written afterwards. Returns false: BATCH_IO_ERROR with the path, and the shard is not there. */
HEADRACE_API bool batch_writer_finish(BatchWriter *writer);

/* Frees the writer; what was not finished is removed. NULL is fine; freeing it twice aborts. */
HEADRACE_API void batch_writer_free(BatchWriter *writer);

HEADRACE_API uint64_t batch_writer_token_count(const BatchWriter *writer);
HEADRACE_API uint64_t batch_writer_document_count(const BatchWriter *writer); /* ended ones */
HEADRACE_API uint64_t batch_writer_shard_count(const BatchWriter *writer);    /* under their final names */
HEADRACE_API batch_token_type batch_writer_token_type(const BatchWriter *writer);

/* How far batch_tokenize_files has come. */
typedef struct batch_tokenize_progress {
  const char *path; /* being read */
  uint64_t bytes;   /* read so far, compressed where the file is */
  uint64_t total_bytes;
  uint64_t tokens;
  uint64_t documents;
  uint64_t bad_lines; /* of .jsonl, passed over (options.on_bad_line) */
} batch_tokenize_progress;

/* Called after every document, and at least after every 256 KiB of text read, also inside a long line or document
   (but not while a tokenizer is at work on one line), and once when all is read. Returning false stops.
   It may not throw (see base.h). */
typedef bool (*batch_tokenize_callback)(void *context, const batch_tokenize_progress *progress);

/* Reads text and .jsonl (plain, zstd or gzip; paths as for batch_dataset_open), tokenizes it and appends it
   to the writer, one document after the other; the caller finishes the writer. Of the options format,
   text_field, tokenizer, text, separator, end_of_text, on_bad_line and longest_document count. A plain text file
   is one document.
   progress: may be NULL.
   Returns: BATCH_OK; BATCH_CLOSED when the callback stopped it; else an error. */
HEADRACE_API batch_status batch_tokenize_files(const char *const *paths, size_t n,
                                               const batch_dataset_options *options, BatchWriter *writer,
                                               batch_tokenize_callback progress, void *context);

#ifdef __cplusplus
}
#endif
#endif
