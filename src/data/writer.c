#include "headrace/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/live.h"
#include "data/encode.h"
#include "data/file.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/shard.h"
#include "data/token_type.h"

struct BatchWriter {
  batch_writer_options options; /* format and token_type settled */
  char *path;
  shard shard;
  bool in_document, finished;
  batch_status failed; /* the first failure stays, and its sentence */
  char failure[1024];
  uint64_t tokens, documents, shards;
};

typedef struct writable {
  batch_format format;
  batch_token_type types[7]; /* the defaults first, smallest first; DEFAULT ends the list */
  size_t defaults;           /* how many of them are chosen without request */
} writable;

static const writable formats[] = {
    {BATCH_FORMAT_HEADERLESS, {BATCH_TOKEN_U16, BATCH_TOKEN_U32}, 2},
    {BATCH_FORMAT_DATATROVE, {BATCH_TOKEN_U16, BATCH_TOKEN_U32}, 2},
    {BATCH_FORMAT_LLMC_GPT2, {BATCH_TOKEN_U16}, 1},
    {BATCH_FORMAT_LLMC_LLAMA3, {BATCH_TOKEN_U32}, 1},
    {BATCH_FORMAT_MEGATRON,
     {BATCH_TOKEN_U16, BATCH_TOKEN_I32, BATCH_TOKEN_U8, BATCH_TOKEN_I8, BATCH_TOKEN_I16, BATCH_TOKEN_I64},
     2},
};

static const writable *find_writable(batch_format format) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (formats[i].format == format) return &formats[i];
  return NULL;
}

static bool has_type(const writable *w, batch_token_type type) {
  for (const batch_token_type *t = w->types; *t; t++)
    if (*t == type) return true;
  return false;
}

/* The smallest default that the vocabulary fits, or the largest one. */
static batch_token_type choose_type(const writable *w, uint32_t vocab_size) {
  size_t i = 0;
  while (i + 1 < w->defaults && vocab_size > token_type_max(w->types[i]) + 1) i++;
  return w->types[i];
}

static bool settle(batch_writer_options *options) {
  static const char function[] = "batch_writer_create";
  if (!options->format) options->format = BATCH_FORMAT_HEADERLESS;
  const writable *w = find_writable(options->format);
  if (!w)
    return error_fail(BATCH_INVALID_ARGUMENT,
                      "%s: options.format is %d (%s), expected headerless, datatrove, llm.c or Megatron",
                      function, (int)options->format, batch_format_name(options->format));
  if (!options->token_type) options->token_type = choose_type(w, options->vocab_size);
  if (!has_type(w, options->token_type))
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: options.token_type is %s, expected one that %s has",
                      function, batch_token_type_name(options->token_type),
                      batch_format_name(options->format));
  uint64_t room = token_type_max(options->token_type) + 1;
  return options->vocab_size <= room ||
         error_fail(BATCH_INVALID_ARGUMENT,
                    "%s: options.vocab_size is %" PRIu32 ", expected at most %" PRIu64
                    " for tokens of type %s (%s)",
                    function, options->vocab_size, room, batch_token_type_name(options->token_type),
                    batch_format_name(options->format));
}

/* The path of the token file: the companion's suffix stands for it, and each format has its own. */
static char *settle_path(const char *path, batch_format format) {
  if (format == BATCH_FORMAT_MEGATRON && path_ends_with(path, ".idx"))
    return path_replace_suffix(path, ".idx", ".bin");
  const char *suffix = format == BATCH_FORMAT_MEGATRON    ? ".bin"
                       : format == BATCH_FORMAT_DATATROVE ? ".ds"
                                                          : "";
  return path_replace_suffix(path, "", path_ends_with(path, suffix) ? "" : suffix);
}

/* train.bin and 3 give train_000003.bin. */
static char *shard_path(const BatchWriter *writer, uint64_t number) {
  if (writer->options.shard_tokens == 0) return strdup(writer->path);
  const char *slash = strrchr(writer->path, '/'), *name = slash ? slash + 1 : writer->path,
             *dot = strrchr(name, '.');
  if (!dot || dot == name) dot = name + strlen(name);
  char *result;
  int stem = (int)(dot - writer->path);
  return asprintf(&result, "%.*s_%06" PRIu64 "%s", stem, writer->path, number, dot) < 0 ? NULL : result;
}

