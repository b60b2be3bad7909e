#include "text/pipeline/job_reader.h"

#include <string.h>

#include "base/file.h"
#include "sync/port.h"

enum { AHEAD = 256 }; /* bytes, at most, that must be behind a place to see that it is one to cut at */

job_reader job_reader_make(const text_files *files, const batch_dataset_options *options,
                           const BatchTokenizer *tokenizer, const text_place *from) {
  return (job_reader){.files = *files,
                      .from = *from,
                      .stream.fd = -1,
                      .longest = text_longest(options),
                      .cutter = text_cutter_make(tokenizer, options->text)};
}

static void close_file(job_reader *reader) {
  byte_stream_close(&reader->stream);
  if (reader->is_open) reader->files.close(reader->files.context, &reader->file);
  reader->is_open = false;
}

void job_reader_close(job_reader *reader) {
  close_file(reader);
  text_cutter_free(&reader->cutter);
  text_buffer_free(&reader->rest);
}

static bool open_stream(job_reader *reader) {
  const text_file *file = &reader->file;
  uint64_t passed;
  if (!byte_stream_open(&reader->stream, file->path, file->fd, file->compressed)) return false;
  byte_stream_skip(&reader->stream, reader->before, &passed);
  reader->before -= passed;
  reader->passed = reader->stream.consumed;
  return true;
}

/* Opens the next file, unless one is at hand. */
static bool open_file(job_reader *reader, text_job *job) {
  if (reader->is_open) return true;
  reader->is_open = reader->files.open(reader->files.context, reader->index, &reader->file);
  if (!reader->is_open) return false;
  const text_place start = {0}, from = reader->index == 0 ? reader->from : start;
  reader->offset = reader->before = from.offset;
  reader->at_end = reader->begun = !reader->file.jsonl && from.line > 0;
  job->opens = true;
  return open_stream(reader);
}

/* Reads up to `bytes` bytes more. */
static bool read_some(job_reader *reader, text_buffer *to, size_t bytes) {
  size_t got;
  if (!text_buffer_reserve(to, bytes) || !byte_stream_read(&reader->stream, to->data + to->used, bytes, &got))
    return false;
  to->used += got;
  reader->stopped = !reader->tick(reader->tick_context);
  return !reader->stopped;
}

static bool ended_before(const job_reader *reader) {
  return format_fail(reader->stream.path, reader->offset - reader->before,
                     "found the end of the text, expected more, to go on at byte %" PRIu64, reader->offset);
}

/* Passes over what lies before the place to begin at. */
static bool pass_before(job_reader *reader) {
  text_buffer *rest = &reader->rest;
  while (reader->before > 0) {
    size_t bytes = reader->before < text_job_step ? (size_t)reader->before : text_job_step;
    if (!read_some(reader, rest, bytes)) return false;
    reader->passed = reader->stream.consumed;
    reader->before -= rest->used;
    rest->used = 0;
    if (reader->before > 0 && reader->stream.ended) return ended_before(reader);
  }
  return true;
}

/* Drops the first bytes of what was read. */
static void drop(job_reader *reader, size_t bytes) {
  text_buffer *rest = &reader->rest;
  rest->used -= bytes;
  reader->offset += bytes;
  if (rest->used > 0) memmove(rest->data, rest->data + bytes, rest->used);
}

/* Passes to the end of the line, however long it is. */
static bool pass_line(job_reader *reader) {
  text_buffer *rest = &reader->rest;
  for (const char *feed = NULL; reader->passing;) {
    if (rest->used > 0) feed = memchr(rest->data, '\n', rest->used);
    drop(reader, feed ? (size_t)(feed - rest->data) + 1 : rest->used);
    reader->passing = !feed && !reader->stream.ended;
    if (reader->passing && !read_some(reader, rest, text_job_step)) return false;
  }
  return true;
}

/* Finds where the next job begins, at a place behind `from`. */
static bool find_cut(job_reader *reader, const text_job *job, size_t from, size_t *cut) {
  const text_buffer *text = &job->text;
  if (!reader->file.jsonl) return text_cutter_find(&reader->cutter, text->data, from, text->used, cut);
  const char *feed = memrchr(text->data + from, '\n', text->used - from);
  *cut = feed ? (size_t)(feed - text->data) + 1 : 0;
  return true;
}

