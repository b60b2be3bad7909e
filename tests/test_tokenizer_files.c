/* Rank files, and what batch_tokenizer_open takes and refuses. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/vocabulary.h"

static void begin(void) {
  files_begin();
  need_package(PACKAGE_PCRE2);
}

TestSuite(tokenizer_files, .init = begin, .fini = files_end);

static BatchTokenizer *open_ranks(const char *path, const batch_special_token *tokens, size_t count,
                                  batch_specials specials) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  options.split = BATCH_SPLIT_GPT2;
  options.specials = specials;
  options.special_tokens = tokens;
  options.special_token_count = count;
  return batch_tokenizer_open(path, &options);
}

/* small.tiktoken with one replacement. */
static const char *changed(const char *from, const char *to) {
  char *text = vocabulary_replace(vocabulary_text("small.tiktoken"), from, to);
  const char *path = write_text("changed.tiktoken", text);
  free(text);
  return path;
}

static void refuses(const char *from, const char *to, const char *place, const char *found) {
  const char *path = changed(from, to);
  assert_refused(!open_ranks(path, NULL, 0, BATCH_SPECIALS_IGNORE), BATCH_ERROR_FORMAT, path, place, found);
}

Test(tokenizer_files, a_file_of_more_than_a_gibibyte_is_refused_unread) {
  const char *path = write_text("large.tiktoken", "");
  cr_assert_eq(truncate(path, ((off_t)1 << 30) + 1), 0);
  assert_refused(!open_ranks(path, NULL, 0, BATCH_SPECIALS_IGNORE), BATCH_ERROR_FORMAT, path,
                 "found a file of 1073741825 bytes", "at most 1073741824");
}

static size_t count_ids(const BatchTokenizer *tokenizer, const char *text) {
  size_t count = batch_tokenizer_encode(tokenizer, text, strlen(text), NULL, 0);
  cr_assert_neq(count, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  return count;
}

Test(tokenizer_files, a_rank_file_gives_ids_and_its_text_back) {
  static const char text[] = "The water wheel turns; don't stop it.\n\n  \xE6\xB0\xB4\xE8\xBB\x8A \xFF\xC0";
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_path("small.tiktoken"), BATCH_SPLIT_GPT2, BATCH_SPECIALS_IGNORE);
  int32_t ids[sizeof text];
  char back[sizeof text];
  size_t count = batch_tokenizer_encode(tokenizer, text, sizeof text - 1, ids, sizeof text);
  cr_assert_lt(count, sizeof text - 1);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, ids, count, back, sizeof back), sizeof text - 1);
  cr_assert_arr_eq(back, text, sizeof text - 1);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, text, sizeof text - 1, NULL, 0), count);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, ids, count, NULL, 0), sizeof text - 1);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer_files, a_short_buffer_gets_the_first_ids_and_the_count_of_all) {
  static const char text[] = "The water wheel turns the water wheel <|endoftext|> about the wheel";
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_path("small.json"), BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ALLOW);
  int32_t ids[64], some[64];
  size_t count = batch_tokenizer_encode(tokenizer, text, strlen(text), ids, 64);
  cr_assert_leq(count, 64);
  for (size_t room = 0; room <= count; room++) {
    memset(some, 0x7F, sizeof some);
    cr_assert_eq(batch_tokenizer_encode(tokenizer, text, strlen(text), some, room), count);
    cr_assert_eq(memcmp(some, ids, room * sizeof *ids), 0, "room for %zu", room);
    cr_assert_eq(some[room], 0x7F7F7F7F, "written beyond %zu", room);
  }
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer_files, lines_may_end_in_carriage_returns_and_the_last_one_in_nothing) {
  char *text = vocabulary_text("small.tiktoken");
  bytes b = {0};
  for (const char *at = text; *at; at++) {
    if (*at == '\n') put_u8(&b, '\r');
    if (*at != '\n' || at[1]) put_u8(&b, (uint8_t)*at);
  }
  BatchTokenizer *crlf = open_ranks(write_bytes("crlf.tiktoken", &b), NULL, 0, 0),
                 *blank = open_ranks(changed(" 999\n", " 999\n\n\r\n"), NULL, 0, 0);
  cr_assert_not_null(crlf, "%s", batch_last_error()->message);
  cr_assert_not_null(blank, "%s", batch_last_error()->message);
  cr_assert_eq(batch_tokenizer_vocab_size(crlf), 50257, "the end of text of the split");
  cr_assert_eq(batch_tokenizer_vocab_size(blank), 50257);
  cr_assert_eq(count_ids(crlf, "the work"), 2);
  free(text);
  batch_tokenizer_free(crlf);
  batch_tokenizer_free(blank);
}

