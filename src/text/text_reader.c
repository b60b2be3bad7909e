#include "text/text_reader.h"

#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "text/jsonl.h"

size_t text_reader_step = (size_t)1 << 18;

size_t text_longest(const batch_dataset_options *options) {
  return options->longest_document ? options->longest_document : BATCH_LONGEST_DOCUMENT;
}

bool text_reader_open(text_reader *reader, const text_file *file, const batch_dataset_options *options,
                      const text_place *from) {
  static const text_place start = {0};
  if (!from) from = &start;
  *reader = (text_reader){.stream.fd = -1,
                          .jsonl = file->jsonl,
                          .field = options->text_field ? options->text_field : "text",
                          .malformed = options->text->malformed,
                          .on_bad_line = options->on_bad_line,
                          .longest = text_longest(options),
                          .offset = from->offset,
                          .before = from->offset,
                          .line = file->jsonl ? from->line : 0,
                          .bad_lines = from->bad_lines,
                          .finished = !file->jsonl && from->line > 0};
  uint64_t passed;
  if (!byte_stream_open(&reader->stream, file->path, file->fd, file->compressed) ||
      !byte_stream_skip(&reader->stream, reader->before, &passed))
    return false;
  reader->before -= passed;
  return true;
}

void text_reader_close(text_reader *reader) {
  byte_stream_close(&reader->stream);
  text_buffer_free(&reader->raw);
  text_buffer_free(&reader->clean);
}

static size_t unread(const text_reader *reader) {
  return reader->raw.used - reader->start;
}

text_place text_reader_place(const text_reader *reader) {
  return (text_place){reader->offset, reader->jsonl ? reader->line : reader->finished, reader->bad_lines};
}

static bool ended_before(const text_reader *reader) {
  return format_fail(reader->stream.path, reader->offset - reader->before,
                     "found the end of the text, expected more, to go on at byte %" PRIu64, reader->offset);
}

/* Passes over what lies before the place to begin at. */
static bool pass_before(text_reader *reader) {
  while (reader->before > 0) {
    size_t bytes = reader->before < text_reader_step ? (size_t)reader->before : text_reader_step, got;
    if (!text_buffer_reserve(&reader->raw, bytes) ||
        !byte_stream_read(&reader->stream, reader->raw.data, bytes, &got))
      return false;
    reader->before -= got;
    if (reader->before > 0 && reader->stream.ended) return ended_before(reader);
    if (reader->tick && !reader->tick(reader->tick_context)) return false;
  }
  return true;
}

/* Reads once more behind what is unread. */
static bool fill(text_reader *reader) {
  text_buffer *raw = &reader->raw;
  size_t left = unread(reader), got;
  if (reader->start > 0 && left > 0) memmove(raw->data, raw->data + reader->start, left);
  reader->start = 0;
  raw->used = left;
  if (!text_buffer_reserve(raw, text_reader_step) ||
      !byte_stream_read(&reader->stream, raw->data + left, text_reader_step, &got))
    return false;
  raw->used += got;
  return !reader->tick || reader->tick(reader->tick_context);
}

static void take(text_reader *reader, size_t bytes) {
  reader->start += bytes;
  reader->offset += bytes;
}

static bool malformed_fail(const text_reader *reader, const text_piece *piece, size_t at) {
  return format_fail(reader->stream.path, reader->offset + at, "found byte 0x%02X, expected UTF-8",
                     (uint8_t)piece->text[at]);
}

static bool replace_malformed(text_reader *reader, text_piece *piece) {
  reader->clean.used = 0;
  if (!text_buffer_append_repaired(&reader->clean, (const uint8_t *)piece->text, piece->bytes)) return false;
  piece->text = reader->clean.data;
  piece->bytes = reader->clean.used;
  return true;
}

/* The piece begins at reader->offset. */
static bool settle_malformed(text_reader *reader, text_piece *piece) {
  if (reader->malformed == BATCH_MALFORMED_KEEP) return true;
  size_t good = utf8_well_formed((const uint8_t *)piece->text, piece->bytes);
  if (good == piece->bytes) return true;
  if (reader->malformed == BATCH_MALFORMED_ERROR) return malformed_fail(reader, piece, good);
  return replace_malformed(reader, piece);
}

