#include "data/tokenizer_sentencepiece.h"

#include <stdlib.h>
#include <unistd.h>

#include "data/file.h"
#include "data/tokenizer.h"

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
  if (!*bytes)
    error_set(BATCH_OUT_OF_MEMORY, "%.700s: no memory for a model of %" PRIu64 " bytes", path, size);
  return good;
}

static BatchTokenizer *wrap(void *model) {
  static const batch_tokenizer_functions functions = {sentencepiece_encode, sentencepiece_decode,
                                                      sentencepiece_free};
  BatchTokenizer *tokenizer =
      tokenizer_make(&functions, model, sentencepiece_vocab_size(model), sentencepiece_end_of_text(model));
  if (!tokenizer) sentencepiece_free(model);
  return tokenizer;
}

BatchTokenizer *tokenizer_sentencepiece_load(const char *path) {
  char *bytes = NULL, sentence[256] = "";
  size_t count;
  void *model = NULL;
  if (read_model(path, &bytes, &count)) {
    model = sentencepiece_load(bytes, count, sentence, sizeof sentence);
    if (!model) (void)format_fail(path, 0, "found no SentencePiece model (%s), expected one", sentence);
  }
  free(bytes);
  return model ? wrap(model) : NULL;
}
#else
BatchTokenizer *tokenizer_sentencepiece_load(const char *path) {
  return error_null(
      BATCH_UNSUPPORTED,
      "%.700s: is a SentencePiece model, and this libheadrace was built without libsentencepiece", path);
}
#endif
