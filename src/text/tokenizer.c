#include "text/tokenizer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "base/options.h"
#include "text/tokenizer_sentencepiece.h"

struct BatchTokenizer {
  batch_tokenizer_functions functions;
  void *context;
  uint32_t vocab_size;
  int32_t end_of_text;
  tokenizer_cut cut;
  tokenizer_more more;
};

static size_t bytes_encode(void *context, const char *text, size_t bytes, int32_t *ids, size_t capacity) {
  (void)context;
  const uint8_t *from = (const uint8_t *)text;
  for (size_t i = 0; i < bytes && i < capacity; i++) ids[i] = from[i];
  return bytes;
}

static size_t bytes_decode(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context;
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) {
    if (ids[i] > UINT8_MAX) continue;
    if (bytes < capacity) text[bytes] = (char)ids[i];
    bytes++;
  }
  return bytes;
}

bool tokenizer_is_bytes(const BatchTokenizer *tokenizer) {
  return !tokenizer || tokenizer->functions.encode == bytes_encode;
}

tokenizer_cut tokenizer_cut_of(const BatchTokenizer *tokenizer) {
  return tokenizer->cut;
}

BatchTokenizer *tokenizer_make(const char *function, const batch_tokenizer_functions *functions,
                               void *context, uint32_t vocab_size, int32_t end_of_text, tokenizer_cut cut,
                               tokenizer_more more) {
  BatchTokenizer *tokenizer = malloc(sizeof *tokenizer);
  if (!tokenizer)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes", function, sizeof *tokenizer);
  *tokenizer =
      (BatchTokenizer){*functions, context, vocab_size, end_of_text, cut, more ? more : functions->encode};
  live_enter(tokenizer);
  return tokenizer;
}

BatchTokenizer *batch_tokenizer_bytes(uint32_t specials) {
  static const batch_tokenizer_functions functions = {.encode = bytes_encode, .decode = bytes_decode};
  const uint32_t most = UINT16_MAX + 1 - 256;
  if (specials > most)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_bytes: specials is %" PRIu32 ", expected at most %" PRIu32, specials,
                      most);
  return tokenizer_make("batch_tokenizer_bytes", &functions, NULL, 256 + specials,
                        specials ? 256 : BATCH_NO_TOKEN, TOKENIZER_CUT_ANYWHERE, NULL);
}

BatchTokenizer *batch_tokenizer_custom(const batch_tokenizer_functions *functions, void *context,
                                       uint32_t vocab_size, int32_t end_of_text) {
  static const options_type type =
      OPTIONS_TYPE(batch_tokenizer_functions, BATCH_TOKENIZER_FUNCTIONS_INIT, free);
  batch_tokenizer_functions mine;
  if (!options_read(&type, "batch_tokenizer_custom", "functions", functions, &mine)) return NULL;
  if (!mine.encode || !mine.decode)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_tokenizer_custom: %s is NULL, expected a function",
                      mine.encode ? "decode" : "encode");
  if (vocab_size == 0 || vocab_size - 1 > INT32_MAX)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_custom: vocab_size is %" PRIu32 ", expected 1 to 2^31", vocab_size);
  if (end_of_text != BATCH_NO_TOKEN && (uint32_t)end_of_text >= vocab_size)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_custom: end_of_text is %" PRId32
                      ", expected BATCH_NO_TOKEN, or 0 or more and below %" PRIu32,
                      end_of_text, vocab_size);
  return tokenizer_make("batch_tokenizer_custom", &mine, context, vocab_size, end_of_text,
                        TOKENIZER_CUT_NOWHERE, NULL);
}

BatchTokenizer *batch_tokenizer_sentencepiece(const char *path) {
  if (!path || !*path)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_sentencepiece: path is %s, expected a path", path ? "empty" : "NULL");
  return tokenizer_sentencepiece_load(path);
}

