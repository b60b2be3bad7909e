#include "dataset/writer/writer_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/live.h"
#include "base/options.h"
#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_type.h"
#include "sync/thread.h"

static const format_output *output_of(batch_format number) {
  const format_kind *f = format_of(number);
  return f ? f->output : NULL;
}

static bool has_type(const format_output *w, batch_token_type type) {
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every output has types */
  for (const batch_token_type *t = w->types; *t; t++)
    if (*t == type) return true;
  return false;
}

/* What the name says where the vocabulary fits it, else the smaller default if it fits that. */
static batch_token_type choose_type(const format_output *w, const char *name, uint32_t vocab_size) {
  batch_token_type told = token_type_of_name(name), small = w->types[0], large = w->types[1];
  bool usual = told && (told == small || told == large);
  if (usual && vocab_size <= token_type_max(told) + 1) return told;
  return large && vocab_size > token_type_max(small) + 1 ? large : small;
}

static const char function[] = "batch_writer_create";

static bool settle_format(batch_writer_options *options) {
  if (!options->format) options->format = BATCH_FORMAT_HEADERLESS;
  return output_of(options->format) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: options.format is %d (%s), expected headerless, datatrove, llm.c, Megatron or npy",
                    function, (int)options->format, batch_format_name(options->format));
}

static bool settle_type(batch_writer_options *options, const char *name) {
  const format_output *w = output_of(options->format);
  if (!options->token_type) options->token_type = choose_type(w, name, options->vocab_size);
  if (!has_type(w, options->token_type))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: options.token_type is %d (%s), expected one that %s has", function,
                      (int)options->token_type, batch_token_type_name(options->token_type),
                      batch_format_name(options->format));
  uint32_t room = token_type_max(options->token_type) + 1;
  return options->vocab_size <= room ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: options.vocab_size is %" PRIu32 ", expected at most %" PRIu32
                    " for tokens of type %s (%s)",
                    function, options->vocab_size, room, batch_token_type_name(options->token_type),
                    batch_format_name(options->format));
}

/* A reader of headerless tokens takes the name's word; beside other formats it would only be a lie. */
static bool check_told(const batch_writer_options *options, const char *name) {
  batch_token_type told = token_type_of_name(name), is = options->token_type;
  bool same = options->format == BATCH_FORMAT_HEADERLESS
                  ? told == is
                  : batch_token_type_size(told) == batch_token_type_size(is);
  return !told || same ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%.700s: says tokens of type %s, expected a name for %s%s",
                    name, batch_token_type_name(told), batch_token_type_name(is),
                    options->vocab_size > 65536 ? ", which the vocabulary needs" : "");
}

bool writer_refuse_link(const output_names *names) {
  return error_fail(
      BATCH_ERROR_INVALID_ARGUMENT,
      "%.400s: is a link to %.300s%.200s, expected a file: this run writes more than one, and they "
      "would not be found beside both names",
      names->path, names->directory, names->name);
}

/* Companions and shards would stand beside the link or beside the file that it leads to: not beside both. */
static bool check_link(const batch_writer_options *options, const output_names *names) {
  if (!names->linked) return true;
  bool alone = options->shard_tokens == 0 &&
               !shard_needs_companion(names->name, options->format, options->token_type) &&
               !shard_needs_companion(names->path, options->format, options->token_type);
  return alone || writer_refuse_link(names);
}

static bool check_shard_tokens(const batch_writer_options *options) {
  uint64_t most = output_of(options->format)->most_tokens;
  return most == 0 || options->shard_tokens <= most ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: options.shard_tokens is %" PRIu64 ", expected at most %" PRIu64 " for %s", function,
                    options->shard_tokens, most, batch_format_name(options->format));
}

static bool check_continue(const batch_writer_options *options) {
  return !options->continue_run || !options->overwrite ||
         error_fail(
             BATCH_ERROR_INVALID_ARGUMENT,
             "%s: options.continue_run and options.overwrite are set, expected one of them: what is there is "
             "kept, or replaced",
             function);
}

static bool settle(BatchWriter *writer, const char *path) {
  batch_writer_options *options = &writer->options;
  output_names *names = &writer->names;
  return settle_format(options) && output_names_settle(names, path, options->format) &&
         settle_type(options, names->path) && check_told(options, names->path) &&
         check_told(options, names->name) && check_link(options, names) && check_shard_tokens(options) &&
         check_continue(options);
}

static bool open_shard(BatchWriter *writer) {
  if (writer->at.last) return true;
  char *name = writer->options.shard_tokens ? output_shard_name(&writer->names, writer->shards + 1)
                                            : path_make("%s", writer->names.name);
  bool good = name && shard_open(&writer->shard, &writer->place, name, writer->options.format,
                                 writer->options.token_type);
  free(name);
  return good && (!writer->has_loss || shard_begin_loss(&writer->shard));
}

bool writer_fail(BatchWriter *writer) {
  error_keep(&writer->failed);
  shard_close(&writer->shard);
  staging_close(&writer->place); /* what it could not remove, the next run with this output does */
  error_put_back(&writer->failed);
  return false;
}

