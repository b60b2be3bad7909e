/* From text files to a writer. */
#include <unistd.h>

#include "base/file.h"
#include "dataset/formats/format.h"
#include "dataset/paths.h"
#include "dataset/writer/run_description.h"
#include "dataset/writer/writer_internal.h"
#include "sync/thread.h"
#include "text/encode.h"

static const char name[] = "batch_tokenize_files";

typedef struct tokenize_run {
  const batch_dataset_options *options;
  bool has_spans; /* the caller says something of them */
  BatchWriter *writer;
  const path_list *list;
  uint64_t input; /* of the list: the file of which documents come */
  batch_tokenize_callback callback;
  void *context;
  batch_tokenize_progress progress;
  run_mark from;                           /* where it began: all 0, or behind what was done earlier */
  uint64_t bytes_before, bad_lines_before; /* of the files that are done */
} tokenize_run;

static bool write_tokens(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  BatchWriter *writer = ((tokenize_run *)context)->writer;
  return writer_ready(writer, name) && writer_append(writer, ids, loss, count);
}

static bool end_document(void *context, const text_place *next) {
  const tokenize_run *run = context;
  if (!writer_ready(run->writer, name) || !writer_end_document(run->writer)) return false;
  writer_mark(run->writer, run->input, next, run->bad_lines_before);
  return true;
}

static void put_times(batch_tokenize_progress *progress, const text_times *times) {
  progress->reader_ns = times->reader;
  progress->reader_wait_ns = times->reader_wait;
  progress->worker_ns = times->workers;
  progress->worker_wait_ns = times->workers_wait;
  progress->writer_ns = times->writer;
  progress->writer_wait_ns = times->writer_wait;
  progress->workers = times->threads;
  progress->bottleneck = text_times_bottleneck(times);
}

static bool report(void *context, uint64_t bytes_read, uint64_t bad_lines, const text_times *times) {
  tokenize_run *run = context;
  run->progress.bytes = run->bytes_before + bytes_read;
  run->progress.bad_lines = run->bad_lines_before + bad_lines;
  run->progress.tokens = batch_writer_tokens(run->writer);
  run->progress.documents = batch_writer_documents(run->writer);
  run->progress.masked = batch_writer_masked(run->writer);
  put_times(&run->progress, times);
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
  run->input = run->from.input + index;
  run->progress.path = run->list->entries[run->input].path;
  return true;
}

static bool end_file(void *context, uint64_t bytes_read, uint64_t bad_lines) {
  tokenize_run *run = context;
  run->bytes_before += bytes_read;
  run->bad_lines_before += bad_lines;
  writer_mark(run->writer, run->input + 1, &(text_place){0}, run->bad_lines_before);
  return true;
}

/* In the thread that reads. */
static bool open_next(void *context, uint64_t index, text_file *text) {
  const tokenize_run *run = context;
  token_file file = {.path = run->list->entries[run->from.input + index].path, .fd = -1};
  bool good = open_text(&file, run->options->format);
  *text = token_file_text(&file);
  if (!good && file.fd >= 0) close(file.fd);
  return good;
}

static void close_file(void *context, text_file *text) {
  (void)context;
  close(text->fd);
}

/* lines: NULL: nothing is to be described. */
static bool describe(const token_file *file, text_buffer *lines) {
  struct stat status;
  if (!lines) return true;
  return fstat(file->fd, &status) == 0 ? describe_input(lines, file->path, &status)
                                       : file_fail(file->path, "fstat");
}

static bool measure_one(tokenize_run *run, const char *path, text_buffer *lines, bool *jsonl) {
  token_file file = {.path = (char *)(uintptr_t)path, .fd = -1};
  bool good = open_text(&file, run->options->format) && writer_check_input(run->writer, name, file.path) &&
              describe(&file, lines);
  if (file.fd >= 0) close(file.fd);
  run->progress.total_bytes += file.map_bytes;
  *jsonl |= file.format == BATCH_FORMAT_JSONL;
  return good;
}

