/* A writer's run, kept while it is unfinished. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "dataset/writer/run_description.h"
#include "dataset/writer/writer_internal.h"

static bool check_options(BatchWriter *writer) {
  text_buffer now = {0};
  bool good = describe_writer(&now, &writer->options) &&
              description_begins(writer->names.path, &now, &writer->record.lines);
  text_buffer_free(&now);
  return good;
}

static bool take_up(BatchWriter *writer) {
  const run_mark *mark = &writer->record.mark;
  if (!run_record_read(&writer->record, &writer->place)) return false;
  if (writer->record.fd < 0) return true;
  writer->kept = RUN_GOES_ON;
  writer->shards = writer->published = mark->shards;
  writer->tokens = mark->tokens;
  writer->documents = mark->documents;
  writer->masked = mark->masked;
  writer->has_loss = mark->masked > 0;
  writer->at = *mark;
  return check_options(writer);
}

bool writer_find_run(BatchWriter *writer) {
  const batch_writer_options *options = &writer->options;
  writer->record.place = &writer->place;
  writer->kept = options->shard_tokens && !options->overwrite ? RUN_NEW : RUN_NOT_KEPT;
  if (options->continue_run && !take_up(writer)) return false;
  if (!staging_look(&writer->place, writer->published)) return false;
  return options->overwrite || writer->published > 0 || staging_forget(&writer->place);
}

static bool limit_differs(const BatchWriter *writer, const char *limit, const char *now, const char *before) {
  return error_fail(
      BATCH_ERROR_INVALID_ARGUMENT,
      "%.500s: options.%s is %s, and the shards of the unfinished run were written with %s, expected what "
      "would have let the same through (to begin anew: options.overwrite, --force)",
      writer->names.path, limit, now, before);
}

static bool bytes_differ(const BatchWriter *writer, const char *limit, uint64_t now, uint64_t before) {
  char is[24], was[24];
  snprintf(is, sizeof is, "%" PRIu64, now);
  snprintf(was, sizeof was, "%" PRIu64, before);
  return limit_differs(writer, limit, is, was);
}

/* A value of a record, which may hold any. */
static const char *word(const char *const *words, uint64_t count, uint64_t value) {
  return value < count ? words[value] : "what this libheadrace does not know";
}

static bool bad_lines_differ(const BatchWriter *writer, uint64_t now, uint64_t before) {
  static const char *const words[] = {"stop", "skip"};
  return limit_differs(writer, "on_bad_line (--on-bad-line)", word(words, 2, now), word(words, 2, before));
}

static bool malformed_differs(const BatchWriter *writer, uint64_t now, uint64_t before) {
  static const char *const words[] = {"keep", "replace", "error"};
  return limit_differs(writer, "text->malformed (--malformed)", word(words, 3, now), word(words, 3, before));
}

/* Where no line was passed over, all that was read is within the limits of that time: wider ones give the same. */
static bool check_limits(const BatchWriter *writer, const run_limits *now) {
  const run_mark *mark = &writer->record.mark;
  const run_limits *before = &mark->limits;
  bool skipped = mark->bad_lines + mark->next.bad_lines > 0;
  if (skipped && now->on_bad_line != before->on_bad_line)
    return bad_lines_differ(writer, now->on_bad_line, before->on_bad_line);
  if (now->longest_document < before->longest_document ||
      (skipped && now->longest_document != before->longest_document))
    return bytes_differ(writer, "longest_document (--longest-document)", now->longest_document,
                        before->longest_document);
  if (now->malformed != before->malformed && (skipped || before->malformed != BATCH_MALFORMED_ERROR))
    return malformed_differs(writer, now->malformed, before->malformed);
  return true;
}

static bool check_run(const BatchWriter *writer, const text_buffer *now, const run_limits *limits) {
  return writer->kept == RUN_NEW ||
         (description_is(writer->names.path, now, &writer->record.lines) && check_limits(writer, limits));
}

bool writer_begin_run(BatchWriter *writer, const text_buffer *lines, const run_limits *limits,
                      run_mark *from) {
  text_buffer now = {0};
  *from = (run_mark){0};
  if (!writer_wants_run(writer)) return writer_leave_run(writer, "batch_tokenize_files");
  if (!describe_writer(&now, &writer->options) || !text_buffer_append(&now, lines->data, lines->used) ||
      !check_run(writer, &now, limits)) {
    text_buffer_free(&now);
    return false;
  }
  text_buffer_free(&writer->record.lines);
  writer->record.lines = now;
  *from = writer->record.mark;
  writer->limits = *limits;
  writer->kept = RUN_KEPT;
  return true;
}

bool writer_wants_run(const BatchWriter *writer) {
  return writer->kept == RUN_NEW || writer->kept == RUN_GOES_ON;
}

bool writer_keep_shard(BatchWriter *writer, bool last) {
  run_mark mark = writer->at;
  if (writer->kept != RUN_KEPT) return true;
  mark.shards = writer->shards;
  mark.tokens = writer->tokens;
  mark.documents = writer->documents;
  mark.masked = writer->masked;
  mark.limits = writer->limits;
  mark.last = last;
  return run_record_add(&writer->record, &mark);
}

bool writer_leave_run(BatchWriter *writer, const char *function_called) {
  if (writer->kept == RUN_GOES_ON)
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%s: %.700s goes on with an unfinished run, expected batch_tokenize_files first, with the files "
        "of that run",
        function_called, writer->names.path);
  bool kept = writer->kept == RUN_KEPT;
  writer->kept = RUN_NOT_KEPT;
  run_record_close(&writer->record);
  return !kept || staging_forget(&writer->place) || writer_fail(writer);
}