static batch_status next_of_text(text_reader *reader, text_piece *piece) {
  if (reader->finished) return BATCH_END;
  bool begins = reader->offset == 0;
  size_t bytes = 0;
  while (bytes == 0 && !reader->finished) {
    if (!fill(reader)) return batch_last_error()->code;
    bytes = unread(reader);
    reader->finished = reader->stream.ended;
    if (!reader->finished) bytes -= utf8_cut_off((const uint8_t *)reader->raw.data, bytes);
  }
  *piece = (text_piece){reader->raw.data, bytes, begins, reader->finished};
  if (!settle_malformed(reader, piece)) return batch_last_error()->code;
  take(reader, bytes);
  return BATCH_OK;
}

/* The line at hand; complete: its end was found, or there is nothing more. */
typedef struct line_found {
  size_t bytes, with_end;
  bool complete;
} line_found;

/* Finds the next line, or at least that it is longer than `longest`. */
static bool find_line(text_reader *reader, line_found *line) {
  for (size_t searched = 0;;) {
    const char *from = unread(reader) ? reader->raw.data + reader->start : "",
               *end = memchr(from + searched, '\n', unread(reader) - searched);
    line->bytes = end ? (size_t)(end - from) : unread(reader);
    line->with_end = line->bytes + (end != NULL);
    line->complete = end || reader->stream.ended;
    if (line->complete || line->bytes > reader->longest) return true;
    searched = line->bytes;
    if (!fill(reader)) return false;
  }
}

static bool is_blank(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
  return true;
}

/* UTF-8's mark at the start of a file of JSON is not part of it. */
static size_t byte_order_mark(const text_reader *reader, const line_found *line) {
  return reader->offset == 0 && line->bytes >= 3 &&
                 memcmp(reader->raw.data + reader->start, "\xEF\xBB\xBF", 3) == 0
             ? 3
             : 0;
}

static bool too_long(const text_reader *reader) {
  return format_fail(reader->stream.path, reader->offset,
                     "line %" PRIu64 ": found a line of more than %zu bytes, expected none longer "
                     "(the longest document: options.longest_document)",
                     reader->line, reader->longest);
}

static bool parse_line(text_reader *reader, const line_found *found, text_piece *piece) {
  if (found->bytes > reader->longest) return too_long(reader);
  size_t mark = byte_order_mark(reader, found);
  jsonl_line line = {reader->stream.path, reader->line, reader->offset + mark,
                     reader->raw.data + reader->start + mark, found->bytes - mark};
  reader->clean.used = 0;
  bool good = jsonl_read(&line, reader->field, reader->malformed, &reader->clean);
  *piece = (text_piece){reader->clean.data, reader->clean.used, true, true};
  return good;
}

/* Passes to the end of the line, however long it is. */
static bool pass_line(text_reader *reader, line_found *line) {
  while (!line->complete) {
    take(reader, line->bytes);
    if (!find_line(reader, line)) return false;
  }
  take(reader, line->with_end);
  return true;
}

static bool may_skip(text_reader *reader) {
  if (reader->on_bad_line != BATCH_BAD_LINE_SKIP || batch_last_error()->code != BATCH_ERROR_FORMAT)
    return false;
  reader->bad_lines++;
  return true;
}

static batch_status next_of_jsonl(text_reader *reader, text_piece *piece) {
  for (line_found line;;) {
    if (!find_line(reader, &line)) return batch_last_error()->code;
    if (line.with_end == 0) return BATCH_END;
    reader->line++;
    size_t mark = byte_order_mark(reader, &line);
    bool blank = line.complete && is_blank(reader->raw.data + reader->start + mark, line.bytes - mark);
    bool good = !blank && parse_line(reader, &line, piece);
    if (!blank && !good && !may_skip(reader)) return batch_last_error()->code;
    if (!pass_line(reader, &line)) return batch_last_error()->code;
    if (good) return BATCH_OK;
  }
}

batch_status text_reader_next(text_reader *reader, text_piece *piece) {
  if (!pass_before(reader)) return batch_last_error()->code;
  return reader->jsonl ? next_of_jsonl(reader, piece) : next_of_text(reader, piece);
}
