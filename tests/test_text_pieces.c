/* However a text is read, its ids are those of the whole text: random texts, every option, pieces down to a few bytes. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random_text.h"
#include "support/vocabulary.h"

#include "text/pipeline/job.h"
#include "text/tokenizer_sentencepiece.h"

#include <stdlib.h>
#include <string.h>

TestSuite(text_pieces, .init = files_begin, .fini = files_end);

static uint64_t seed = 0x9E3779B97F4A7C15;

/* Ids of the text, normalized and encoded at once. */
typedef struct ids {
  int32_t *id;
  size_t count;
} ids;

static ids ids_of_whole(const bytes *text, const batch_dataset_options *options) {
  BatchTokenizer *plain = batch_tokenizer_bytes(0);
  const BatchTokenizer *tokenizer = options->tokenizer ? options->tokenizer : plain;
  size_t length = batch_text_normalize((char *)text->data, text->used, options->text, NULL, 0);
  char *normal = malloc(length + 1);
  batch_text_normalize((char *)text->data, text->used, options->text, normal, length);
  size_t room = 4 * length + 16; /* a malformed byte may become the three of U+FFFD */
  ids whole = {malloc(room * sizeof(int32_t)), 0};
  whole.count = batch_tokenizer_encode(tokenizer, normal, length, whole.id, room);
  cr_assert(whole.count <= room, "%s", batch_last_error()->message);
  free(normal);
  batch_tokenizer_free(plain);
  return whole;
}

/* The text as a member of a line, with escapes for what needs them. */
static void put_line(bytes *line, const bytes *text) {
  put_text(line, "{\"text\":\"");
  for (size_t i = 0; i < text->used; i++) {
    char escape[8];
    uint8_t c = text->data[i];
    snprintf(escape, sizeof escape, "\\u%04x", c);
    if (c < 0x20 || c == '"' || c == '\\')
      put_text(line, escape);
    else
      put_u8(line, c);
  }
  put_text(line, "\"}\n");
}

static void assert_file_has(const char *path, const batch_dataset_options *options, const ids *whole) {
  static const size_t steps[] = {4, 5, 7, 61, 1000, (size_t)1 << 18};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    text_job_step = steps[i];
    batch_dataset_options mine = *options;
    mine.workers = 1 + (unsigned)i % 3;
    BatchDataset *dataset = open_dataset(path, &mine);
    int32_t *read = malloc((whole->count + 1) * sizeof *read);
    cr_assert_eq(batch_dataset_tokens(dataset), whole->count + 1, "%s, read by %zu: %zu ids instead of %zu",
                 path, steps[i], (size_t)batch_dataset_tokens(dataset) - 1, whole->count);
    cr_assert(batch_dataset_read(dataset, 0, whole->count + 1, read));
    for (size_t j = 0; j < whole->count; j++)
      cr_assert_eq(read[j], whole->id[j], "%s, read by %zu, id %zu", path, steps[i], j);
    free(read);
    batch_dataset_free(dataset);
  }
}

static void overwrite(const char *path, const bytes *b) {
  FILE *file = fopen(path, "wb");
  cr_assert_not_null(file);
  cr_assert(b->used == 0 || fwrite(b->data, 1, b->used, file) == b->used);
  cr_assert_eq(fclose(file), 0);
}

typedef struct places {
  const char *text, *lines;
} places;

static void assert_pieces_are_the_whole(const places *p, const batch_dataset_options *options,
                                        const bytes *text) {
  bytes line = {0};
  ids whole = ids_of_whole(text, options);
  put_line(&line, text);
  overwrite(p->text, text);
  overwrite(p->lines, &line);
  assert_file_has(p->text, options, &whole);
  assert_file_has(p->lines, options, &whole);
  free(whole.id);
  free_bytes(&line);
}

enum { TIMES = CHECK_LONG_OR_SHORT(3, 1) };

