/* tokenizer.json: what is in it and not implemented is refused with its name and value; what means the same, in whatever
   form, gives the same ids. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/vocabulary.h"

static void begin(void) {
  files_begin();
  need_package(PACKAGE_PCRE2);
}

TestSuite(tokenizer_json, .init = begin, .fini = files_end);

#define ADDED                                                                                                \
  "[{\"id\": 1000,\"content\": \"<|endoftext|>\",\"single_word\": false,\"lstrip\": false,\"rstrip\": "      \
  "false,\"normalized\": false,\"special\": true}]"
#define BYTE_LEVEL                                                                                           \
  "{\"type\": \"ByteLevel\",\"add_prefix_space\": false,\"trim_offsets\": true,\"use_regex\": true}"
#define PRE      "\"pre_tokenizer\": " BYTE_LEVEL
#define NO_REGEX "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}"

/* small.json with this changed is refused, and the sentence has the words. */
#define REFUSES(from, to, ...)                                                                               \
  do {                                                                                                       \
    const char *path_ = vocabulary_write("changed.json", from, to);                                          \
    assert_refused(!batch_tokenizer_open(path_, NULL), BATCH_ERROR_FORMAT, path_, "at byte", __VA_ARGS__);   \
  } while (0)

static const char sample[] =
    "The water wheel turns: don't stop it, 12345 times.\n\n\tint main(void)   { return 0; } <|endoftext|> "
    "\xE6\xB0\xB4\xE8\xBB\x8A\xE3\x81\xAF\xE5\x9B\x9E\xE3\x82\x8B caf\xC3\xA9 \xF0\x9F\x98\x80 \xFF";

/* Whether the tokenizer of a file gives the sample the ids that small.json gives it. */
static void same_ids(const char *path) {
  int32_t expected[256], found[256];
  BatchTokenizer *plain = vocabulary_open(vocabulary_path("small.json"), BATCH_SPLIT_OF_FILE,
                                          BATCH_SPECIALS_ALLOW),
                 *changed = vocabulary_open(path, BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ALLOW);
  size_t count = batch_tokenizer_encode(plain, sample, sizeof sample - 1, expected, 256);
  cr_assert_leq(count, 256);
  cr_assert_eq(batch_tokenizer_encode(changed, sample, sizeof sample - 1, found, 256), count);
  cr_assert_arr_eq(found, expected, count * sizeof *found);
  batch_tokenizer_free(plain);
  batch_tokenizer_free(changed);
}

#define SAME(from, to) same_ids(vocabulary_write("changed.json", from, to))

Test(tokenizer_json, what_means_the_same_gives_the_same_ids) {
  SAME("\"truncation\": null,\"padding\": null,", "");
  SAME("\"version\": \"1.0\",", "");
  SAME("\"normalizer\": null", "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": []}");
  SAME("\"decoder\": " BYTE_LEVEL, "\"decoder\": null");
  SAME("\"decoder\": " BYTE_LEVEL, "\"decoder\": {\"type\": \"Sequence\", \"decoders\": [" BYTE_LEVEL "]}");
  SAME("\"post_processor\": null", "\"post_processor\": " BYTE_LEVEL);
  SAME("\"post_processor\": null",
       "\"post_processor\": {\"type\": \"Sequence\", \"processors\": [" BYTE_LEVEL
       ", {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], "
       "\"pair\": [], \"special_tokens\": {}}]}");
  SAME("\"dropout\": null", "\"dropout\": 0.0");
  SAME("\"unk_token\": null", "\"unk_token\": \"<|endoftext|>\"");
  SAME("\"continuing_subword_prefix\": null", "\"continuing_subword_prefix\": \"\"");
  SAME("\"end_of_word_suffix\": null", "\"end_of_word_suffix\": \"\"");
  SAME("\"fuse_unk\": false", "\"fuse_unk\": true");
  SAME("\"type\": \"BPE\",", "");
  SAME(PRE, "\"pre_tokenizer\": "
            "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Sequence\",\"pretokenizers\":["
            "]}," BYTE_LEVEL "]}");
  SAME("\"!\": 0", "\"\\u0021\": 0");
  SAME("{\"version\"", " \r\n\t{\"version\"");
}

