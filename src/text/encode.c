#include "text/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/options.h"
#include "base/utf8.h"
#include "text/normalize.h"
#include "text/text_reader.h"
#include "text/tokenizer.h"

typedef struct encoder {
  const batch_dataset_options *options;
  const BatchTokenizer *tokenizer;
  tokenizer_scratch scratch;
  const token_sink *sink;
  size_t longest; /* bytes of what must be held until it can be cut */
  text_reader reader;
  text_normalizer normalizer;
  text_buffer text;       /* of the document at hand, normalized: [start, used) is not yet tokenized */
  size_t start, searched; /* there is no place to cut in the `searched` bytes from start on */
  bool more;              /* a part of the document was tokenized */
  size_t unbroken;        /* bytes read since the tokenizer allowed a cut */
  int32_t *ids;
  size_t capacity;
} encoder;

static bool check(const char *function, const batch_dataset_options *options) {
  if ((unsigned)options->format > BATCH_FORMAT_JSONL)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: format is %d, expected 0 to %d", function,
                      (int)options->format, BATCH_FORMAT_JSONL);
  if ((unsigned)options->separator > BATCH_SEPARATOR_AFTER)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: separator is %d, expected 0 to %d", function,
                      (int)options->separator, BATCH_SEPARATOR_AFTER);
  if (options->separator && options->end_of_text < 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: end_of_text is %" PRId32 ", expected 0 or more",
                      function, options->end_of_text);
  if ((unsigned)options->on_bad_line > BATCH_BAD_LINE_SKIP)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: on_bad_line is %d, expected 0 or %d", function,
                      (int)options->on_bad_line, BATCH_BAD_LINE_SKIP);
  return true;
}

bool encode_read_options(const char *function, const batch_dataset_options *given, encode_options *mine) {
  static const options_type type =
      OPTIONS_TYPE(batch_dataset_options, BATCH_DATASET_OPTIONS_INIT, longest_document);
  mine->options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  if (given && !options_read(&type, function, "options", given, &mine->options)) return false;
  if (!check(function, &mine->options) ||
      !text_options_read(function, "options.text", mine->options.text, &mine->text))
    return false;
  mine->options.text = &mine->text;
  return true;
}

uint32_t encode_vocab_size(const batch_dataset_options *options) {
  uint32_t size = options->tokenizer ? batch_tokenizer_vocab_size(options->tokenizer) : 256;
  uint32_t id = (uint32_t)options->end_of_text;
  return options->separator && id >= size ? id + 1 : size;
}

static bool progress(void *context) {
  encoder *e = context;
  return !e->sink->progress ||
         e->sink->progress(e->sink->context, e->reader.stream.consumed, e->reader.bad_lines);
}

static bool grow_ids(encoder *e, size_t count) {
  int32_t *grown = reallocarray(e->ids, count, sizeof *grown);
  if (!grown)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu ids", e->reader.stream.path,
                      count);
  e->ids = grown;
  e->capacity = count;
  return true;
}

/* Puts the place in front of what normalization or the tokenizer said. */
static bool failed(const encoder *e) {
  char line[40] = "";
  const batch_error *error = batch_last_error();
  if (e->reader.line) snprintf(line, sizeof line, "line %" PRIu64 ": ", e->reader.line);
  return error_fail(error->code, "%.600s: %sbefore byte %" PRIu64 " of the text: %.400s",
                    e->reader.stream.path, line, e->reader.offset, error->message);
}

static bool changed_its_mind(const encoder *e, size_t first, size_t second) {
  error_set(BATCH_ERROR_FORMAT, "the tokenizer counts %zu ids, and %zu when it is asked again", first,
            second);
  return failed(e);
}

/* The first guess, an id a byte, holds for nearly every tokenizer. */
static bool encode_part(encoder *e, const char *text, size_t bytes) {
  size_t guess = bytes + 16, count;
  if (e->capacity < guess && !grow_ids(e, guess)) return false;
  count = tokenizer_encode_part("options.tokenizer", e->tokenizer, &e->scratch, text, bytes, e->more, e->ids,
                                e->capacity);
  if (count == BATCH_TOKENIZER_FAILED) return failed(e);
  if (count > e->capacity) {
    if (!grow_ids(e, count)) return false;
    size_t again = tokenizer_encode_part("options.tokenizer", e->tokenizer, &e->scratch, text, bytes, e->more,
                                         e->ids, count);
    if (again == BATCH_TOKENIZER_FAILED) return failed(e);
    if (again != count) return changed_its_mind(e, count, again);
  }
  e->more = true;
  return e->sink->tokens(e->sink->context, e->ids, count);
}

/* Bytes of the next part: at least a step, where the tokenizer allows it; 0: not known before there is more text. */
static size_t next_part(encoder *e, bool ended) {
  const char *text = e->text.data + e->start;
  size_t left = e->text.used - e->start, cut = 0;
  if (tokenizer_is_bytes(e->tokenizer)) return left < text_reader_step ? left : text_reader_step;
  size_t from = e->searched > text_reader_step ? e->searched : text_reader_step;
  if (left > from) cut = tokenizer_cut(e->tokenizer, text, from, left);
  e->searched = left > 0 ? left - 1 : 0;
  return cut ? cut : ended ? left : 0;
}