Test(tokenizer_files, what_is_no_line_of_ranks_is_refused_with_its_number) {
  refuses("Ig== 1\n", "Ig==1\n", "line 2", "\"Ig==1\"");
  refuses("Ig== 1\n", "Ig== \n", "line 2", "\"\" as a rank");
  refuses("Ig== 1\n", "Ig== 1 \n", "line 2", "\"1 \" as a rank");
  refuses("Ig== 1\n", "Ig==  1\n", "line 2", "\" 1\" as a rank");
  refuses("Ig== 1\n", "Ig== -1\n", "line 2", "\"-1\" as a rank");
  refuses("Ig== 1\n", "Ig== 2147483648\n", "line 2", "\"2147483648\" as a rank");
  refuses("Ig== 1\n", "Ig== 99999999999999999999\n", "line 2", "as a rank");
  refuses("Ig== 1\n", "Ig= 1\n", "line 2", "\"Ig=\" as base64");
  refuses("Ig== 1\n", "Ih== 1\n", "line 2", "\"Ih==\" as base64");
  refuses("Ig== 1\n", "I=== 1\n", "line 2", "as base64");
  refuses("Ig== 1\n", "Ig==Ig== 1\n", "line 2", "as base64");
  refuses("Ig== 1\n", "I*== 1\n", "line 2", "as base64");
  refuses("Ig== 1\n", " 1\n", "line 2", "\"\" as base64");
  refuses("Ig== 1\n", "\nIg== 1\n", "line 2", "an empty line");
  refuses("Ig== 1\n", "Ig== 0\n", "line 2", "rank 0, which an earlier line has");
  refuses("Ig== 1\n", "IQ== 1\n", "line 2", "the token of an earlier line");
  refuses("Ig== 1\n", "", "byte 11", "no token that is the byte 0x22");
}

Test(tokenizer_files, files_of_other_kinds_are_refused_by_what_they_are) {
  static const struct {
    const char *text, *name;
  } files[] = {{"", "an empty file"},
               {"some text\n", "a text"},
               {"{\"a\": 1, \"b\": 2}", "a JSON file"},
               {"\x28\xB5\x2F\xFD"
                "abcdefgh",
                "zstd"},
               {"PK\x03\x04"
                "abcdefgh",
                "ZIP"}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    const char *path = write_text("other", files[i].text);
    assert_refused(!batch_tokenizer_open(path, NULL), BATCH_ERROR_FORMAT, path, files[i].name, "expected");
  }
  assert_refused(!batch_tokenizer_open(path_of("none"), NULL), BATCH_ERROR_IO, "none");
  assert_refused(!batch_tokenizer_open(path_of(""), NULL), BATCH_ERROR_IO, "");
}

Test(tokenizer_files, a_text_that_is_said_to_be_a_rank_file_is_refused_by_its_line) {
  const char *path = write_text("broken", "IQ==\n");
  assert_refused(!open_ranks(path, NULL, 0, 0), BATCH_ERROR_FORMAT, path, "line 1");
}

Test(tokenizer_files, options_that_the_file_has_no_use_for_are_refused) {
  const char *ranks = vocabulary_path("small.tiktoken");
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  batch_special_token token = {"<x>", 5000};
  assert_refused(!batch_tokenizer_open(ranks, NULL), BATCH_ERROR_INVALID_ARGUMENT, "options.split", "gpt2",
                 "qwen2", "rank file");
  const char *json = vocabulary_path("small.json");
  options.split = BATCH_SPLIT_GPT2;
  assert_refused(!batch_tokenizer_open(json, &options), BATCH_ERROR_INVALID_ARGUMENT, "options.split",
                 "tokenizer.json");
  options.split = BATCH_SPLIT_OF_FILE;
  options.special_tokens = &token;
  options.special_token_count = 1;
  assert_refused(!batch_tokenizer_open(json, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "options.special_tokens", "tokenizer.json");
}

Test(tokenizer_files, a_broken_sentencepiece_model_is_refused) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  need_package(PACKAGE_SENTENCEPIECE);
  const char *broken = write_data("x.model", "\x0A\x01\xFF\xFE", 4);
  options.specials = BATCH_SPECIALS_ALLOW;
  assert_refused(!batch_tokenizer_open(broken, &options), BATCH_ERROR_FORMAT, broken, "SentencePiece model");
}