Test(tokenizer_json, members_may_come_in_any_order) {
  char *text = vocabulary_text("small.json"), *merges = strstr(text, ",\"merges\": "),
       *vocab = strstr(text, "\"vocab\": ");
  char *end = strstr(merges, "]]}") + 2, *model = strstr(text, "\"model\": "), *turned;
  cr_assert(merges && vocab && end && model);
  /* The model first, and in it the merges before the vocabulary. */
  cr_assert_geq(asprintf(&turned, "{\"model\": {%.*s, %.*s, \"type\": \"BPE\"}, %.*s}",
                         (int)(end - merges - 1), merges + 1, (int)(merges - vocab), vocab,
                         (int)(model - text - 2), text + 1),
                0);
  same_ids(write_text("turned.json", turned));
  free(turned);
  free(text);
}

/* Pairs as strings, with the line that merges.txt begins with. */
static char *joined(char *text) {
  char *at = strstr(text, "\"merges\": [["), *to;
  cr_assert_not_null(at);
  for (to = at += 11; strncmp(at, "]]", 2) != 0;) {
    if (strncmp(at, "[\"", 2) == 0) {
      at++;
    } else if (strncmp(at, "\",\"", 3) == 0) {
      *to++ = ' ';
      at += 3;
    } else if (strncmp(at, "\"],", 3) == 0) {
      *to++ = '"';
      *to++ = ',';
      at += 3;
    } else {
      if (*at == '\\') *to++ = *at++;
      *to++ = *at++;
    }
  }
  memmove(to, at + 1, strlen(at + 1) + 1);
  return vocabulary_replace(text, "\"merges\": [", "\"merges\": [\"#version: 0.2\",");
}

Test(tokenizer_json, merges_may_be_strings) {
  char *text = joined(vocabulary_text("small.json"));
  same_ids(write_text("joined.json", text));
  free(text);
}

Test(tokenizer_json, members_that_are_not_known_are_refused_with_their_values) {
  REFUSES("\"normalizer\"", "\"chat\": {\"a\": 1}, \"normalizer\"",
          "found \"chat\": {\"a\": 1} in the tokenizer");
  REFUSES("\"dropout\"", "\"heat\": 0.5, \"dropout\"", "found \"heat\": 0.5 in model");
  REFUSES("\"use_regex\": true}", "\"use_regex\": true, \"x\": 1}", "found \"x\": 1 in pre_tokenizer");
  REFUSES("\"rstrip\"", "\"y\": null, \"rstrip\"", "found \"y\": null in added_tokens[0]");
  REFUSES("\"post_processor\": null", "\"post_processor\": {\"type\": \"ByteLevel\", \"z\": []}",
          "found \"z\": [] in post_processor");
  REFUSES("\"truncation\": null", "\"truncation\": null, \"truncation\": null",
          "\"truncation\" in the tokenizer again");
}

Test(tokenizer_json, values_that_are_not_implemented_are_refused_by_name) {
  REFUSES("\"version\": \"1.0\"", "\"version\": \"2.0\"", "found \"version\": \"2.0\"", "expected \"1.0\"");
  REFUSES("\"truncation\": null", "\"truncation\": {\"max_length\": 512}",
          "found \"truncation\": {\"max_length\": 512}", "expected null");
  REFUSES("\"padding\": null", "\"padding\": {}", "found \"padding\": {}", "expected null");
  REFUSES("\"dropout\": null", "\"dropout\": 0.1", "found \"dropout\": 0.1 in model", "expected null or 0.0");
  REFUSES("\"unk_token\": null", "\"unk_token\": 3", "found \"unk_token\": 3", "a string or null");
  REFUSES("\"continuing_subword_prefix\": null", "\"continuing_subword_prefix\": \"##\"",
          "found \"continuing_subword_prefix\": \"##\"");
  REFUSES("\"end_of_word_suffix\": null", "\"end_of_word_suffix\": \"</w>\"",
          "found \"end_of_word_suffix\": \"</w>\"");
  REFUSES("\"byte_fallback\": false", "\"byte_fallback\": true", "found \"byte_fallback\": true",
          "tokenizer.model");
  REFUSES("\"fuse_unk\": false", "\"fuse_unk\": 0", "found \"fuse_unk\": 0", "true or false");
  REFUSES("\"ignore_merges\": false", "\"ignore_merges\": null", "found \"ignore_merges\": null",
          "true or false");
  REFUSES("\"type\": \"BPE\"", "\"type\": \"WordPiece\"", "found \"type\": \"WordPiece\" in model",
          "expected \"BPE\"");
  REFUSES("\"type\": \"BPE\"", "\"type\": \"Unigram\"", "found \"type\": \"Unigram\" in model",
          "tokenizer.model");
  REFUSES("\"type\": \"BPE\"", "\"type\": null", "found \"type\": null in model", "a string");
}