static void assert_every_option(const BatchTokenizer *tokenizer, unsigned rounds, size_t length) {
  const places p = {path_of("a.txt"), path_of("a.jsonl")};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.tokenizer = tokenizer;
  options.separator = BATCH_SEPARATOR_AFTER; /* so that empty texts and plain ones are tokenized too */
  options.end_of_text = 2;
  for (unsigned round = 0; round < rounds; round++)
    for (unsigned o = round ? round % CHECK_ONE_IN : 0; o < 24; o += round ? CHECK_ONE_IN : 1) {
      const batch_text_options how = {.size = sizeof(batch_text_options),
                                      .malformed = o / 12 ? BATCH_MALFORMED_REPLACE : BATCH_MALFORMED_KEEP,
                                      .normal_form = (batch_normal_form)(o % 3),
                                      .fold_case = o / 3 % 2,
                                      .squeeze_space = o / 6 % 2};
      options.text = &how;
      bytes text = random_text(&seed, round == 0 ? 0 : length, true);
      assert_pieces_are_the_whole(&p, &options, &text);
      free_bytes(&text);
    }
}

Test(text_pieces, bytes_are_those_of_the_whole_text) {
  need_package(PACKAGE_UTF8PROC);
  assert_every_option(NULL, 2 * TIMES, 3000);
}

/* Ids that depend on everything that came before: any cut changes them. */
static size_t hash_encode(void *context, const char *text, size_t count, int32_t *id, size_t capacity) {
  uint32_t hash = 2166136261u;
  (void)context;
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    if (i < capacity) id[i] = hash % 50000;
  }
  return count;
}

static size_t no_text(void *context, const int32_t *id, size_t count, char *text, size_t capacity) {
  (void)context, (void)id, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

Test(text_pieces, a_callers_tokenizer_is_given_the_whole_document) {
  need_package(PACKAGE_UTF8PROC);
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = hash_encode, .decode = no_text},
      NULL, 50000, 2);
  assert_every_option(tokenizer, TIMES, 2000);
  batch_tokenizer_free(tokenizer);
}

/* Byte-level BPE, with a normal form of its own too: what is cut behind words and lines. */
static void assert_bpe(const char *normalizer) {
  need_package(PACKAGE_PCRE2);
  need_package(PACKAGE_UTF8PROC);
  const char *path = vocabulary_write("bpe.json", "\"normalizer\": null", normalizer);
  BatchTokenizer *tokenizer = vocabulary_open(path, BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_IGNORE);
  assert_every_option(tokenizer, 2 * TIMES, 3000);
  batch_tokenizer_free(tokenizer);
}

Test(text_pieces, of_byte_level_bpe) {
  assert_bpe("\"normalizer\": null");
}

Test(text_pieces, of_byte_level_bpe_with_a_normal_form) {
  assert_bpe("\"normalizer\": {\"type\": \"NFC\"}");
}

/* Words, and between them stretches of kept characters, some a lot longer than what is looked at once. */
static bytes text_of_long_words(void) {
  static const size_t lengths[] = {60, 130, 511, 514, 576, 700, 3000};
  bytes text = {0};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    put_text(&text, i % 2 ? "the mill \n" : "cafe\xcc\x81 race");
    for (size_t k = 0; k < lengths[i]; k++) put_u8(&text, (uint8_t)('a' + k * k % 7));
  }
  put_text(&text, " end");
  return text;
}

Test(text_pieces, of_byte_level_bpe_with_a_normal_form_and_nowhere_to_cut) {
  need_package(PACKAGE_PCRE2);
  need_package(PACKAGE_UTF8PROC);
  const char *path =
      vocabulary_write("bpe.json", "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}");
  const places p = {path_of("a.txt"), path_of("a.jsonl")};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = vocabulary_open(path, BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_IGNORE);
  bytes text = text_of_long_words();
  options.tokenizer = tokenizer;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 2;
  assert_pieces_are_the_whole(&p, &options, &text);
  batch_tokenizer_free(tokenizer);
  free_bytes(&text);
}