/* What is longer than may be held without a place to cut: of .jsonl the worker says it, which knows the line. */
static bool too_long(job_reader *reader, text_job *job, size_t *cut) {
  *cut = job->text.used;
  reader->passing = job->broken_off = reader->file.jsonl;
  if (reader->file.jsonl) return true;
  text_too_long(reader->longest);
  return text_job_fails(job, JOB_FAULT_BEFORE, reader->offset + job->text.used, 0);
}

/* Reads on until there is a step of text and a place to cut. *cut: bytes of the job. */
static bool fill(job_reader *reader, text_job *job, size_t *cut) {
  text_buffer *text = &job->text;
  size_t searched = 0, goal = text_job_step, ahead = reader->file.jsonl ? 0 : AHEAD;
  for (*cut = 0; *cut == 0; goal = text->used + text_job_step) {
    while (text->used < goal && !reader->stream.ended)
      if (!read_some(reader, text, goal - text->used)) return false;
    if (reader->stream.ended) {
      *cut = text->used;
      return true;
    }
    if (!find_cut(reader, job, searched, cut)) return false;
    if (*cut == 0 && text->used > reader->longest && text->used - reader->longest > ahead)
      return too_long(reader, job, cut);
    searched = text->used > ahead ? text->used - ahead : 0;
  }
  return true;
}

/* Reading ends here. What was read goes on to the last place to cut: of .jsonl the whole lines. */
static size_t end_with_fault(job_reader *reader, text_job *job) {
  size_t cut = 0;
  if (!job->fault.kind) text_job_fails(job, JOB_FAULT_COMPLETE, 0, 0);
  return job->text.used > 0 && find_cut(reader, job, 0, &cut) ? cut : 0;
}

/* What is behind the job's end is the next one's. */
static bool leave(job_reader *reader, text_job *job, size_t cut) {
  size_t left = job->text.used - cut;
  job->text.used = cut;
  reader->offset += cut;
  job->consumed = reader->stream.consumed - (reader->stream.how ? 0 : left);
  return left == 0 || text_buffer_append(&reader->rest, job->text.data + cut, left);
}

static bool read_job(job_reader *reader, text_job *job, size_t *cut) {
  text_buffer *rest = &reader->rest;
  if (!pass_before(reader) || !pass_line(reader)) return false;
  job->offset = reader->offset;
  if (rest->used > 0 && !text_buffer_append(&job->text, rest->data, rest->used)) return false;
  rest->used = 0;
  return fill(reader, job, cut);
}

/* What is said of a job that has been read. */
static void describe(job_reader *reader, text_job *job, bool good) {
  bool ended = good && (reader->at_end || reader->stream.ended), text = !job->jsonl && !reader->at_end;
  job->begins = text && !reader->begun && (good || job->text.used > 0);
  job->ends = text && ended;
  job->closes = ended;
  job->last = !good || (ended && reader->index + 1 == reader->files.count);
  reader->begun = true;
}

static bool next_job(job_reader *reader, text_job *job) {
  size_t cut = 0;
  bool good = open_file(reader, job);
  job->path = reader->file.path;
  job->jsonl = reader->file.jsonl;
  job->number = reader->number++;
  job->offset = reader->offset;
  good = good && (reader->at_end || read_job(reader, job, &cut));
  if (reader->stopped) return false;
  if (!good) cut = end_with_fault(reader, job);
  if (!leave(reader, job, cut) && good) good = text_job_fails(job, JOB_FAULT_COMPLETE, 0, 0);
  describe(reader, job, good);
  if (!job->closes) return true;
  close_file(reader);
  reader->index++;
  return true;
}

bool job_reader_next(job_reader *reader, text_job *job) {
  uint64_t start = port_clock();
  bool good = next_job(reader, job);
  job->times = (text_times){.reader = port_clock() - start};
  return good;
}