Test(tokenizer_json, pre_tokenizers_that_are_not_implemented_are_refused) {
  REFUSES(PRE, "\"pre_tokenizer\": null", "found no ByteLevel in pre_tokenizer", "tokenizer.model");
  REFUSES("\"pre_tokenizer\"", "\"other\"", "found \"other\"");
  REFUSES(PRE ",", "", "found no \"pre_tokenizer\" in the tokenizer");
  REFUSES(PRE, "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"_\"}",
          "found \"type\": \"Metaspace\" in pre_tokenizer", "tokenizer.model");
  REFUSES(PRE, "\"pre_tokenizer\": {\"type\": \"Whitespace\"}",
          "found \"type\": \"Whitespace\" in pre_tokenizer");
  REFUSES(PRE, "\"pre_tokenizer\": {\"add_prefix_space\": false}", "found \"type\": \"\" in pre_tokenizer");
  REFUSES(PRE, "\"pre_tokenizer\": [1]", "found [1] as pre_tokenizer", "an object");
  REFUSES("\"add_prefix_space\": false", "\"add_prefix_space\": true",
          "found \"add_prefix_space\": true in pre_tokenizer", "expected false");
  REFUSES("\"add_prefix_space\": false,", "", "found no \"add_prefix_space\" in pre_tokenizer");
  REFUSES("\"use_regex\": true", "\"use_regex\": 1", "found \"use_regex\": 1 in pre_tokenizer");
  REFUSES(PRE,
          "\"pre_tokenizer\": {\"type\":\"Sequence\",\"pretokenizers\":[" BYTE_LEVEL
          ",{\"type\":\"Digits\",\"individual_digits\":true}]}",
          "found pre_tokenizer.pretokenizers[1] behind ByteLevel");
  REFUSES(PRE, "\"pre_tokenizer\": {\"type\":\"Sequence\",\"pretokenizers\":{}}",
          "found \"pretokenizers\": {}", "an array");
  REFUSES(PRE, "\"pre_tokenizer\": {\"type\":\"Digits\",\"individual_digits\":true}", "found no ByteLevel");
}

#define SPLIT(members)                                                                                       \
  "\"pre_tokenizer\": {\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\"" members "}," NO_REGEX   \
  "]}"
#define WHERE "in pre_tokenizer.pretokenizers[0]"

Test(tokenizer_json, splits_that_are_not_implemented_are_refused) {
  REFUSES(PRE, SPLIT(""), "found no \"pattern\" " WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Isolated\""),
          "found no \"invert\" " WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Wild\",\"invert\":false"),
          "found \"behavior\": \"Wild\" " WHERE, "Isolated");
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Isolated\",\"invert\":1"),
          "found \"invert\": 1 " WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{},\"behavior\":\"Isolated\",\"invert\":false"),
          "found \"pattern\": {} " WHERE, "either");
  REFUSES(PRE,
          SPLIT(",\"pattern\":{\"Regex\":\"a\",\"String\":\"a\"},\"behavior\":\"Isolated\",\"invert\":false"),
          "found \"pattern\": ", "either");
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Glob\":\"a\"},\"behavior\":\"Isolated\",\"invert\":false"),
          "found \"Glob\": \"a\" " WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":3},\"behavior\":\"Isolated\",\"invert\":false"),
          "found \"Regex\": 3 " WHERE, "a string");
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\",\"invert\":false"), "found ",
          WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"[a-z&&[^b]]\"},\"behavior\":\"Isolated\",\"invert\":false"),
          "&&", WHERE);
  REFUSES(PRE, SPLIT(",\"pattern\":{\"Regex\":\"\\ud800\"},\"behavior\":\"Isolated\",\"invert\":false"),
          "half of a surrogate pair", "\\ud800");
  REFUSES(PRE, "\"pre_tokenizer\": {\"type\":\"Digits\"}", "found no \"individual_digits\" in pre_tokenizer");
}