/* Every file is looked at before the first is tokenized: the sum of their sizes, and early refusals. */
static bool measure(tokenize_run *run, text_buffer *lines) {
  const batch_dataset_options *o = run->options;
  bool jsonl = !o->text_field && !o->on_bad_line && !run->has_spans; /* or nothing asks for it */
  for (size_t i = 0; i < run->list->count; i++)
    if (!measure_one(run, run->list->entries[i].path, lines, &jsonl)) return false;
  return jsonl || error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                             "batch_tokenize_files: %s is for .jsonl, and none is among the files",
                             o->text_field    ? "text_field (--field)"
                             : run->has_spans ? "spans (--prompt-field, --messages, --train-field)"
                                              : "on_bad_line (--on-bad-line)");
}

/* What holds spans in every line has a loss mask in every shard. */
static bool expect_loss(const tokenize_run *run) {
  return run->options->spans->kind == BATCH_SPANS_TEXT || run->from.last || writer_begin_loss(run->writer);
}

/* Looks at all files, and where the run begins or goes on. */
static bool begin(tokenize_run *run) {
  text_buffer lines = {0};
  const run_limits limits = {text_longest(run->options), run->options->text->malformed,
                             run->options->on_bad_line};
  bool wanted = writer_wants_run(run->writer);
  bool good =
      (!wanted || (describe_encoding(&lines, run->options) && describe_inputs(&lines, run->list->count))) &&
      measure(run, wanted ? &lines : NULL) && writer_begin_run(run->writer, &lines, &limits, &run->from) &&
      expect_loss(run);
  text_buffer_free(&lines);
  return good;
}

/* What an earlier run has done counts. */
static bool pass(tokenize_run *run) {
  struct stat status;
  if (run->from.input > run->list->count)
    return error_fail(BATCH_ERROR_FORMAT,
                      "batch_tokenize_files: the unfinished run goes on in file %" PRIu64 " of %zu",
                      run->from.input, run->list->count);
  for (uint64_t i = 0; i < run->from.input; i++) {
    const char *path = run->list->entries[i].path;
    if (stat(path, &status) != 0) return file_fail(path, "stat");
    run->bytes_before += (uint64_t)status.st_size;
  }
  run->bad_lines_before = run->from.bad_lines;
  return true;
}

static bool tokenize_all(tokenize_run *run) {
  const token_sink sink = {write_tokens, end_document, report, run, begin_file, end_file};
  const text_files files = {run->list->count - run->from.input, open_next, close_file, run};
  uint64_t bad_lines;
  if (run->from.last || files.count == 0) return report(run, 0, 0, &(text_times){0});
  run->progress.path = run->list->entries[run->from.input].path;
  return encode_files(&files, run->options, &run->from.next, &sink, &bad_lines);
}

batch_status batch_tokenize_files(const char *const *paths, size_t n, const batch_dataset_options *options,
                                  BatchWriter *writer, batch_tokenize_callback progress, void *context) {
  HOLD_CANCELLATION;
  encode_options mine;
  if (!paths || n == 0 || !writer)
    return error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_tokenize_files: %s, expected %s",
                     !writer ? "writer is NULL"
                     : paths ? "n is 0"
                             : "paths is NULL",
                     !writer ? "a writer" : "at least one path");
  if (!encode_read_options(name, options, &mine)) return batch_last_error()->code;
  if (mine.options.subset)
    return error_set(BATCH_ERROR_INVALID_ARGUMENT,
                     "%s: subset is %d, expected 0: it is a dataset's, of what is tokenized", name,
                     (int)mine.options.subset);
  path_list list = {0};
  tokenize_run run = {.options = &mine.options,
                      .has_spans = mine.has_spans,
                      .writer = writer,
                      .list = &list,
                      .callback = progress,
                      .context = context};
  uint64_t before = batch_writer_tokens(writer);
  bool good = paths_expand(name, paths, n, &list) && begin(&run) && pass(&run) && tokenize_all(&run);
  paths_free(&list);
  if (!good && batch_writer_tokens(writer) > before) writer_abandon(writer);
  return good ? BATCH_OK : batch_last_error()->code;
}
