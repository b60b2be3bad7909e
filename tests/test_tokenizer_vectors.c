/* Byte-level BPE beside its references: tests/vocabulary/vectors.jsonl holds what Hugging Face's library and tiktoken
   make of random texts, with tokenizers changed in many ways (tests/vocabulary/vectors.mjs). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/vocabulary.h"

TestSuite(tokenizer_vectors, .init = files_begin, .fini = files_end);

static const char *word_of(const json_t *line, const char *name) {
  const char *word = json_string_value(json_object_get(line, name));
  return word ? word : "";
}

static batch_text_split split_of(const json_t *line) {
  static const char *const names[] = {"", "gpt2", "cl100k", "o200k", "llama3", "qwen2"};
  int i = 0;
  while (strcmp(names[i], word_of(line, "split")) != 0) i++;
  return (batch_text_split)i;
}

static BatchTokenizer *open_for(const json_t *line) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  static const batch_special_token end = {"<|endoftext|>", 1000};
  size_t i;
  json_t *pair;
  char *text = vocabulary_text(word_of(line, "file"));
  json_array_foreach(json_object_get(line, "replace"), i, pair) {
    text = vocabulary_replace(text, json_string_value(json_array_get(pair, 0)),
                              json_string_value(json_array_get(pair, 1)));
  }
  options.split = split_of(line);
  options.specials =
      strcmp(word_of(line, "specials"), "allow") == 0 ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE;
  options.special_tokens = &end;
  options.special_token_count = options.split != BATCH_SPLIT_OF_FILE;
  BatchTokenizer *tokenizer = batch_tokenizer_open(write_text("tokenizer", text), &options);
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  free(text);
  return tokenizer;
}

static void check_line(const BatchTokenizer *tokenizer, const json_t *line, size_t number) {
  const json_t *text = json_object_get(line, "text"), *expected = json_object_get(line, "ids");
  size_t count = json_array_size(expected);
  int32_t ids[4096];
  size_t found =
      batch_tokenizer_encode(tokenizer, json_string_value(text), json_string_length(text), ids, 4096);
  size_t same = 0;
  while (same < count && same < found && ids[same] == json_integer_value(json_array_get(expected, same)))
    same++;
  cr_expect(found == count && same == count, "line %zu: %zu ids, expected %zu; they differ from ids[%zu] on",
            number, found, count, same);
}

Test(tokenizer_vectors, ids_are_those_of_the_references) {
  const char *other = getenv("HEADRACE_VECTORS"); /* a longer file */
  FILE *file = fopen(other ? other : vocabulary_path("vectors.jsonl"), "r");
  json_t *line;
  BatchTokenizer *tokenizer = NULL;
  size_t number = 0, texts = 0;
  need_package(PACKAGE_PCRE2);
  need_package(PACKAGE_UTF8PROC);
  cr_assert_not_null(file);
  while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL))) {
    number++;
    if (json_object_get(line, "file")) {
      batch_tokenizer_free(tokenizer);
      tokenizer = open_for(line);
    } else {
      check_line(tokenizer, line, number);
      texts++;
    }
    json_decref(line);
  }
  printf("%zu texts have the ids of the references\n", texts);
  cr_assert_gt(texts, 400);
  batch_tokenizer_free(tokenizer);
  fclose(file);
}