/* 32 steps, and one more. */
static void refuses_behind_32_steps(const char *one_more) {
  char steps[2400] = "\"pre_tokenizer\": {\"type\":\"Sequence\",\"pretokenizers\":[";
  for (int i = 0; i < 32; i++) strcat(steps, "{\"type\":\"Digits\",\"individual_digits\":true},");
  strcat(steps, one_more);
  REFUSES(PRE, strcat(steps, "]}"), "more than 32 splits one after the other");
}

Test(tokenizer_json, more_than_32_steps_are_refused) {
  refuses_behind_32_steps("{\"type\":\"Digits\",\"individual_digits\":false}," NO_REGEX);
  refuses_behind_32_steps(BYTE_LEVEL);
  refuses_behind_32_steps("{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Isolated\","
                          "\"invert\":false}," NO_REGEX);
}

Test(tokenizer_json, other_parts_that_are_not_implemented_are_refused) {
  REFUSES("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFD\"}",
          "found \"type\": \"NFD\" in normalizer", "NFC");
  REFUSES("\"normalizer\": null", "\"normalizer\": {}", "found no \"type\" in normalizer");
  REFUSES("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\", \"form\": 1}",
          "found \"form\": 1 in normalizer");
  REFUSES("\"normalizer\": null",
          "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": "
          "\"Lowercase\"}]}",
          "found \"type\": \"Lowercase\" in normalizer.normalizers[1]");
  REFUSES("\"normalizer\": null", "\"normalizer\": {\"type\": \"Sequence\"}",
          "found no \"normalizers\" in normalizer");
  REFUSES("\"post_processor\": null", "\"post_processor\": {\"type\": \"BertProcessing\"}",
          "found \"type\": \"BertProcessing\" in post_processor");
  REFUSES("\"post_processor\": null", "\"post_processor\": {\"type\": \"ByteLevel\", \"trim_offsets\": 1}",
          "found \"trim_offsets\": 1 in post_processor");
  REFUSES("\"decoder\": " BYTE_LEVEL, "\"decoder\": {\"type\": \"Fuse\"}",
          "found \"type\": \"Fuse\" in decoder");
  REFUSES("\"decoder\": " BYTE_LEVEL,
          "\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"ByteFallback\"}]}",
          "found \"type\": \"ByteFallback\" in decoder.decoders[0]", "tokenizer.model");
}

Test(tokenizer_json, vocabularies_that_cannot_be_are_refused) {
  REFUSES("\"\\\"\": 1", "\"\\\"\": 0", "found the id 0 in model.vocab twice");
  REFUSES("\"\\\"\": 1", "\"\\\"\": 1, \"<\xEF\xBD\x9C>\": 1", "found the id 1 in model.vocab twice");
  REFUSES("\"\\\"\": 1", "\"!\": 1", "found \"!\" in model.vocab twice");
  REFUSES("\"\\\"\": 1", "\"\\\"\": -1", "found -1 as an id in model.vocab");
  REFUSES("\"\\\"\": 1", "\"\\\"\": 1.0", "found 1.0 as an id");
  REFUSES("\"\\\"\": 1", "\"\\\"\": 2147483648", "found 2147483648 as an id");
  REFUSES("\"\\\"\": 1", "\"\\\"\": \"1\"", "found \"1\" as an id");
  REFUSES("\"\\\"\": 1", "\"\": 1", "an empty token");
  REFUSES("\"\\\"\": 1", "\"\\ud834\": 1", "half of a surrogate pair", "\\ud834");
  REFUSES("\"\\\"\": 1", "\"\\udd1e\\ud834\": 1", "half of a surrogate pair", "\\udd1e");
  REFUSES("\"#\": 2,", "", "no token in model.vocab that is the byte 0x23");
  REFUSES("\"vocab\": {", "\"vocab\": [{", "");
  REFUSES("\"vocab\"", "\"vocabulary\"", "found");
  REFUSES("\"%\": 4", "\"% \": 4", "no token in model.vocab that is the byte 0x25");
}

