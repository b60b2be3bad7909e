#include "support/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"

const char *vocabulary_path(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", HEADRACE_TEST_VOCABULARY, name);
  return path;
}

char *vocabulary_text(const char *name) {
  bytes b = read_bytes(vocabulary_path(name));
  char *text = strndup((char *)b.data, b.used);
  cr_assert_not_null(text);
  free_bytes(&b);
  return text;
}

char *vocabulary_replace(char *text, const char *from, const char *to) {
  char *at = strstr(text, from), *changed;
  cr_assert_not_null(at, "there is no %s", from);
  cr_assert_geq(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
  free(text);
  return changed;
}

const char *vocabulary_write(const char *name, const char *from, const char *to) {
  char *text = vocabulary_replace(vocabulary_text("small.json"), from, to);
  const char *path = write_text(name, text);
  free(text);
  return path;
}

BatchTokenizer *vocabulary_open(const char *path, batch_text_split split, batch_specials specials) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  options.split = split;
  options.specials = specials;
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  return tokenizer;
}
