#include "text/tokenizer_sentencepiece.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mix.h"
#include "text/tokenizer.h"

#ifdef HEADRACE_WITH_SENTENCEPIECE
static const uint64_t largest_model = (uint64_t)1 << 30;

static bool read_model(const char *path, char **bytes, size_t *count) {
  uint64_t size;
  int fd;
  if (!file_open(path, &fd, &size)) return false;
  bool fits = size <= largest_model;
  *bytes = fits ? malloc((size_t)size + 1) : NULL;
  *count = (size_t)size;
  bool good = *bytes && file_read_at(fd, path, 0, *bytes, *count);
  close(fd);
  if (!fits)
    return format_fail(
        path, 0, "found a file of %" PRIu64 " bytes, expected a SentencePiece model of at most %" PRIu64,
        size, largest_model);
  return *bytes ? good
                : error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a model of %" PRIu64 " bytes",
                             path, size);
}

static void *load_model(const char *path, const char *bytes, size_t count) {
  const uint8_t *raw = (const uint8_t *)bytes;
  const char *other = sentencepiece_model_other(raw, count);
  sentencepiece_facts facts;
  if (other) {
    format_fail(path, 0, "found %s, expected a SentencePiece model", other);
    return NULL;
  }
  if (!sentencepiece_model_check(path, raw, count, &facts)) return NULL;
  void *model = sentencepiece_load(bytes, count, &facts);
  if (!model)
    format_fail(path, 0,
                "found a SentencePiece model of %zu pieces that libsentencepiece refuses, expected "
                "one that it takes",
                facts.pieces);
  return model;
}

/* The last line feed that another character follows. */
static size_t cut_behind_line(const void *context, const char *text, size_t from, size_t bytes) {
  (void)context;
  while (bytes > from + 1) {
    const char *feed = memrchr(text + from, '\n', bytes - 1 - from);
    if (!feed) return 0;
    bytes = (size_t)(feed - text) + 1;
    if (bytes > from && text[bytes] != '\n') return bytes;
  }
  return 0;
}

/* identity: of the model's bytes */
static BatchTokenizer *wrap(void *model, uint64_t identity) {
  static const tokenizer_kind whole = {.encode = sentencepiece_encode,
                                       .decode = sentencepiece_decode,
                                       .free = sentencepiece_free},
                              lines = {.encode = sentencepiece_encode,
                                       .decode = sentencepiece_decode,
                                       .cut = cut_behind_line,
                                       .free = sentencepiece_free};
  BatchTokenizer *tokenizer =
      tokenizer_make("batch_tokenizer_sentencepiece", sentencepiece_needs_whole(model) ? &whole : &lines,
                     model, sentencepiece_vocab_size(model), sentencepiece_end_of_text(model));
  if (tokenizer)
    tokenizer_identify(tokenizer, identity);
  else
    sentencepiece_free(model);
  return tokenizer;
}

BatchTokenizer *tokenizer_sentencepiece_load(const char *path) {
  char *bytes = NULL;
  size_t count;
  void *model = read_model(path, &bytes, &count) ? load_model(path, bytes, count) : NULL;
  uint64_t identity = model ? mix64_bytes(0, bytes, count) : 0;
  free(bytes);
  return model ? wrap(model, identity) : NULL;
}
#else
BatchTokenizer *tokenizer_sentencepiece_load(const char *path) {
  return error_null(BATCH_ERROR_UNSUPPORTED,
                    "%.700s: is asked for as a SentencePiece model, and this libheadrace was built without "
                    "libsentencepiece",
                    path);
}
#endif