Test(tokenizer_json, merges_that_cannot_be_are_refused) {
  REFUSES("\"merges\": [", "\"merges\": [[\"a\",\"%\"],", "found [\"a\",\"%\"] in model.merges[0]",
          "together are a third");
  REFUSES("\"merges\": [", "\"merges\": [[\"a\",\"zzzz\"],", "found [\"a\",\"zzzz\"] in model.merges[0]");
  REFUSES("\"merges\": [", "\"merges\": [[\"a\"],", "in model.merges[0]", "two strings");
  REFUSES("\"merges\": [", "\"merges\": [[\"a\",\"b\",\"c\"],", "in model.merges[0]", "two strings");
  REFUSES("\"merges\": [", "\"merges\": [[\"a\",\"b\",\"c\",\"d\"],", "in model.merges[0]", "two strings");
  REFUSES("\"merges\": [", "\"merges\": [[1,\"a\",\"b\"],", "in model.merges[0]", "two strings");
  REFUSES("\"merges\": [", "\"merges\": [[\"a\",1],", "in model.merges[0]", "two strings");
  REFUSES("\"merges\": [", "\"merges\": [1,", "found 1 in model.merges[0]");
  REFUSES("\"merges\": [", "\"merges\": [\"a b\",", "of one kind");
  REFUSES("\"merges\": [", "\"merges\": [[\"\",\"a\"],", "in model.merges[0]");
  REFUSES("\"merges\": [[", "\"merges\": [[\"\\ud800\",\"a\"],[", "half of a surrogate pair");
  char *text = vocabulary_replace(joined(vocabulary_text("small.json")), "\"#version: 0.2\"", "\"ab\"");
  const char *path = write_text("blank.json", text);
  assert_refused(!batch_tokenizer_open(path, NULL), BATCH_ERROR_FORMAT, "found \"ab\" in model.merges[0]");
  text = vocabulary_replace(text, "[\"ab\"", "[\"e r s\"");
  assert_refused(!batch_tokenizer_open(write_text("blank.json", text), NULL), BATCH_ERROR_FORMAT,
                 "found \"e r s\" in model.merges[0]");
  free(text);
}

#define TOKEN(id, content)                                                                                   \
  "{\"id\":" id ",\"content\":\"" content                                                                    \
  "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false}"

Test(tokenizer_json, added_tokens_that_cannot_be_are_refused) {
  REFUSES("\"id\": 1000", "\"id\": 1001", "added token of the id 1001, expected 1000");
  REFUSES("\"id\": 1000", "\"id\": \"a\"", "found \"id\": \"a\" in added_tokens[0]");
  REFUSES("\"id\": 1000,", "", "found no \"id\" in added_tokens[0]");
  REFUSES("\"content\": \"<|endoftext|>\"", "\"content\": \"\"", "found \"content\": \"\"", "not empty");
  REFUSES("\"content\": \"<|endoftext|>\"", "\"content\": null", "found \"content\": null", "a string");
  REFUSES("\"lstrip\": false", "\"lstrip\": 0", "found \"lstrip\": 0 in added_tokens[0]");
  REFUSES("\"lstrip\": false,", "", "found no \"lstrip\" in added_tokens[0]");
  REFUSES(ADDED, "[" TOKEN("1000", "<x>") "," TOKEN("1001", "<x>") "]", "\"<x>\" as the content of two");
  REFUSES(ADDED, "[" TOKEN("1000", "<x>") "," TOKEN("1000", "<y>") "]", "the id 1000, expected 1001");
  REFUSES(ADDED, "[" TOKEN("4", "!") "]", "\"!\" as an added token of the id 4, expected 0");
  REFUSES(ADDED, "[" TOKEN("126", "\xC4\xA0") "]", "stands for other bytes");
  REFUSES("\"\\\"\": 1", "\"\\\"\": 1000", "id 1000, which is that of another token");
  REFUSES(ADDED, "{}", "found \"added_tokens\": {}", "an array");
  REFUSES(ADDED, "[1]", "found 1 as added_tokens[0]", "an object");
}

#define NORMALIZED(id, content)                                                                              \
  "{\"id\":" id ",\"content\":\"" content                                                                    \
  "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":true,\"special\":false}"

Test(tokenizer_json, added_tokens_that_would_be_the_same_one_are_refused) {
  char *text = vocabulary_replace(vocabulary_text("small.json"), "\"vocab\": {",
                                  "\"vocab\": {\"<\xEF\xBD\x9C>\": 1001, ");
  text = vocabulary_replace(text, ADDED, "[" TOKEN("1001", "<\xEF\xBD\x9C>") "," TOKEN("1001", "<x>") "]");
  assert_refused(!batch_tokenizer_open(write_text("ids.json", text), NULL), BATCH_ERROR_FORMAT, "the id 1001",
                 "for two tokens");
  free(text);
}