#ifdef HEADRACE_WITH_SENTENCEPIECE
/* The library's one call for the whole text (or for each line, of a model without line feeds). */
static void assert_cuts_change_nothing(const BatchTokenizer *tokenizer, const char *path) {
  bytes model = read_bytes(path);
  void *uncut = sentencepiece_load((char *)model.data, model.used, &(sentencepiece_facts){0}, &(bool){false});
  cr_assert_not_null(uncut);
  for (unsigned round = 0; round < 4 * TIMES; round++) {
    bytes text = random_text(&seed, 4000, round % 2);
    for (unsigned i = 0; i < 4000; i++) put_text(&text, i % 7 == round % 5 ? " license" : " the program");
    size_t room = 4 * text.used;
    int32_t *expected = malloc(2 * room * sizeof *expected), *got = expected + room;
    size_t count = sentencepiece_encode(uncut, NULL, (char *)text.data, text.used, false, expected, room);
    cr_assert(count <= room);
    cr_assert_eq(batch_tokenizer_encode(tokenizer, (char *)text.data, text.used, got, room), count);
    cr_assert_arr_eq(got, expected, count * sizeof *got);
    free(expected);
    free_bytes(&text);
  }
  sentencepiece_free(uncut);
  free_bytes(&model);
}

#else
static void assert_cuts_change_nothing(const BatchTokenizer *tokenizer, const char *path) {
  (void)tokenizer, (void)path;
}
#endif

static void assert_model(const char *name, const char *const *more) {
  need_package(PACKAGE_UTF8PROC);
  need_package(PACKAGE_SENTENCEPIECE);
  const char *arguments[16] = {"spm_train", "--input=/usr/share/common-licenses/GPL-3", "--vocab_size=700",
                               "--hard_vocab_limit=false", "--num_threads=1"};
  char prefix[300], file[64];
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of(name));
  size_t n = 5;
  arguments[n++] = prefix;
  while (*more) arguments[n++] = *more++;
  int status = run_program(arguments);
  if (status < 0) cr_skip("no spm_train here");
  cr_assert_eq(status, 0);
  snprintf(file, sizeof file, "%s.model", name);
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(path_of(file));
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  assert_cuts_change_nothing(tokenizer, path_of(file));
  assert_every_option(tokenizer, TIMES, 1500);
  batch_tokenizer_free(tokenizer);
}

#define model(...) assert_model("m", (const char *const[]){__VA_ARGS__, NULL})

Test(text_pieces, of_a_unigram_model) {
  model("--model_type=unigram");
}

Test(text_pieces, of_a_bpe_model) {
  model("--model_type=bpe");
}

/* Llama's kind: line feeds are bytes. */
Test(text_pieces, of_a_model_that_keeps_line_feeds) {
  model("--model_type=bpe", "--byte_fallback", "--normalization_rule_name=identity",
        "--remove_extra_whitespaces=false");
}

/* Gemma's kind: line feeds are pieces, two of them too. */
Test(text_pieces, of_a_model_with_pieces_of_line_feeds) {
  model("--model_type=bpe", "--normalization_rule_name=identity", "--remove_extra_whitespaces=false",
        "--add_dummy_prefix=false", "--user_defined_symbols=\n,\n\n");
}

/* A piece that reaches over a line end: the document is not cut at all. */
Test(text_pieces, of_a_model_with_pieces_over_line_ends) {
  model("--model_type=unigram", "--normalization_rule_name=identity", "--user_defined_symbols=\n,\na,\r\n");
}

/* A piece that reaches over a blank: lines are not cut between words. */
Test(text_pieces, of_a_model_with_pieces_over_blanks) {
  model("--model_type=bpe", "--user_defined_symbols=m\xe2\x96\x81license");
}

Test(text_pieces, of_a_model_whose_blanks_are_suffixes) {
  model("--model_type=bpe", "--treat_whitespace_as_suffix=true", "--byte_fallback");
}

/* Rules that put two blanks, which are a piece, where the text has one between words. */
static void assert_model_with_rules(const char *table) {
  char rules[300];
  snprintf(rules, sizeof rules, "--normalization_rule_tsv=%s", write_data("rules.tsv", table, strlen(table)));
  model("--model_type=bpe", "--remove_extra_whitespaces=false", "--allow_whitespace_only_pieces", rules);
}

Test(text_pieces, of_a_model_whose_rules_put_blanks) {
  assert_model_with_rules("006D\t006D 0020\n"); /* "m" becomes "m " */
}

Test(text_pieces, of_a_model_whose_rules_drop_words) {
  assert_model_with_rules("0074 0068 0065\t\n"); /* "the" becomes nothing */
}
