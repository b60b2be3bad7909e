/* Documents decoded in parts. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "sync/thread.h"
#include "text/text_buffer.h"
#include "text/tokenizer.h"

struct BatchDecoder {
  const BatchTokenizer *tokenizer;
  int32_t *held; /* of the document at hand, not yet decoded */
  size_t used, capacity;
  bool behind; /* text of the document stands before them */
  text_buffer text;
};

static const char function[] = "batch_decoder_feed";

BatchDecoder *batch_decoder_create(const BatchTokenizer *tokenizer) {
  if (!tokenizer)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_decoder_create: tokenizer is NULL, expected an address");
  BatchDecoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_decoder_create: no memory for %zu bytes",
                      sizeof *decoder);
  decoder->tokenizer = tokenizer;
  live_enter(decoder);
  return decoder;
}

void batch_decoder_free(BatchDecoder *decoder) {
  if (!decoder) return;
  live_leave("batch_decoder_free", decoder);
  free(decoder->held);
  text_buffer_free(&decoder->text);
  free(decoder);
}

/* The first guess, some bytes an id, holds nearly always. */
static bool decode(BatchDecoder *d, const int32_t *ids, size_t count) {
  text_buffer *text = &d->text;
  for (size_t bytes = 8 * count + 64;;) {
    text->used = 0;
    if (!text_buffer_reserve(text, bytes)) return error_name(function);
    bytes = tokenizer_decode(function, d->tokenizer, ids, count, d->behind, text->data, text->capacity);
    if (bytes == BATCH_TOKENIZER_FAILED) return false;
    text->used = bytes;
    if (bytes <= text->capacity) return true;
  }
}

static bool hold(BatchDecoder *d, const int32_t *ids, size_t count) {
  size_t needed = d->used + count;
  if (needed > d->capacity) {
    size_t capacity = needed < 2 * d->capacity ? 2 * d->capacity : needed;
    int32_t *grown = reallocarray(d->held, capacity, sizeof *grown);
    if (!grown) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu ids", function, capacity);
    d->held = grown;
    d->capacity = capacity;
  }
  if (count > 0) memcpy(d->held + d->used, ids, count * sizeof *ids);
  d->used = needed;
  return true;
}

/* Decodes what is held up to where it may be cut, or all of it. */
static bool decode_held(BatchDecoder *d, bool ends) {
  size_t count = ends ? d->used : tokenizer_cut_ids(d->tokenizer, d->held, d->used);
  d->text.used = 0;
  if (count == 0 && !ends) return true;
  if (!decode(d, d->held, count)) return false;
  bool looks = !ends && !d->behind;
  if (looks && !tokenizer_begins(function, d->tokenizer, d->held, count, &d->behind)) return false;
  d->used -= count;
  if (d->used > 0) memmove(d->held, d->held + count, d->used * sizeof *d->held);
  return true;
}

static bool feed(BatchDecoder *d, const int32_t *ids, size_t count, bool ends) {
  if (tokenizer_decodes_each(d->tokenizer)) return decode(d, ids, count);
  return hold(d, ids, count) && decode_held(d, ends);
}

static bool check(const BatchDecoder *decoder, const int32_t *ids, size_t count, const char **text,
                  const size_t *bytes) {
  if (count > SIZE_MAX / 16)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: count is %zu, expected at most %zu", function, count,
                      SIZE_MAX / 16);
  return (decoder && (ids || count == 0) && text && bytes) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL, expected an address", function,
                    !decoder            ? "decoder"
                    : !ids && count > 0 ? "ids"
                    : !text             ? "text"
                                        : "bytes");
}

bool batch_decoder_feed(BatchDecoder *decoder, const int32_t *ids, size_t count, bool ends, const char **text,
                        size_t *bytes) {
  HOLD_CANCELLATION;
  if (!check(decoder, ids, count, text, bytes)) return false;
  bool good = feed(decoder, ids, count, ends);
  if (!good || ends) {
    decoder->used = 0;
    decoder->behind = false;
  }
  *text = good ? decoder->text.data : NULL;
  *bytes = good ? decoder->text.used : 0;
  return good;
}