Test(tokenizer_json, added_tokens_that_are_the_same_when_normalized_are_refused) {
  need_package(PACKAGE_UTF8PROC);
  char *text = vocabulary_replace(vocabulary_text("small.json"), "\"normalizer\": null",
                                  "\"normalizer\": {\"type\": \"NFC\"}");
  text = vocabulary_replace(
      text, ADDED, "[" NORMALIZED("1000", "\xC7\x96") "," NORMALIZED("1001", "\xC3\xBC\xCC\x84") "]");
  assert_refused(!batch_tokenizer_open(write_text("same.json", text), NULL), BATCH_ERROR_FORMAT,
                 "two added tokens that are \xC7\x96 when normalized");
  free(text);
}

/* A pattern that PCRE2 gives up on. */
Test(tokenizer_json, text_that_takes_too_many_steps_is_an_error) {
  char text[201];
  int32_t ids[201];
  BatchTokenizer *tokenizer = vocabulary_open(
      vocabulary_write("slow.json", PRE,
                       SPLIT(",\"pattern\":{\"Regex\":\"(?:a|aa)+\\\\d\"},\"behavior\":\"Isolated\","
                             "\"invert\":false")),
      BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ALLOW);
  memset(text, 'a', sizeof text);
  assert_refused(batch_tokenizer_encode(tokenizer, text, sizeof text, ids, 201) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_FORMAT, "batch_tokenizer_encode", "found 201 bytes", "takes more steps");
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer_json, a_token_of_the_vocabulary_that_no_bytes_give_is_there_for_its_id) {
  char *text = vocabulary_replace(vocabulary_text("small.json"), "\"vocab\": {",
                                  "\"vocab\": {\"<\xEF\xBD\x9C>\": 5000, ");
  text = vocabulary_replace(text, "\"id\": 1000", "\"id\": 1001"); /* one more in the vocabulary */
  BatchTokenizer *only =
      vocabulary_open(write_text("a.json", text), BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ALLOW);
  char back[8];
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  cr_assert_eq(batch_tokenizer_vocab_size(only), 5001);
  cr_assert_gt(batch_tokenizer_encode(only, "<\xEF\xBD\x9C>", 5, NULL, 0), 1);
  cr_assert_eq(batch_tokenizer_decode(only, (int32_t[]){5000}, 1, back, 8), 5);
  cr_assert_arr_eq(back, "<\xEF\xBD\x9C>", 5);
  cr_assert(batch_tokenizer_describe(only, &facts) && facts.added_tokens == 1 &&
            facts.kind == BATCH_TOKENIZER_JSON);
  batch_tokenizer_free(only);
  /* As an added token it is found. */
  text = vocabulary_replace(text, "\"added_tokens\": [",
                            "\"added_tokens\": [" TOKEN("5000", "<\xEF\xBD\x9C>") ",");
  BatchTokenizer *found =
      vocabulary_open(write_text("b.json", text), BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ALLOW);
  cr_assert_eq(batch_tokenizer_encode(found, "<\xEF\xBD\x9C>", 5, NULL, 0), 1);
  batch_tokenizer_free(found);
  text = vocabulary_replace(text, "\"id\":5000", "\"id\":5001");
  assert_refused(!batch_tokenizer_open(write_text("c.json", text), NULL), BATCH_ERROR_FORMAT, "the id 5000",
                 "the id 5001");
  free(text);
}

Test(tokenizer_json, text_that_is_no_json_is_refused_with_its_place) {
  char *text = vocabulary_text("small.json");
  text[strlen(text) - 3] = '\0';
  assert_refused(!batch_tokenizer_open(write_text("cut.json", text), NULL), BATCH_ERROR_FORMAT, "at byte ",
                 "found the end of the file, expected");
  free(text);
  REFUSES("\"version\"", "version", "at byte 1", "expected a name in quotes");
  REFUSES("{\"version\"", "{\"ver\nsion\"", "at byte 5",
          "found byte 0x0A, expected an escape for a control character");
  REFUSES("\"content\": \"<|", "\"content\": \"\xFE<|", "found byte 0xFE, expected UTF-8");
  text = vocabulary_text("small.json");
  char *longer;
  cr_assert_geq(asprintf(&longer, "%s{}", text), 0);
  assert_refused(!batch_tokenizer_open(write_text("two.json", longer), NULL), BATCH_ERROR_FORMAT,
                 "found \"{}\", expected the end of the file");
  free(text);
  free(longer);
}

