/* From text files to a writer. */
#include <unistd.h>

#include "dataset/formats/format.h"
#include "dataset/paths.h"
#include "dataset/writer/writer_internal.h"
#include "text/encode.h"

typedef struct tokenize_run {
  const batch_dataset_options *options;
  BatchWriter *writer;
  const path_list *list;
  batch_tokenize_callback callback;
  void *context;
  batch_tokenize_progress progress;
  uint64_t bytes_before, bad_lines_before; /* of the files that are done */
} tokenize_run;

static bool write_tokens(void *context, const int32_t *ids, size_t count) {
  return batch_writer_append(((tokenize_run *)context)->writer, ids, count);
}

static bool end_document(void *context, const text_place *next) {
  (void)next;
  return batch_writer_end_document(((tokenize_run *)context)->writer);
}

static bool report(void *context, uint64_t bytes_read, uint64_t bad_lines) {
  tokenize_run *run = context;
  run->progress.bytes = run->bytes_before + bytes_read;
  run->progress.bad_lines = run->bad_lines_before + bad_lines;
  run->progress.tokens = batch_writer_tokens(run->writer);
  run->progress.documents = batch_writer_documents(run->writer);
  if (!run->callback || run->callback(run->context, &run->progress)) return true;
  return error_fail(BATCH_CLOSED, "batch_tokenize_files: stopped by the caller at byte %" PRIu64 " of %.700s",
                    bytes_read, run->progress.path);
}

static bool open_text(token_file *file, batch_format wanted) {
  if (!format_detect(file, wanted)) return false;
  return format_is_text(file->format) ||
         format_fail(file->path, 0, "found the format %s, expected text or jsonl",
                     batch_format_name(file->format));
}

static bool begin_file(void *context, uint64_t index) {
  tokenize_run *run = context;
  run->progress.path = run->list->entries[index].path;
  return true;
}

static bool end_file(void *context, uint64_t bytes_read, uint64_t bad_lines) {
  tokenize_run *run = context;
  run->bytes_before += bytes_read;
  run->bad_lines_before += bad_lines;
  return true;
}

/* In the thread that reads. */
static bool open_next(void *context, uint64_t index, text_file *text) {
  const tokenize_run *run = context;
  token_file file = {.path = run->list->entries[index].path, .fd = -1};
  bool good = open_text(&file, run->options->format);
  *text = token_file_text(&file);
  if (!good && file.fd >= 0) close(file.fd);
  return good;
}

static void close_file(void *context, text_file *text) {
  (void)context;
  close(text->fd);
}

static bool tokenize_all(tokenize_run *run) {
  const token_sink sink = {write_tokens, end_document, report, run, begin_file, end_file};
  const text_files files = {run->list->count, open_next, close_file, run};
  uint64_t bad_lines;
  run->progress.path = run->list->entries[0].path;
  return encode_files(&files, run->options, NULL, &sink, &bad_lines);
}

/* Every file is looked at before the first is tokenized: the sum of their sizes, and early refusals. */
static bool measure(tokenize_run *run) {
  const path_list *list = run->list;
  bool jsonl = !run->options->text_field && !run->options->on_bad_line; /* or nothing asks for it */
  for (size_t i = 0; i < list->count; i++) {
    token_file file = {.path = list->entries[i].path, .fd = -1};
    bool good = open_text(&file, run->options->format) && writer_check_input(run->writer, file.path);
    if (file.fd >= 0) close(file.fd);
    if (!good) return false;
    run->progress.total_bytes += file.map_bytes;
    jsonl |= file.format == BATCH_FORMAT_JSONL;
  }
  return jsonl ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "batch_tokenize_files: %s is for .jsonl, and none is among the files",
                    run->options->text_field ? "text_field (--field)" : "on_bad_line (--on-bad-line)");
}

batch_status batch_tokenize_files(const char *const *paths, size_t n, const batch_dataset_options *options,
                                  BatchWriter *writer, batch_tokenize_callback progress, void *context) {
  encode_options mine;
  if (!paths || n == 0 || !writer)
    return error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_tokenize_files: %s, expected %s",
                     !writer ? "writer is NULL"
                     : paths ? "n is 0"
                             : "paths is NULL",
                     !writer ? "a writer" : "at least one path");
  if (!encode_read_options("batch_tokenize_files", options, &mine)) return batch_last_error()->code;
  path_list list = {0};
  tokenize_run run = {
      .options = &mine.options, .writer = writer, .list = &list, .callback = progress, .context = context};
  uint64_t before = batch_writer_tokens(writer);
  bool good = paths_expand("batch_tokenize_files", paths, n, &list) && measure(&run) && tokenize_all(&run);
  paths_free(&list);
  if (!good && batch_writer_tokens(writer) > before) writer_abandon(writer);
  return good ? BATCH_OK : batch_last_error()->code;
}
