/* Damaged tokenizer.json and rank files: whatever is wrong with them, they are refused with their path, or give ids. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/vocabulary.h"

static void begin(void) {
  files_begin();
  need_package(PACKAGE_PCRE2);
}

TestSuite(damaged_tokenizers, .init = begin, .fini = files_end);

static uint64_t seed = 0xE7037ED1A0B428DB;

static size_t below(size_t n) {
  return random_below(&seed, (uint32_t)n);
}

static const char sample[] =
    "The water wheel turns: don't stop it, 12345 times.\n\n\tint main(void)   { return 0; } "
    "<|endoftext|> \xE6\xB0\xB4\xE8\xBB\x8A caf\xC3\xA9 \xF0\x9F\x98\x80 \xFF";

/* What damage made look like a SentencePiece model is one to a library that was built without. */
static bool looks_like_what_is_not_built(void) {
#ifdef HEADRACE_WITH_SENTENCEPIECE
  return false;
#else
  return batch_last_error()->code == BATCH_ERROR_UNSUPPORTED &&
         strstr(batch_last_error()->message, "SentencePiece");
#endif
}

/* Answers whether it was opened. */
static bool survives(const char *name, const void *data, size_t count, batch_text_split split) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  const char *path = path_of(name);
  FILE *file = fopen(path, "wb");
  cr_assert(file && fwrite(data, 1, count, file) == count && fclose(file) == 0);
  options.split = split;
  options.specials = BATCH_SPECIALS_ALLOW;
  batch_clear_error();
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  if (!tokenizer) {
    cr_assert(batch_last_error()->code == BATCH_ERROR_FORMAT || looks_like_what_is_not_built(), "%s",
              batch_last_error()->message);
    cr_assert_not_null(strstr(batch_last_error()->message, path), "%s", batch_last_error()->message);
    return false;
  }
  int32_t ids[2 * sizeof sample];
  char back[32 * sizeof sample];
  size_t found = batch_tokenizer_encode(tokenizer, sample, sizeof sample - 1, ids, 2 * sizeof sample);
  cr_assert(found == BATCH_TOKENIZER_FAILED || found < sizeof sample);
  if (found != BATCH_TOKENIZER_FAILED) (void)batch_tokenizer_decode(tokenizer, ids, found, back, sizeof back);
  batch_tokenizer_free(tokenizer);
  return true;
}

/* Of what is not the vocabulary, which is nearly all of the file. */
static void cut_at_each_byte(const char *name, batch_text_split split) {
  bytes whole = read_bytes(vocabulary_path(name));
  for (size_t count = 0; count < whole.used;
       count += count < 900 || whole.used - count < 900 ? CHECK_ONE_IN : 37)
    (void)survives("cut", whole.data, count, split);
  cr_assert(survives("cut", whole.data, whole.used, split));
  free_bytes(&whole);
}

Test(damaged_tokenizers, tokenizer_json_cut_off) {
  cut_at_each_byte("small.json", BATCH_SPLIT_OF_FILE);
}

Test(damaged_tokenizers, rank_files_cut_off) {
  cut_at_each_byte("small.tiktoken", BATCH_SPLIT_GPT2);
}

/* Words that a tokenizer.json may hold, put where they do not belong. */
static const char *const words[] = {
    "null",        "true",         "-1",  "1e9", "99999999999", "{}", "[]",        "\"\"",    "\"a\"",
    "\"\\ud800\"", "\\u0000",      ",",   ":",   "}",           "]",  "\"Regex\"", "\"NFC\"", "\"Sequence\"",
    "\"id\": 5",   "\"\xC4\xA0\"", "\xFF"};

static void damage(bytes *file) {
  size_t at = below(below(2) && file->used > 900 ? 900 : file->used), run = 1 + below(30);
  const char *word = words[below(sizeof words / sizeof *words)];
  if (run > file->used - at) run = file->used - at;
  switch (below(6)) {
  case 0:
    file->data[at] = (uint8_t)below(256);
    break;
  case 1:
    file->data[at] ^= (uint8_t)(1 << below(8));
    break;
  case 2: /* what is there goes */
    memmove(file->data + at, file->data + at + run, file->used - at - run);
    file->used -= run;
    break;
  case 3: /* or comes from elsewhere */
    memmove(file->data + at, file->data + below(file->used - run + 1), run);
    break;
  default:
    if (strlen(word) <= file->used - at) memcpy(file->data + at, word, strlen(word));
  }
}

static void damage_at_random(const char *name, batch_text_split split) {
  enum { TRIALS = 3000 / CHECK_ONE_IN };
  int opened = 0;
  for (int i = 0; i < TRIALS; i++) {
    bytes file = read_bytes(vocabulary_path(name));
    for (size_t n = 1 + below(3); n > 0; n--) damage(&file);
    opened += survives("damaged", file.data, file.used, split);
    free_bytes(&file);
  }
  printf("%s: %d of %d damaged files were opened\n", name, opened, TRIALS);
  cr_assert_lt(opened, TRIALS);
}

Test(damaged_tokenizers, tokenizer_json_with_random_damage) {
  damage_at_random("small.json", BATCH_SPLIT_OF_FILE);
}

Test(damaged_tokenizers, rank_files_with_random_damage) {
  damage_at_random("small.tiktoken", BATCH_SPLIT_CL100K);
}

/* Values nested without end: refused, not followed. */
Test(damaged_tokenizers, nested_without_end) {
  enum { DEEP = 200000 };
  char *text = vocabulary_text("small.json"), *nested = malloc(DEEP + 1);
  memset(nested, '[', DEEP);
  nested[DEEP] = '\0';
  text = vocabulary_replace(text, "\"normalizer\": null", nested);
  cr_assert(!survives("nested", text, strlen(text), BATCH_SPLIT_OF_FILE));
  free(text);
  /* As deep as is allowed, in what is read recursively. */
  bytes deep = {0};
  for (int i = 0; i < 500; i++) put_text(&deep, "{\"type\":\"Sequence\",\"normalizers\":[");
  put_text(&deep, "{\"type\":\"NFC\"}");
  for (int i = 0; i < 500; i++) put_text(&deep, "]}");
  put_u8(&deep, 0);
  char *value;
  cr_assert_geq(asprintf(&value, "\"normalizer\": %s", (char *)deep.data), 0);
  text = vocabulary_replace(vocabulary_text("small.json"), "\"normalizer\": null", value);
  (void)survives("deep", text, strlen(text), BATCH_SPLIT_OF_FILE);
  free(text);
  free(value);
  free_bytes(&deep);
  free(nested);
}