/* What is within other arrays is passed over once for each of them. */
Test(tokenizer_json, sequences_within_sequences_have_an_end) {
  char nested[2000] = "\"normalizer\": ";
  for (int i = 0; i < 16; i++) strcat(nested, "{\"type\":\"Sequence\",\"normalizers\":[");
  char *inner = nested + strlen(nested);
  strcpy(inner, "");
  for (int i = 0; i < 16; i++) strcat(nested, "]}");
  SAME("\"normalizer\": null", nested);
  strcpy(inner, "{\"type\":\"Sequence\",\"normalizers\":[]}");
  for (int i = 0; i < 16; i++) strcat(nested, "]}");
  REFUSES("\"normalizer\": null", nested, "found \"normalizers\": [] in ",
          "expected values nested less deep");
}

static int32_t end_of_text(const char *added) {
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_write("end.json", ADDED, added), BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_IGNORE);
  int32_t id = batch_tokenizer_end_of_text(tokenizer);
  batch_tokenizer_free(tokenizer);
  return id;
}

Test(tokenizer_json, the_end_of_text_is_told_by_its_name) {
  cr_assert_eq(end_of_text(ADDED), 1000);
  cr_assert_eq(end_of_text("[]"), BATCH_NO_TOKEN);
  cr_assert_eq(end_of_text("[" TOKEN("1000", "<pad>") "]"), BATCH_NO_TOKEN);
  cr_assert_eq(end_of_text("[" TOKEN("1000", "</s>") "," TOKEN("1001", "<|endoftext|>") "]"), 1001);
  cr_assert_eq(end_of_text("[" TOKEN("1000", "<|im_end|>") "," TOKEN("1001", "</s>") "]"), 1001);
  cr_assert_eq(end_of_text("[" TOKEN("1000", "<|im_end|>") "," TOKEN("1001", "<|end_of_text|>") "]"), 1001);
  cr_assert_eq(end_of_text("[" TOKEN("1000", "<\xEF\xBD\x9C"
                                             "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>") "]"),
               1000);
}

/* ByteLevel alone, without its regex: each text is one piece. */
Test(tokenizer_json, where_nothing_splits_no_split_is_named) {
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_write("whole.json", PRE, "\"pre_tokenizer\": " NO_REGEX),
                      BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_IGNORE);
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  cr_assert(batch_tokenizer_describe(tokenizer, &facts));
  cr_assert_null(facts.split);
  cr_assert_null(facts.split_unicode);
  batch_tokenizer_free(tokenizer);
}

#define FOUND(id, content, normalized)                                                                       \
  "{\"id\":" id ",\"content\":\"" content "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"      \
  "\"normalized\":" normalized ",\"special\":true}"

static void refused_at(const char *path, const char *text, const char *place) {
  BatchTokenizer *tokenizer = vocabulary_open(path, BATCH_SPLIT_OF_FILE, BATCH_SPECIALS_ERROR);
  assert_refused(batch_tokenizer_encode(tokenizer, text, strlen(text), NULL, 0) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_FORMAT, place, "found the special token <|endoftext|>");
  batch_tokenizer_free(tokenizer);
}

/* A token that is found in normalized text is looked for between those that are found in raw text. */
Test(tokenizer_json, a_special_token_is_refused_with_its_place_in_the_whole_text) {
  static const char added[] =
      "[" FOUND("1000", "<|endoftext|>",
                "true") ",{\"id\":1001,\"content\":\"<a>\","
                        "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
                        "\"special\":false}]";
  refused_at(vocabulary_write("added.json", ADDED, added), "one<a>two<|endoftext|>",
             "at byte 9 of the text:");
  need_package(PACKAGE_UTF8PROC);
  const char *both =
      vocabulary_write("form.json", ADDED ",\"normalizer\": null",
                       "[" FOUND("1000", "<|endoftext|>", "true") "],\"normalizer\": {\"type\": \"NFC\"}");
  refused_at(both, "one two<|endoftext|>", "at byte 7 of the text:");
  refused_at(both, "e\xCC\x81<|endoftext|>", "at byte 0 of the text or behind it:");
}