Test(tokenizer_files, options_that_a_sentencepiece_model_has_no_use_for_are_refused) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  char prefix[300];
  need_package(PACKAGE_SENTENCEPIECE);
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of("m"));
  int status = run_program((const char *[]){"spm_train", "--input=/usr/share/common-licenses/GPL-3", prefix,
                                            "--model_type=bpe", "--vocab_size=500", "--num_threads=1", NULL});
  if (status < 0) cr_skip("no spm_train here");
  BatchTokenizer *model = vocabulary_open(path_of("m.model"), BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_IGNORE);
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  cr_assert(batch_tokenizer_describe(model, &facts) && facts.kind == BATCH_TOKENIZER_SENTENCEPIECE);
  batch_tokenizer_free(model);
  options.specials = BATCH_SPECIALS_ALLOW;
  assert_refused(!batch_tokenizer_open(path_of("m.model"), &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "options.specials", "a SentencePiece model");
}

Test(tokenizer_files, options_that_cannot_be_are_refused) {
  const char *path = vocabulary_path("small.tiktoken");
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  batch_special_token tokens[] = {{"<x>", 5000}, {"<y>", 5000}};
  options.split = (batch_text_split)6;
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "options.split is 6");
  options.split = BATCH_SPLIT_GPT2;
  options.specials = (batch_specials)3;
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "options.specials is 3");
  options.specials = BATCH_SPECIALS_IGNORE;
  options.special_token_count = 2;
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "options.special_tokens is NULL");
  options.special_tokens = tokens;
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "5000 twice");
  tokens[1] = (batch_special_token){"<x>", 5001};
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "\"<x>\" twice");
  tokens[1] = (batch_special_token){"<y>", 17};
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "special_tokens[1].id is 17");
  tokens[1] = (batch_special_token){"<y>", -1};
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "special_tokens[1].id is -1");
  tokens[1] = (batch_special_token){"", 1};
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "special_tokens[1].text is empty");
  tokens[1] = (batch_special_token){NULL, 1};
  assert_refused(!batch_tokenizer_open(path, &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "special_tokens[1].text is NULL");
  assert_refused(!batch_tokenizer_open("", NULL), BATCH_ERROR_INVALID_ARGUMENT, "path is empty");
}

Test(tokenizer_files, each_split_brings_its_special_tokens) {
  static const struct {
    batch_text_split split;
    uint32_t vocab_size, added;
    int32_t end_of_text;
    const char *text; /* the last one */
  } splits[] = {{BATCH_SPLIT_GPT2, 50257, 1, 50256, "<|endoftext|>"},
                {BATCH_SPLIT_CL100K, 100277, 5, 100257, "<|endofprompt|>"},
                {BATCH_SPLIT_O200K, 200019, 2, 199999, "<|endofprompt|>"},
                {BATCH_SPLIT_LLAMA3, 128256, 256, 128001, "<|reserved_special_token_250|>"},
                {BATCH_SPLIT_QWEN2, 151646, 3, 151643, "<|im_end|>"}};
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    BatchTokenizer *tokenizer =
        vocabulary_open(vocabulary_path("small.tiktoken"), splits[i].split, BATCH_SPECIALS_ALLOW);
    batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
    int32_t id;
    cr_assert(batch_tokenizer_describe(tokenizer, &facts));
    cr_assert_eq(facts.kind, BATCH_TOKENIZER_RANKS);
    cr_assert_eq(facts.vocab_size, splits[i].vocab_size);
    cr_assert_eq(facts.added_tokens, splits[i].added);
    cr_assert_eq(facts.end_of_text, splits[i].end_of_text);
    cr_assert_eq(facts.specials, BATCH_SPECIALS_ALLOW);
    cr_assert_eq(facts.normal_form, BATCH_NORMAL_NONE);
    cr_assert_null(facts.normal_unicode);
    cr_assert_not_null(facts.split);
    cr_assert_str_not_empty(facts.split_unicode);
    cr_assert_eq(batch_tokenizer_encode(tokenizer, splits[i].text, strlen(splits[i].text), &id, 1), 1);
    cr_assert_eq((uint32_t)id, splits[i].vocab_size - 1);
    batch_tokenizer_free(tokenizer);
  }
}