BatchWriter *batch_writer_create(const char *path, const batch_writer_options *options) {
  HOLD_CANCELLATION;
  static const options_type type = OPTIONS_TYPE_RESERVED(batch_writer_options, BATCH_WRITER_OPTIONS_INIT);
  batch_writer_options mine = BATCH_WRITER_OPTIONS_INIT;
  if (!path || !*path)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_writer_create: path is %s, expected a path",
                      path ? "empty" : "NULL");
  if (options && !options_read(&type, function, "options", options, &mine)) return NULL;
  BatchWriter *writer = calloc(1, sizeof *writer);
  if (!writer)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_writer_create: no memory for %zu bytes",
                      sizeof *writer);
  live_enter(writer);
  writer->options = mine;
  writer->shard = SHARD_CLOSED;
  writer->place = STAGING_CLOSED;
  writer->record = RUN_RECORD_NONE;
  if (settle(writer, path) && staging_open(&writer->place, &writer->names, writer->options.overwrite) &&
      writer_find_run(writer) && open_shard(writer))
    return writer;
  writer_fail(writer);
  batch_writer_free(writer);
  return NULL;
}

static bool is_there(const BatchWriter *writer, const char *function_called) {
  return writer ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: writer is NULL, expected a writer", function_called);
}

bool writer_ready(const BatchWriter *writer, const char *function_called) {
  if (!is_there(writer, function_called)) return false;
  if (writer->failed.code) {
    error_put_back(&writer->failed);
    return false;
  }
  if (staging_is_foreign(&writer->place))
    return error_fail(BATCH_ERROR_UNSUPPORTED,
                      "%s: the writer is at work in the process that forked this one, expected one made here",
                      function_called);
  return !writer->finished ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: the writer is finished, expected one that is not",
                    function_called);
}

/* What replaces nothing is published shard by shard; what does, all at once in the end. */
static bool end_shard(BatchWriter *writer, bool last) {
  if (!shard_seal(&writer->shard)) return false;
  shard_close(&writer->shard);
  writer->shards++;
  if (writer->options.overwrite && !last) return true;
  if (!writer_keep_shard(writer, last) || !staging_publish(&writer->place)) return false;
  writer->published = writer->shards;
  return true;
}

bool writer_next_shard(BatchWriter *writer) {
  return end_shard(writer, false) && open_shard(writer);
}

void writer_mark(BatchWriter *writer, uint64_t input, const text_place *next, uint64_t bad_lines_before) {
  writer->at =
      (run_mark){.input = input, .next = *next, .bad_lines = bad_lines_before, .last = writer->at.last};
}

/* Whether there is something that wants a name: a run may have gone on with nothing, or was at its end. */
static bool has_shard(const BatchWriter *writer) {
  bool empty = writer->shard.token_count == 0 && writer->shard.document_count == 0;
  return !writer->at.last && (writer->shards == 0 || !empty);
}

bool batch_writer_finish(BatchWriter *writer) {
  HOLD_CANCELLATION;
  if (!writer_ready(writer, "batch_writer_finish")) return false;
  if (writer->kept == RUN_GOES_ON) return writer_leave_run(writer, "batch_writer_finish");
  if (writer->in_document && !writer_end_document(writer)) return false;
  if (has_shard(writer) && !end_shard(writer, true)) return writer_fail(writer);
  writer->finished = true;
  return staging_end(&writer->place);
}

void batch_writer_free(BatchWriter *writer) {
  HOLD_CANCELLATION;
  if (!writer) return;
  live_leave("batch_writer_free", writer);
  shard_close(&writer->shard);
  staging_close(&writer->place);
  run_record_close(&writer->record);
  output_names_free(&writer->names);
  free(writer);
}

bool writer_check_input(const BatchWriter *writer, const char *function_called, const char *path) {
  bool replaced;
  if (!writer_ready(writer, function_called)) return false;
  if (!staging_replaces(&writer->place, path, &replaced)) return false;
  return !replaced || error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                                 "%.500s: is read and would be replaced by %.500s, expected another output",
                                 path, writer->names.path);
}

bool batch_writer_check_input(const BatchWriter *writer, const char *path) {
  HOLD_CANCELLATION;
  if (!path)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_writer_check_input: path is NULL, expected a path");
  return writer_check_input(writer, "batch_writer_check_input", path);
}

void writer_abandon(BatchWriter *writer) {
  if (writer->in_document && !writer->failed.code) writer_fail(writer);
}

uint64_t batch_writer_tokens(const BatchWriter *writer) {
  return is_there(writer, "batch_writer_tokens") ? writer->tokens : 0;
}

uint64_t batch_writer_masked(const BatchWriter *writer) {
  return is_there(writer, "batch_writer_masked") ? writer->masked : 0;
}

uint64_t batch_writer_documents(const BatchWriter *writer) {
  return is_there(writer, "batch_writer_documents") ? writer->documents : 0;
}

uint64_t batch_writer_files(const BatchWriter *writer) {
  return is_there(writer, "batch_writer_files") ? writer->published : 0;
}

batch_token_type batch_writer_token_type(const BatchWriter *writer) {
  return is_there(writer, "batch_writer_token_type") ? writer->options.token_type : BATCH_TOKEN_DEFAULT;
}