void batch_tokenizer_free(BatchTokenizer *tokenizer) {
  if (!tokenizer) return;
  live_leave("batch_tokenizer_free", tokenizer);
  if (tokenizer->functions.free) tokenizer->functions.free(tokenizer->context);
  free(tokenizer);
}

static bool check_arguments(const char *function, const BatchTokenizer *tokenizer, bool text, bool ids) {
  return (tokenizer && text && ids) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL, expected an address", function,
                    !tokenizer ? "tokenizer"
                    : !text    ? "text"
                               : "ids");
}

/* The first id outside the vocabulary; count if there is none. */
static size_t first_outside(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count) {
  size_t i = 0;
  while (i < count && (uint32_t)ids[i] < tokenizer->vocab_size) i++; /* one below 0 is 2^31 or more */
  return i;
}

static size_t id_outside(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids,
                         size_t at) {
  error_set(BATCH_ERROR_OUT_OF_RANGE,
            "%s: ids[%zu] is %" PRId32 ", expected 0 or more and below the vocabulary size %" PRIu32,
            function, at, ids[at], tokenizer->vocab_size);
  return BATCH_TOKENIZER_FAILED;
}

static size_t refused(const char *function, size_t count, const char *what) {
  error_set(BATCH_ERROR_FORMAT, "%s: the tokenizer refuses %zu %s%s", function, count, what,
            count == 1 ? "" : "s");
  return BATCH_TOKENIZER_FAILED;
}

size_t tokenizer_encode_part(const char *function, const BatchTokenizer *tokenizer, const char *text,
                             size_t bytes, bool more, int32_t *ids, size_t capacity) {
  /* What an encoder counts and does not write is then no id. */
  if (tokenizer->cut == TOKENIZER_CUT_NOWHERE && capacity > 0) memset(ids, 0xFF, capacity * sizeof *ids);
  size_t count =
      (more ? tokenizer->more : tokenizer->functions.encode)(tokenizer->context, text, bytes, ids, capacity);
  if (count == BATCH_TOKENIZER_FAILED) return refused(function, bytes, "byte");
  if (count == TOKENIZER_NO_MEMORY) {
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory to encode %zu bytes", function, bytes);
    return BATCH_TOKENIZER_FAILED;
  }
  size_t written = count < capacity ? count : capacity, bad = first_outside(tokenizer, ids, written);
  return bad == written ? count : id_outside(function, tokenizer, ids, bad);
}

size_t batch_tokenizer_encode(const BatchTokenizer *tokenizer, const char *text, size_t bytes, int32_t *ids,
                              size_t capacity) {
  static const char function[] = "batch_tokenizer_encode";
  if (!check_arguments(function, tokenizer, text || bytes == 0, ids || capacity == 0))
    return BATCH_TOKENIZER_FAILED;
  return tokenizer_encode_part(function, tokenizer, text, bytes, false, ids, capacity);
}

size_t batch_tokenizer_decode(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count, char *text,
                              size_t capacity) {
  static const char function[] = "batch_tokenizer_decode";
  if (!check_arguments(function, tokenizer, text || capacity == 0, ids || count == 0))
    return BATCH_TOKENIZER_FAILED;
  size_t bad = first_outside(tokenizer, ids, count);
  if (bad < count) return id_outside(function, tokenizer, ids, bad);
  size_t bytes = tokenizer->functions.decode(tokenizer->context, ids, count, text, capacity);
  return bytes == BATCH_TOKENIZER_FAILED ? refused(function, count, "id") : bytes;
}

uint32_t batch_tokenizer_vocab_size(const BatchTokenizer *tokenizer) {
  return check_arguments("batch_tokenizer_vocab_size", tokenizer, true, true) ? tokenizer->vocab_size : 0;
}

int32_t batch_tokenizer_end_of_text(const BatchTokenizer *tokenizer) {
  return check_arguments("batch_tokenizer_end_of_text", tokenizer, true, true) ? tokenizer->end_of_text
                                                                               : BATCH_NO_TOKEN;
}