Test(tokenizer_files, ids_that_the_file_has_and_tokens_of_the_caller_go_before_the_well_known) {
  const char *path = changed("IQ== 0\n", "IQ== 50256\n");
  BatchTokenizer *taken = open_ranks(path, NULL, 0, BATCH_SPECIALS_ALLOW);
  cr_assert_not_null(taken, "%s", batch_last_error()->message);
  cr_assert_eq(batch_tokenizer_end_of_text(taken), BATCH_NO_TOKEN);
  batch_tokenizer_free(taken);
  const batch_special_token same_id = {"<end>", 50256}, same_text = {"<|endoftext|>", 1234};
  BatchTokenizer *id = open_ranks(vocabulary_path("small.tiktoken"), &same_id, 1, BATCH_SPECIALS_ALLOW),
                 *text = open_ranks(vocabulary_path("small.tiktoken"), &same_text, 1, BATCH_SPECIALS_ALLOW);
  cr_assert_eq(batch_tokenizer_vocab_size(id), 50257);
  cr_assert_eq(batch_tokenizer_end_of_text(id), BATCH_NO_TOKEN);
  cr_assert_eq(count_ids(id, "<end>"), 1);
  cr_assert_gt(count_ids(id, "<|endoftext|>"), 1);
  cr_assert_eq(batch_tokenizer_vocab_size(text), 1235);
  cr_assert_eq(batch_tokenizer_end_of_text(text), 1234);
  batch_tokenizer_free(id);
  batch_tokenizer_free(text);
}

Test(tokenizer_files, special_tokens_are_text_or_tokens_or_an_error) {
  static const char text[] = "one <|endoftext|> two";
  const char *path = vocabulary_path("small.tiktoken");
  BatchTokenizer *ignore = vocabulary_open(path, BATCH_SPLIT_GPT2, BATCH_SPECIALS_IGNORE),
                 *allow = vocabulary_open(path, BATCH_SPLIT_GPT2, BATCH_SPECIALS_ALLOW),
                 *error = vocabulary_open(path, BATCH_SPLIT_GPT2, BATCH_SPECIALS_ERROR);
  int32_t ids[32];
  size_t many = batch_tokenizer_encode(ignore, text, strlen(text), ids, 32);
  for (size_t i = 0; i < many; i++) cr_assert_lt(ids[i], 1000);
  size_t few = batch_tokenizer_encode(allow, text, strlen(text), ids, 32), found = 0;
  for (size_t i = 0; i < few; i++) found += ids[i] == 50256;
  cr_assert_eq(found, 1);
  cr_assert_lt(few, many);
  assert_refused(batch_tokenizer_encode(error, text, strlen(text), ids, 32) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_FORMAT, "batch_tokenizer_encode: at byte 4", "<|endoftext|>",
                 "options.specials");
  cr_assert_gt(count_ids(error, "one <|endoftext| two"), 4);
  batch_tokenizer_free(ignore);
  batch_tokenizer_free(allow);
  batch_tokenizer_free(error);
}

Test(tokenizer_files, an_id_without_a_token_is_an_error_of_decode) {
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_path("small.tiktoken"), BATCH_SPLIT_GPT2, BATCH_SPECIALS_IGNORE);
  char text[16];
  const int32_t good[] = {0, 50256}, hole[] = {0, 1000}, outside[] = {50257};
  cr_assert_eq(batch_tokenizer_decode(tokenizer, good, 2, text, 16), 14);
  cr_assert_arr_eq(text, "!<|endoftext|>", 14);
  assert_refused(batch_tokenizer_decode(tokenizer, hole, 2, text, 16) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "batch_tokenizer_decode: ids[1] is 1000");
  assert_refused(batch_tokenizer_decode(tokenizer, outside, 1, text, 16) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "ids[0] is 50257");
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer_files, what_is_known_of_other_tokenizers) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(2);
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  facts.split = "x";
  cr_assert(batch_tokenizer_describe(tokenizer, &facts));
  cr_assert_eq(facts.kind, BATCH_TOKENIZER_BYTES);
  cr_assert_eq(facts.vocab_size, 258);
  cr_assert_eq(facts.end_of_text, 256);
  cr_assert_null(facts.split);
  batch_tokenizer_free(tokenizer);
}
