/* Text -> ids -> the same text, by every kind of tokenizer; and the text of a document that is decoded in parts, however
   it is cut, is that of the document at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/random_text.h"

TestSuite(decoder, .init = files_begin, .fini = files_end);

static uint64_t state = 7;
static uint32_t below(uint32_t n) {
  return random_below(&state, n);
}

typedef struct ids {
  int32_t *ids;
  size_t count;
} ids;

static ids encode(const BatchTokenizer *tokenizer, const void *text, size_t count) {
  size_t n = batch_tokenizer_encode(tokenizer, text, count, NULL, 0);
  cr_assert_neq(n, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  ids made = {malloc((n + 1) * sizeof(int32_t)), n};
  cr_assert_eq(batch_tokenizer_encode(tokenizer, text, count, made.ids, n), n);
  return made;
}

static bytes decode(const BatchTokenizer *tokenizer, ids from) {
  size_t n = batch_tokenizer_decode(tokenizer, from.ids, from.count, NULL, 0);
  cr_assert_neq(n, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  bytes text = {malloc(n + 1), n, n + 1};
  cr_assert_eq(batch_tokenizer_decode(tokenizer, from.ids, from.count, (char *)text.data, n), n);
  return text;
}

static bytes decode_in_parts(BatchDecoder *decoder, ids from, uint32_t longest) {
  bytes all = {0};
  const char *text;
  size_t count;
  for (size_t at = 0, n; at < from.count; at += n) {
    n = 1 + below(longest);
    if (n > from.count - at) n = from.count - at;
    bool ends = at + n == from.count && below(2);
    cr_assert(batch_decoder_feed(decoder, from.ids + at, n, ends, &text, &count), "%s",
              batch_last_error()->message);
    put(&all, text, count);
    if (ends) return all;
  }
  cr_assert(batch_decoder_feed(decoder, NULL, 0, true, &text, &count), "%s", batch_last_error()->message);
  put(&all, text, count);
  return all;
}

static void assert_same(const bytes *is, const bytes *should, const char *what) {
  cr_assert_eq(is->used, should->used, "%s: %zu bytes, not %zu", what, is->used, should->used);
  size_t i = 0;
  while (i < is->used && is->data[i] == should->data[i]) i++;
  cr_assert_eq(i, is->used, "%s: differs at byte %zu of %zu", what, i, is->used);
}

static void assert_parts(BatchDecoder *decoder, const BatchTokenizer *tokenizer, ids from) {
  bytes whole = decode(tokenizer, from), parts = decode_in_parts(decoder, from, 1 + below(9));
  assert_same(&parts, &whole, "in parts");
  free_bytes(&whole);
  free_bytes(&parts);
}

/* SentencePiece writes U+2581 for a blank: one in the text comes back as a blank. */
static void put_no_blank_sign(bytes *text) {
  for (size_t i = 0; i + 2 < text->used; i++)
    if (memcmp(text->data + i, "\xE2\x96\x81", 3) == 0) text->data[i + 2] = 0x82;
}

/* What text becomes comes back; any ids, in any order, decode in parts as at once. */
static void assert_round_trips(const BatchTokenizer *tokenizer, bool same, bool malformed, unsigned times) {
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  uint32_t vocab_size = batch_tokenizer_vocab_size(tokenizer);
  cr_assert_not_null(decoder);
  for (unsigned i = 0; i < times; i++) {
    bytes text = random_text(&state, below(200), malformed && i % 2);
    put_no_blank_sign(&text);
    ids made = encode(tokenizer, text.data, text.used);
    bytes back = decode(tokenizer, made);
    if (same) assert_same(&back, &text, "round trip");
    assert_parts(decoder, tokenizer, made);
    for (size_t k = 0; k < made.count; k++)
      if (below(3) == 0) made.ids[k] = (int32_t)below(vocab_size);
    bool all = batch_tokenizer_decode(tokenizer, made.ids, made.count, NULL, 0) != BATCH_TOKENIZER_FAILED;
    if (all) assert_parts(decoder, tokenizer, made);
    free(made.ids);
    free_bytes(&text);
    free_bytes(&back);
  }
  batch_decoder_free(decoder);
}

Test(decoder, of_bytes) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(3);
  assert_round_trips(tokenizer, true, true, 300);
  batch_tokenizer_free(tokenizer);
}

static void round_trip_file(const char *name, batch_text_split split) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  char path[400];
  options.split = split;
  snprintf(path, sizeof path, "%s/%s", HEADRACE_TEST_VOCABULARY, name);
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  assert_round_trips(tokenizer, true, true, 300);
  batch_tokenizer_free(tokenizer);
}

Test(decoder, of_byte_level_bpe) {
  need_package(PACKAGE_PCRE2);
  round_trip_file("small.json", BATCH_SPLIT_OF_FILE);
  round_trip_file("small.tiktoken", BATCH_SPLIT_CL100K);
}

static BatchTokenizer *train(const char *const *more) {
  char prefix[300];
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of("m"));
  const char *arguments[16] = {"spm_train", "--input=/usr/share/common-licenses/GPL-3", prefix};
  for (size_t i = 0; more[i]; i++) arguments[3 + i] = more[i];
  int status = run_program(arguments);
  if (status < 0) cr_skip("no spm_train here");
  cr_assert_eq(status, 0);
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(path_of("m.model"));
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  return tokenizer;
}

