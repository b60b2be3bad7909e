/* Byte-level BPE where memory runs out: each allocation in turn, while a file is opened, and while text is encoded and
   decoded. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/failing_memory.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/vocabulary.h"
#include "text/tokenizer.h"

static void begin(void) {
  files_begin();
  need_package(PACKAGE_PCRE2);
  need_package(PACKAGE_UTF8PROC);
}

TestSuite(tokenizer_memory, .init = begin, .fini = files_end);

/* A few tokens, so that every allocation can fail in turn: the bytes, and what is named. */
static const char *few_tokens(void) {
  bytes b = {0};
  put_text(&b, "{\"added_tokens\":[{\"id\":259,\"content\":\"<e\\u0301>\",\"single_word\":true,\"lstrip\":"
               "false,\"rstrip\":false,"
               "\"normalized\":true,\"special\":true},{\"id\":260,\"content\":\"<|endoftext|>\",\"single_"
               "word\":false,\"lstrip\":"
               "false,\"rstrip\":false,\"normalized\":false,\"special\":false}],\"normalizer\":{\"type\":"
               "\"NFC\"},\"pre_tokenizer\":{"
               "\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\s+|"
               "\\\\S+\"},\"behavior\":"
               "\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_"
               "regex\":false}]},\"model\":{"
               "\"vocab\":{\"th\":256,\"the\":257,\"\xEF\xBD\x9C\":258");
  for (unsigned code = 0, byte = 0; byte < 256; code++) {
    char token[32];
    bool printable =
        (code >= '!' && code <= '~') || (code >= 0xA1 && code <= 0xAC) || (code >= 0xAE && code <= 0xFF);
    if (!printable && code < 256) continue;
    snprintf(token, sizeof token, ",\"\\u%04x\":%u", code, byte++);
    put_text(&b, token);
  }
  put_text(&b, "},\"merges\":[[\"t\",\"h\"],[\"\\u0074h\",\"e\"]]}}");
  return write_bytes("few.json", &b);
}

static bool open_it(void *context) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  const batch_special_token mine = {"<x>", 7000};
  const char *path = context;
  bool ranks = strstr(path, ".tiktoken");
  options.split = ranks ? BATCH_SPLIT_GPT2 : BATCH_SPLIT_OF_FILE;
  options.special_tokens = &mine;
  options.special_token_count = ranks;
  options.specials = BATCH_SPECIALS_ALLOW;
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  batch_tokenizer_free(tokenizer);
  return tokenizer;
}

Test(tokenizer_memory, every_allocation_of_opening_a_tokenizer_json_may_fail, .timeout = 200) {
  cr_assert_gt(inject_failures("few.json|batch_tokenizer_open", open_it, (void *)(uintptr_t)few_tokens()),
               20);
}

Test(tokenizer_memory, every_allocation_of_opening_a_rank_file_may_fail, .timeout = 200) {
  char *ranks = vocabulary_text("small.tiktoken");
  write_text("x.tiktoken", ranks);
  free(ranks);
  cr_assert_gt(
      inject_failures("x.tiktoken|batch_tokenizer_open", open_it, (void *)(uintptr_t)path_of("x.tiktoken")),
      20);
}

static const char text[] = "the <e\xCC\x81> the\xCC\x81 <|endoftext|> thethe \xFF";

static bool encode_it(void *context) {
  BatchTokenizer *tokenizer = batch_tokenizer_open(context, NULL);
  if (!tokenizer) return false;
  int32_t ids[64];
  char back[200];
  size_t none = batch_tokenizer_encode(tokenizer, text, sizeof text - 1, NULL, 0),
         count = none == BATCH_TOKENIZER_FAILED
                     ? none
                     : batch_tokenizer_encode(tokenizer, text, sizeof text - 1, ids, 64),
         length = count == BATCH_TOKENIZER_FAILED ? count
                                                  : batch_tokenizer_decode(tokenizer, ids, count, back, 200);
  batch_tokenizer_free(tokenizer);
  return length != BATCH_TOKENIZER_FAILED;
}

Test(tokenizer_memory, every_allocation_of_encoding_and_decoding_may_fail, .timeout = 200) {
  cr_assert_gt(inject_failures("few.json|batch_tokenizer", encode_it, (void *)(uintptr_t)few_tokens()), 30);
}

/* The working memory that waits for the next text: with what one huge text made grow, 16 of them would be 16 times that. */
Test(tokenizer_memory, what_a_huge_text_has_made_grow_is_given_back) {
  enum { MARKS = 2 << 20 };
  BatchTokenizer *tokenizer = batch_tokenizer_open(few_tokens(), NULL);
  char *huge = malloc(2 * MARKS);
  cr_assert(tokenizer && huge);
  for (size_t i = 0; i < MARKS; i++) memcpy(huge + 2 * i, i % 2 ? "\u0327" : "\u0301", 2);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, NULL, 0, NULL, 0), 0);
  size_t small = memory_live();
  cr_assert_gt(batch_tokenizer_encode(tokenizer, huge, 2 * MARKS, NULL, 0), MARKS);
  cr_assert_leq(memory_live(), small, "%zu blocks, expected %zu", memory_live(), small);
  free(huge);
  batch_tokenizer_free(tokenizer);
}

static bool tell_it_apart(void *context) {
  uint64_t fingerprint;
  BatchTokenizer *tokenizer = batch_tokenizer_open(context, NULL);
  bool good = tokenizer && tokenizer_fingerprint(tokenizer, &fingerprint);
  batch_tokenizer_free(tokenizer);
  return good;
}

Test(tokenizer_memory, every_allocation_of_a_fingerprint_may_fail, .timeout = 200) {
  cr_assert_gt(inject_failures("few.json|batch_tokenizer", tell_it_apart, (void *)(uintptr_t)few_tokens()),
               30);
}

/* PCRE2 gives up on any line of a few words. */
Test(tokenizer_memory, a_tokenizer_that_refuses_a_text_has_a_fingerprint_and_leaves_the_last_error) {
  bytes few = read_bytes(few_tokens());
  uint64_t first, again, other;
  put(&few, "", 1);
  char *changed = vocabulary_replace((char *)few.data, "\\\\s+|\\\\S+", "(?:.|..)+@");
  const char *slow = write_text("slow.json", changed);
  BatchTokenizer *usual = batch_tokenizer_open(path_of("few.json"), NULL),
                 *refusing = batch_tokenizer_open(slow, NULL);
  cr_assert(usual && refusing, "%s", batch_last_error()->message);
  cr_assert_not(batch_tokenizer_open("", NULL));
  char *before = strdup(batch_last_error()->message);
  cr_assert(tokenizer_fingerprint(refusing, &first) && tokenizer_fingerprint(refusing, &again) &&
            tokenizer_fingerprint(usual, &other));
  cr_assert(first == again && first != other);
  cr_assert_eq(batch_last_error()->code, BATCH_ERROR_INVALID_ARGUMENT);
  cr_assert_str_eq(batch_last_error()->message, before);
  free(before);
  free(changed);
  batch_tokenizer_free(usual);
  batch_tokenizer_free(refusing);
}
