#include "text/tokenizer_sentencepiece.h"

#include <string.h>

#include "base/file.h"
#include "text/tokenizer.h"

#ifdef HEADRACE_WITH_SENTENCEPIECE
static void *load_model(const tokenizer_file *file) {
  const char *path = file->path, *other;
  sentencepiece_facts facts;
  if (tokenizer_file_look(file, &other) != LOOKS_BINARY) {
    format_fail(path, 0, "found %s, expected a SentencePiece model", other);
    return NULL;
  }
  if (!sentencepiece_model_check(path, (const uint8_t *)file->bytes, file->count, &facts)) return NULL;
  bool no_memory;
  void *model = sentencepiece_load(file->bytes, file->count, &facts, &no_memory);
  if (no_memory)
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a SentencePiece model of %zu pieces", path,
              facts.pieces);
  else if (!model)
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
static BatchTokenizer *wrap(const char *function, void *model, uint64_t identity) {
  static const decode_parts parts = {sentencepiece_cut_ids, sentencepiece_decode_behind,
                                     sentencepiece_begins};
#define SENTENCEPIECE_KIND(cut_text, parts_of_ids)                                                           \
  {                                                                                                          \
    .encode = sentencepiece_encode, .decode = sentencepiece_decode, .cut = cut_text,                         \
    .free = sentencepiece_free, .what = BATCH_TOKENIZER_SENTENCEPIECE, .parts = parts_of_ids                 \
  }
  static const tokenizer_kind kinds[2][2] = {
      {SENTENCEPIECE_KIND(cut_behind_line, NULL), SENTENCEPIECE_KIND(cut_behind_line, &parts)},
      {SENTENCEPIECE_KIND(NULL, NULL), SENTENCEPIECE_KIND(NULL, &parts)}};
  BatchTokenizer *tokenizer =
      tokenizer_make(function, &kinds[sentencepiece_needs_whole(model)][sentencepiece_decodes_parts(model)],
                     model, sentencepiece_vocab_size(model), sentencepiece_end_of_text(model));
  if (tokenizer)
    tokenizer_identify(tokenizer, identity);
  else
    sentencepiece_free(model);
  return tokenizer;
}

BatchTokenizer *tokenizer_sentencepiece_make(const char *function, const tokenizer_file *file) {
  void *model = load_model(file);
  return model ? wrap(function, model, file->identity) : NULL;
}

bool tokenizer_sentencepiece_supported(const char *path) {
  (void)path;
  return true;
}
#else
bool tokenizer_sentencepiece_supported(const char *path) {
  return error_fail(BATCH_ERROR_UNSUPPORTED,
                    "%.700s: is asked for as a SentencePiece model, and this libheadrace was built without "
                    "libsentencepiece",
                    path);
}

BatchTokenizer *tokenizer_sentencepiece_make(const char *function, const tokenizer_file *file) {
  (void)function;
  tokenizer_sentencepiece_supported(file->path);
  return NULL;
}
#endif