static const char *const models[][8] = {
    {"--vocab_size=700", NULL},
    {"--vocab_size=700", "--model_type=bpe", "--byte_fallback=true", NULL},
    {"--vocab_size=700", "--byte_fallback=true", "--add_dummy_prefix=false", NULL},
    {"--vocab_size=700", "--byte_fallback=true", "--remove_extra_whitespaces=false",
     "--add_dummy_prefix=false", NULL},
    {"--vocab_size=700", "--treat_whitespace_as_suffix=true", NULL},
    {"--vocab_size=700", "--model_type=char", "--user_defined_symbols=ab,\xE2\x96\x81\xE2\x96\x81", NULL}};

Test(decoder, of_sentencepiece_in_parts) {
  need_package(PACKAGE_SENTENCEPIECE);
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    BatchTokenizer *tokenizer = train(models[i]);
    assert_round_trips(tokenizer, false, true, 300);
    batch_tokenizer_free(tokenizer);
  }
}

/* As Llama's: bytes for what has no piece, text as it is, line feeds too. */
Test(decoder, of_sentencepiece_that_keeps_text_as_it_is) {
  need_package(PACKAGE_SENTENCEPIECE);
  static const char *const kept[] = {"--vocab_size=700",
                                     "--model_type=bpe",
                                     "--byte_fallback=true",
                                     "--normalization_rule_name=identity",
                                     "--remove_extra_whitespaces=false",
                                     "--user_defined_symbols=\n",
                                     NULL};
  BatchTokenizer *tokenizer = train(kept);
  assert_round_trips(tokenizer, true, false, 300);
  batch_tokenizer_free(tokenizer);
}

/* Each byte of a character may be an id: parts are never cut within one, and long rows of them are cut at all. */
Test(decoder, characters_of_many_ids_are_whole) {
  need_package(PACKAGE_SENTENCEPIECE);
  BatchTokenizer *tokenizer = train(models[1]);
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  bytes text = {0};
  const char *part;
  size_t given = 0, count;
  for (int i = 0; i < 5000; i++) put_text(&text, "\xE6\xB0\xB4\xF0\x9F\x91\xA9\xC3\xB1");
  ids made = encode(tokenizer, text.data, text.used);
  cr_assert_geq(made.count, text.used);
  for (size_t i = 0; i < made.count; i++) {
    cr_assert(batch_decoder_feed(decoder, &made.ids[i], 1, false, &part, &count));
    cr_assert_eq(memcmp(text.data + given, part, count), 0);
    given += count;
    cr_assert_geq(given + 6, i < 8 ? 0 : i - 2, "%zu of %zu bytes", given, i);
  }
  free(made.ids);
  free_bytes(&text);
  batch_decoder_free(decoder);
  batch_tokenizer_free(tokenizer);
}

static size_t encode_nothing(void *context, const char *text, size_t n, int32_t *made, size_t capacity) {
  (void)context, (void)text, (void)n, (void)made, (void)capacity;
  return 0;
}

/* One byte for each id, and how many there were. */
static size_t decode_count(void *context, const int32_t *from, size_t count, char *text, size_t capacity) {
  (void)context;
  for (size_t i = 0; i < count && i < capacity; i++) text[i] = (char)('a' + from[i] % 26);
  if (count < capacity) text[count] = (char)('0' + count % 10);
  return count > 0 && from[0] == 99 ? BATCH_TOKENIZER_FAILED : count + 1;
}

Test(decoder, a_callers_own_tokenizer_is_given_the_document_whole) {
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = encode_nothing, .decode = decode_count},
      NULL, 100, BATCH_NO_TOKEN);
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  const char *text;
  size_t count;
  for (int again = 0; again < 2; again++) {
    cr_assert(batch_decoder_feed(decoder, (int32_t[]){0, 1, 2}, 3, false, &text, &count));
    cr_assert_eq(count, 0);
    cr_assert(batch_decoder_feed(decoder, (int32_t[]){3}, 1, true, &text, &count));
    cr_assert(count == 5 && memcmp(text, "abcd4", 5) == 0, "%.*s", (int)count, text);
  }
  cr_assert(batch_decoder_feed(decoder, (int32_t[]){99, 1}, 2, false, &text, &count));
  assert_refused(!batch_decoder_feed(decoder, NULL, 0, true, &text, &count), BATCH_ERROR_FORMAT,
                 "batch_decoder_feed", "refuses 2 ids");
  cr_assert(batch_decoder_feed(decoder, (int32_t[]){3}, 1, true, &text, &count), "the document is forgotten");
  cr_assert(count == 2 && memcmp(text, "d1", 2) == 0);
  batch_decoder_free(decoder);
  batch_tokenizer_free(tokenizer);
}

Test(decoder, an_id_outside_the_vocabulary_is_an_error) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(1);
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  const char *text;
  size_t count;
  assert_refused(!batch_decoder_feed(decoder, (int32_t[]){65, 257}, 2, true, &text, &count),
                 BATCH_ERROR_OUT_OF_RANGE, "batch_decoder_feed", "ids[1] is 257", "257");
  cr_assert(batch_decoder_feed(decoder, (int32_t[]){65, 256}, 2, true, &text, &count));
  cr_assert(count == 1 && *text == 'A');
  batch_decoder_free(decoder);
  batch_tokenizer_free(tokenizer);
}
