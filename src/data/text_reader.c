#include "data/text_reader.h"

#include <string.h>

#include "data/file.h"
#include "data/jsonl.h"
#include "data/utf8.h"

enum { PIECE = 1 << 18 };
static const size_t longest_line = (size_t)1 << 30;

bool text_reader_open(text_reader *reader, const source_file *file, const batch_dataset_options *options) {
  *reader = (text_reader){.stream.fd = -1,
                          .format = file->format,
                          .field = options->text_field ? options->text_field : "text",
                          .malformed = options->text.malformed};
  if (file->format == BATCH_FORMAT_JSONL && !jsonl_supported(file->path)) return false;
  return byte_stream_open(&reader->stream, file->path, file->fd, file->compressed) &&
         text_buffer_reserve(&reader->raw, PIECE);
}

void text_reader_close(text_reader *reader) {
  byte_stream_close(&reader->stream);
  text_buffer_free(&reader->raw);
  text_buffer_free(&reader->clean);
  jsonl_free(reader->json);
  reader->json = NULL;
}

static size_t unread(const text_reader *reader) {
  return reader->raw.used - reader->start;
}

/* Moves what is unread to the front and fills the buffer up. */
static bool fill(text_reader *reader) {
  size_t left = unread(reader), got;
  memmove(reader->raw.data, reader->raw.data + reader->start, left);
  reader->start = 0;
  reader->raw.used = left;
  size_t room = reader->raw.capacity - left;
  if (!byte_stream_read(&reader->stream, reader->raw.data + left, room, &got)) return false;
  reader->raw.used += got;
  reader->ended = got < room;
  return true;
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
  if (!utf8_repair((const uint8_t *)piece->text, piece->bytes, &reader->clean)) return false;
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

/* Behind the last line, or else not inside a character. */
static size_t cut(const char *text, size_t bytes) {
  const char *line = memrchr(text, '\n', bytes);
  return line ? (size_t)(line - text) + 1 : bytes - utf8_cut_off((const uint8_t *)text, bytes);
}

static batch_status next_of_text(text_reader *reader, text_piece *piece) {
  if (reader->finished) return BATCH_END;
  bool begins = reader->offset == 0;
  if (!reader->ended && !fill(reader)) return batch_last_error()->code;
  size_t bytes = unread(reader);
  if (!reader->ended) bytes = cut(reader->raw.data, bytes);
  *piece = (text_piece){reader->raw.data + reader->start, bytes, begins, reader->ended};
  reader->finished = reader->ended;
  bool good = settle_malformed(reader, piece);
  take(reader, bytes);
  return good ? BATCH_OK : batch_last_error()->code;
}

/* Finds the next line, growing the buffer until it holds it. *bytes: without its end. */
static bool find_line(text_reader *reader, size_t *bytes, size_t *with_end) {
  for (size_t searched = 0;;) {
    const char *from = reader->raw.data + reader->start,
               *end = memchr(from + searched, '\n', unread(reader) - searched);
    *bytes = end ? (size_t)(end - from) : unread(reader);
    *with_end = *bytes + (end != NULL);
    if (end || reader->ended) return true;
    searched = *bytes;
    if (searched > longest_line)
      return format_fail(reader->stream.path, reader->offset,
                         "found a line of more than %zu bytes, expected none longer", longest_line);
    if (searched == reader->raw.capacity && !text_buffer_reserve(&reader->raw, 1)) return false;
    if (!fill(reader)) return false;
  }
}

static bool is_blank(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
  return true;
}

static bool parse_line(text_reader *reader, size_t bytes, text_piece *piece) {
  *piece = (text_piece){reader->raw.data + reader->start, bytes, true, true};
  if (!settle_malformed(reader, piece)) return false;
  jsonl_line line = {reader->stream.path, reader->line, reader->offset, piece->text, piece->bytes};
  return jsonl_parse(&line, reader->field, &reader->json, &piece->text, &piece->bytes);
}

static batch_status next_of_jsonl(text_reader *reader, text_piece *piece) {
  jsonl_free(reader->json);
  reader->json = NULL;
  for (size_t bytes, with_end;;) {
    if (!find_line(reader, &bytes, &with_end)) return batch_last_error()->code;
    if (with_end == 0) return BATCH_END;
    reader->line++;
    bool blank = is_blank(reader->raw.data + reader->start, bytes);
    bool good = blank || parse_line(reader, bytes, piece);
    take(reader, with_end);
    if (!good) return batch_last_error()->code;
    if (!blank) return BATCH_OK;
  }
}

batch_status text_reader_next(text_reader *reader, text_piece *piece) {
  return reader->format == BATCH_FORMAT_JSONL ? next_of_jsonl(reader, piece) : next_of_text(reader, piece);
}