/* Tokenizes what can be cut off, or everything when the document has ended. */
static bool drain(encoder *e, bool ended) {
  for (size_t bytes; e->start < e->text.used && (bytes = next_part(e, ended)) > 0;) {
    if (!encode_part(e, e->text.data + e->start, bytes) || !progress(e)) return false;
    e->start += bytes;
    e->searched = 0;
  }
  size_t left = e->text.used - e->start;
  if (left > 0 && e->start > 0) memmove(e->text.data, e->text.data + e->start, left);
  e->text.used = left;
  e->start = 0;
  return true;
}

static bool too_long(encoder *e, const char *what) {
  error_set(BATCH_ERROR_FORMAT,
            "found more than %zu bytes in %s, expected at most that many (the longest document: "
            "options.longest_document)",
            e->longest, what);
  return failed(e);
}

/* Whether what the tokenizer must be given whole is not longer than is allowed; looks at text from `from` on.
   Where it may be cut at lines, a line and all line feeds behind its own are held together. */
static bool check_length(encoder *e, size_t from) {
  bool lines = tokenizer_can_cut(e->tokenizer);
  const char *at = e->text.data + from, *end = e->text.data + e->text.used;
  if (tokenizer_is_bytes(e->tokenizer)) return true;
  while (at < end) {
    if (lines && at > e->text.data && at[-1] == '\n' && *at != '\n') e->unbroken = 0;
    const char *feed = lines ? memchr(at, '\n', (size_t)(end - at)) : NULL, *next = feed ? feed + 1 : end;
    e->unbroken += (size_t)(next - at);
    if (e->unbroken - (feed != NULL) > e->longest)
      return too_long(e, lines ? "a line and the blank lines behind it"
                               : "a text, which this tokenizer takes whole");
    at = next;
  }
  return true;
}

static bool put_separator(const encoder *e, batch_separator place) {
  return e->options->separator != place || e->sink->tokens(e->sink->context, &e->options->end_of_text, 1);
}

static bool normalize(encoder *e, const char *text, size_t bytes) {
  bool changed = text_is_changed(e->options->text);
  size_t from = e->text.used;
  if (changed ? text_normalizer_feed(&e->normalizer, text, bytes, &e->text)
              : text_buffer_append(&e->text, text, bytes))
    return check_length(e, from);
  return failed(e);
}

/* Bytes of a piece that are taken at once: never a part of a character. */
static size_t step(const char *text, size_t bytes) {
  if (bytes <= text_reader_step) return bytes;
  return text_reader_step - utf8_cut_off((const uint8_t *)text, text_reader_step);
}

static bool end_document(encoder *e) {
  if (text_is_changed(e->options->text) && !text_normalizer_end(&e->normalizer, &e->text)) return failed(e);
  if (!drain(e, true) || !put_separator(e, BATCH_SEPARATOR_AFTER)) return false;
  e->more = false;
  e->unbroken = 0;
  const text_place next = text_reader_place(&e->reader);
  return e->sink->end_document(e->sink->context, &next) && progress(e);
}

static bool encode_piece(encoder *e, text_piece piece) {
  if (piece.begins && !put_separator(e, BATCH_SEPARATOR_BEFORE)) return false;
  while (piece.bytes > 0) {
    size_t bytes = step(piece.text, piece.bytes);
    if (!normalize(e, piece.text, bytes) || !drain(e, false)) return false;
    piece.text += bytes;
    piece.bytes -= bytes;
  }
  return !piece.ends || end_document(e);
}

static bool encode_all(encoder *e) {
  text_piece piece;
  batch_status status;
  e->reader.tick = progress;
  e->reader.tick_context = e;
  while ((status = text_reader_next(&e->reader, &piece)) == BATCH_OK)
    if (!encode_piece(e, piece)) return false;
  return status == BATCH_END;
}

bool encode_file(const text_file *file, const batch_dataset_options *options, const text_place *from,
                 const token_sink *sink, uint64_t *bad_lines) {
  BatchTokenizer *bytes = options->tokenizer ? NULL : batch_tokenizer_bytes(0);
  encoder e = {.options = options,
               .tokenizer = options->tokenizer ? options->tokenizer : bytes,
               .sink = sink,
               .longest = text_longest(options),
               .normalizer = {.options = options->text, .longest = text_longest(options)}};
  if (!e.tokenizer) error_set(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a tokenizer", file->path);
  bool good = e.tokenizer && tokenizer_scratch_make(file->path, e.tokenizer, &e.scratch) &&
              text_reader_open(&e.reader, file, options, from) && encode_all(&e);
  *bad_lines = e.reader.bad_lines;
  if (e.tokenizer) text_reader_close(&e.reader);
  text_normalizer_free(&e.normalizer);
  text_buffer_free(&e.text);
  free(e.ids);
  tokenizer_scratch_free(&e.scratch);
  batch_tokenizer_free(bytes);
  return good;
}