static bool open_shard(BatchWriter *writer) {
  char *path = shard_path(writer, writer->shards + 1);
  bool good = path ? shard_open(&writer->shard, path, writer->options.format, writer->options.token_type,
                                writer->options.overwrite)
                   : error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for its name", writer->path);
  free(path);
  return good;
}

BatchWriter *batch_writer_create(const char *path, const batch_writer_options *options) {
  batch_writer_options settled = BATCH_WRITER_OPTIONS_INIT;
  if (options) settled = *options;
  if (!path || !*path)
    return error_null(BATCH_INVALID_ARGUMENT, "batch_writer_create: path is %s, expected a path",
                      path ? "empty" : "NULL");
  if (!settle(&settled)) return NULL;
  BatchWriter *writer = calloc(1, sizeof *writer);
  if (!writer)
    return error_null(BATCH_OUT_OF_MEMORY, "batch_writer_create: no memory for %zu bytes", sizeof *writer);
  live_enter(writer);
  writer->options = settled;
  writer->shard.tokens = writer->shard.ends = OUT_FILE_CLOSED;
  writer->path = settle_path(path, settled.format);
  if (writer->path ? open_shard(writer)
                   : error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for its name", path))
    return writer;
  batch_writer_free(writer);
  return NULL;
}

/* Keeps the first failure, and takes back what is unfinished. */
static bool fail(BatchWriter *writer) {
  writer->failed = batch_last_error()->code;
  snprintf(writer->failure, sizeof writer->failure, "%s", batch_last_error()->message);
  shard_close(&writer->shard);
  return false;
}

/* Whether the writer still takes something; otherwise why not. */
static bool ready(const BatchWriter *writer, const char *function) {
  if (!writer) return error_fail(BATCH_INVALID_ARGUMENT, "%s: writer is NULL, expected a writer", function);
  if (writer->failed) return error_fail(writer->failed, "%s", writer->failure);
  return !writer->finished ||
         error_fail(BATCH_INVALID_ARGUMENT, "%s: the writer is finished, expected one that is not", function);
}

static bool publish(BatchWriter *writer) {
  if (!shard_publish(&writer->shard, writer->options.overwrite)) return false;
  shard_close(&writer->shard);
  writer->shards++;
  return true;
}

static bool begin_document(BatchWriter *writer) {
  uint64_t most = writer->options.shard_tokens;
  writer->in_document = true;
  return most == 0 || writer->shard.token_count < most || (publish(writer) && open_shard(writer));
}

bool batch_writer_tokens(BatchWriter *writer, const uint32_t *ids, size_t count) {
  if (!ready(writer, "batch_writer_tokens")) return false;
  if (!ids && count > 0)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_writer_tokens: ids is %s, expected an address", "NULL");
  if (!writer->in_document && !begin_document(writer)) return fail(writer);
  if (!shard_tokens(&writer->shard, ids, count)) return fail(writer);
  writer->tokens += count;
  return true;
}

bool batch_writer_end_document(BatchWriter *writer) {
  if (!ready(writer, "batch_writer_end_document")) return false;
  if (!writer->in_document && !begin_document(writer)) return fail(writer);
  if (!shard_end_document(&writer->shard)) return fail(writer);
  writer->in_document = false;
  writer->documents++;
  return true;
}

bool batch_writer_finish(BatchWriter *writer) {
  if (!ready(writer, "batch_writer_finish")) return false;
  if (writer->in_document && !batch_writer_end_document(writer)) return false;
  if (!publish(writer)) return fail(writer);
  writer->finished = true;
  return true;
}

void batch_writer_free(BatchWriter *writer) {
  if (!writer) return;
  live_leave("batch_writer_free", writer);
  shard_close(&writer->shard);
  free(writer->path);
  free(writer);
}

uint64_t batch_writer_token_count(const BatchWriter *writer) {
  return writer ? writer->tokens : 0;
}

uint64_t batch_writer_document_count(const BatchWriter *writer) {
  return writer ? writer->documents : 0;
}

uint64_t batch_writer_shard_count(const BatchWriter *writer) {
  return writer ? writer->shards : 0;
}

batch_token_type batch_writer_token_type(const BatchWriter *writer) {
  return writer ? writer->options.token_type : BATCH_TOKEN_DEFAULT;
}
