#include "data/encode.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/file.h"
#include "data/normalize.h"
#include "data/text_reader.h"
#include "data/tokenizer.h"

typedef struct encoder {
  const batch_dataset_options *options;
  const BatchTokenizer *tokenizer;
  const token_sink *sink;
  text_reader reader;
  text_buffer normal;
  uint32_t *ids;
  size_t capacity;
} encoder;

bool encode_check(const char *function, const batch_dataset_options *options) {
  if ((unsigned)options->separator > BATCH_SEPARATOR_AFTER)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: separator is %d, expected 0 to %d", function,
                      (int)options->separator, BATCH_SEPARATOR_AFTER);
  if (options->separator && options->end_of_text > INT32_MAX)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: end_of_text is %" PRIu32 ", expected at most %" PRId32,
                      function, options->end_of_text, INT32_MAX);
  return text_options_check(function, &options->text);
}

uint32_t encode_vocab_size(const batch_dataset_options *options) {
  uint32_t size = options->tokenizer ? batch_tokenizer_vocab_size(options->tokenizer) : 256;
  return options->separator && options->end_of_text >= size ? options->end_of_text + 1 : size;
}

static bool grow_ids(encoder *e, size_t count) {
  uint32_t *grown = reallocarray(e->ids, count, sizeof *grown);
  if (!grown)
    return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for %zu ids", e->reader.stream.path, count);
  e->ids = grown;
  e->capacity = count;
  return true;
}

/* Puts the place in front of what the tokenizer said. */
static bool tokenizer_failed(const encoder *e) {
  char said[400];
  const batch_error *error = batch_last_error();
  snprintf(said, sizeof said, "%s", error->message);
  return error_fail(error->code, "%.600s: before byte %" PRIu64 " of the text: %s", e->reader.stream.path,
                    e->reader.offset, said);
}

/* The first guess, an id a byte, holds but for texts that normalization makes longer. */
static bool encode_text(encoder *e, const text_piece *piece) {
  size_t guess = piece->bytes + 16;
  if (e->capacity < guess && !grow_ids(e, guess)) return false;
  for (;;) {
    size_t count = batch_tokenizer_encode(e->tokenizer, piece->text, piece->bytes, e->ids, e->capacity);
    if (count == BATCH_TOKENIZER_FAILED) return tokenizer_failed(e);
    if (count <= e->capacity) return e->sink->tokens(e->sink->context, e->ids, count);
    if (!grow_ids(e, count)) return false;
  }
}

static bool put_separator(const encoder *e, batch_separator place) {
  return e->options->separator != place || e->sink->tokens(e->sink->context, &e->options->end_of_text, 1);
}

static bool encode_piece(encoder *e, text_piece piece) {
  if (text_is_changed(&e->options->text)) {
    e->normal.used = 0;
    if (!text_normalize(piece.text, piece.bytes, &e->options->text, &e->normal)) return false;
    piece.text = e->normal.data;
    piece.bytes = e->normal.used;
  }
  if (piece.begins && !put_separator(e, BATCH_SEPARATOR_BEFORE)) return false;
  if (piece.bytes > 0 && !encode_text(e, &piece)) return false;
  if (!piece.ends) return true;
  return put_separator(e, BATCH_SEPARATOR_AFTER) && e->sink->end_document(e->sink->context);
}

static bool encode_all(encoder *e) {
  text_piece piece;
  batch_status status;
  while ((status = text_reader_next(&e->reader, &piece)) == BATCH_OK) {
    if (!encode_piece(e, piece)) return false;
    if (e->sink->progress && !e->sink->progress(e->sink->context, e->reader.stream.consumed)) return false;
  }
  return status == BATCH_END;
}

bool encode_file(const source_file *file, const batch_dataset_options *options, const token_sink *sink) {
  BatchTokenizer *bytes = options->tokenizer ? NULL : batch_tokenizer_bytes(0);
  encoder e = {
      .options = options, .tokenizer = options->tokenizer ? options->tokenizer : bytes, .sink = sink};
  bool good = e.tokenizer && text_reader_open(&e.reader, file, options) && encode_all(&e);
  if (e.tokenizer) text_reader_close(&e.reader);
  text_buffer_free(&e.normal);
  free(e.ids);
  batch_tokenizer_free(bytes);
  return good;
}
