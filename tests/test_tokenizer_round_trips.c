/* Byte-level BPE: any bytes come back from their ids, a text may be cut where it says so, huge texts work. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/random_text.h"
#include "support/vocabulary.h"
#include "text/tokenizer.h"

static void begin(void) {
  files_begin();
  need_package(PACKAGE_PCRE2);
  need_package(PACKAGE_UTF8PROC);
}

TestSuite(tokenizer_round_trips, .init = begin, .fini = files_end);

#define LLAMA3                                                                                               \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| "                     \
  "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
#define REGEX(pattern)                                                                                       \
  "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" pattern "\"},\"behavior\":\"Isolated\",\"invert\":false}"
#define SPLITS(...)                                                                                          \
  "{\"type\":\"Sequence\",\"pretokenizers\":[" __VA_ARGS__                                                   \
  ",{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"                                                     \
  "\"use_regex\":false}]}"
#define GPT2                                                                                                 \
  "{\"type\": \"ByteLevel\",\"add_prefix_space\": false,\"trim_offsets\": true,\"use_regex\": true}"

/* An added token; in its flags l, r and w are lstrip, rstrip and single_word, n normalized, s special. */
typedef struct token {
  const char *content, *flags;
} token;

typedef struct variant {
  token added[6]; /* beside <|endoftext|> */
  const char *normalizer, *pre_tokenizer;
} variant;

#define STRIPPING                                                                                            \
  {                                                                                                          \
    {"<think>", "l"}, {"</think>", "r"}, {"<mask>", "lrws"}, {"word", "wn"}, {                               \
      "a  b", ""                                                                                             \
    }                                                                                                        \
  }
#define SPACES                                                                                               \
  {                                                                                                          \
    {"  ", "n"}, {"   ", "n"}, {"r w", "n"}, {"caf\\u00e9 ", "n"}, {                                         \
      "\\u212b ", "n"                                                                                        \
    }                                                                                                        \
  }
#define WORDS                                                                                                \
  {                                                                                                          \
    {"word", "w"}, {                                                                                         \
      "(c)word", "wn"                                                                                        \
    }                                                                                                        \
  }
#define NONE                                                                                                 \
  {                                                                                                          \
    { NULL, NULL }                                                                                           \
  }

static const variant variants[] = {
    {NONE, "null", GPT2},
    {SPACES, "null", GPT2},
    {WORDS, "null", GPT2},
    {STRIPPING, "null", GPT2},
    {NONE, "{\"type\":\"NFC\"}", GPT2},
    {SPACES, "{\"type\":\"NFC\"}", SPLITS(REGEX(LLAMA3))},
    {STRIPPING, "{\"type\":\"NFKC\"}", SPLITS(REGEX(LLAMA3))},
    {STRIPPING, "null", SPLITS(REGEX(LLAMA3))},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const char *flag(const token *t, char letter) {
  return strchr(t->flags, letter) ? "true" : "false";
}

static size_t put_token(char *to, const token *t, int id) {
  return (size_t)sprintf(to,
                         "%s{\"id\":%d,\"content\":\"%s\",\"lstrip\":%s,\"rstrip\":%s,\"single_word\":%s,"
                         "\"normalized\":%s,\"special\":%s}",
                         id > 1000 ? "," : "", id, t->content, flag(t, 'l'), flag(t, 'r'), flag(t, 'w'),
                         flag(t, 'n'), flag(t, 's'));
}

static BatchTokenizer *open_variant(const variant *v, batch_specials specials) {
  char *text = vocabulary_text("small.json"), *model = strstr(text, "\"model\": "), *changed, added[2000];
  size_t used = put_token(added, &(token){"<|endoftext|>", "s"}, 1000);
  for (int i = 0; i < 6 && v->added[i].content; i++) used += put_token(added + used, &v->added[i], 1001 + i);
  cr_assert_geq(asprintf(&changed, "{\"added_tokens\": [%s], \"normalizer\": %s, \"pre_tokenizer\": %s, %s",
                         added, v->normalizer, v->pre_tokenizer, model),
                0);
  BatchTokenizer *tokenizer =
      vocabulary_open(write_text("variant.json", changed), BATCH_SPLIT_OF_FILE, specials);
  free(changed);
  free(text);
  return tokenizer;
}

static uint64_t seed = 0xA0761D6478BD642F;

static size_t below(size_t n) {
  return random_below(&seed, (uint32_t)n);
}

static size_t encode(const BatchTokenizer *tokenizer, const char *text, size_t length, int32_t *ids,
                     size_t room) {
  size_t count = batch_tokenizer_encode(tokenizer, text, length, ids, room);
  cr_assert_leq(count, room, "%s", batch_last_error()->message);
  return count;
}

static void come_back(const BatchTokenizer *tokenizer, const char *text, size_t length) {
  int32_t *ids = malloc((length + 1) * sizeof *ids);
  char *back = malloc(length + 1);
  size_t count = encode(tokenizer, text, length, ids, length);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, ids, count, back, length), length);
  cr_assert_eq(memcmp(back, text, length), 0);
  free(ids);
  free(back);
}

Test(tokenizer_round_trips, any_bytes_come_back) {
  for (int allow = 0; allow < 2; allow++) {
    batch_specials specials = allow ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE;
    BatchTokenizer *tokenizers[] = {
        open_variant(&variants[0], specials), open_variant(&variants[1], specials),
        vocabulary_open(vocabulary_path("small.tiktoken"), BATCH_SPLIT_CL100K, specials),
        vocabulary_open(vocabulary_path("small.tiktoken"), BATCH_SPLIT_O200K, specials)};
    for (int i = 0; i < 3000; i++) {
      char noise[300];
      size_t length = below(sizeof noise);
      for (size_t k = 0; k < length; k++)
        noise[k] = i % 2 ? (char)below(256) : "\x80\xE6\xB0\xB4 a<|\n\xFF"[below(10)];
      bytes text = random_text(&seed, 200, true);
      for (int k = 0; k < 4; k++) {
        come_back(tokenizers[k], noise, length);
        come_back(tokenizers[k], (char *)text.data, text.used);
      }
      free_bytes(&text);
    }
    for (int k = 0; k < 4; k++) batch_tokenizer_free(tokenizers[k]);
  }
}

static const char *const scraps[] = {"the",
                                     "(c)",
                                     "\xE2\x84\xAB",
                                     "\xE2\x84\xAB ",
                                     "water",
                                     " wheel",
                                     " ",
                                     "  ",
                                     "   ",
                                     "\n",
                                     "\n\n",
                                     "\r\n",
                                     "\t",
                                     "word",
                                     " word ",
                                     "r w",
                                     "caf\xC3\xA9 ",
                                     "cafe\xCC\x81 ",
                                     "e",
                                     "\xCC\x81",
                                     "\xCC\xA7",
                                     "\xE1\x84\x80",
                                     "\xE1\x85\xA1",
                                     "\xEA\xB0\x80",
                                     "\xE6\xB0\xB4\xE8\xBB\x8A",
                                     "\xE3\x81\x8B\xE3\x82\x99",
                                     "\xF0\x9F\x98\x80",
                                     "12345",
                                     "don't",
                                     "'S",
                                     "...",
                                     "(",
                                     "<|endoftext|>",
                                     "<|endof",
                                     "text|>",
                                     "<think>",
                                     "</think>",
                                     "<mask>",
                                     "a  b",
                                     "a ",
                                     " b",
                                     "\xC2\xA0",
                                     "\xE3\x80\x80",
                                     "\xFF",
                                     "\xE6\xB0",
                                     "x_y"};

static size_t random_scraps(char *text) {
  size_t length = 0;
  for (size_t n = 2 + below(30); n > 0; n--) {
    const char *scrap = scraps[below(sizeof scraps / sizeof *scraps)];
    memcpy(text + length, scrap, strlen(scrap));
    length += strlen(scrap);
  }
  return length;
}

/* A cut is found in a window of the text; what comes before the window and follows it is not known then. */
static size_t check_cut(const BatchTokenizer *tokenizer, const char *text, size_t length) {
  int32_t whole[1000], parts[1000];
  size_t start = below(4) ? 0 : below(length), reach = below(3) ? length : start + below(length - start + 1);
  while (start < length && (text[start] & 0xC0) == 0x80) start++;
  if (reach <= start) return 0;
  size_t from = below(2) ? 0 : below(reach - start),
         cut = tokenizer_cut(tokenizer, text + start, from, reach - start);
  if (cut == 0) return 0;
  cr_assert(cut > from && cut < reach - start);
  cut += start;
  size_t count = encode(tokenizer, text, length, whole, 1000),
         first = encode(tokenizer, text, cut, parts, 1000),
         second = encode(tokenizer, text + cut, length - cut, parts + first, 1000 - first);
  cr_assert(first + second == count && memcmp(parts, whole, count * sizeof *whole) == 0,
            "\"%.*s\" cut at %zu", (int)length, text, cut);
  return 1;
}

Test(tokenizer_round_trips, parts_have_the_ids_of_the_whole) {
  for (int i = 0; i < VARIANTS; i++)
    for (int allow = 0; allow < 2; allow++) {
      BatchTokenizer *tokenizer =
          open_variant(&variants[i], allow ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE);
      size_t cuts = 0;
      cr_assert(tokenizer_can_cut(tokenizer));
      for (int k = 0; k < 6000; k++) {
        char text[500];
        cuts += check_cut(tokenizer, text, random_scraps(text));
      }
      cr_assert_gt(cuts, 1000, "variant %d", i);
      batch_tokenizer_free(tokenizer);
    }
}

/* No cut is missed for good: in a text of words there is one every few bytes. */
Test(tokenizer_round_trips, ordinary_text_can_be_cut_everywhere) {
  bytes text = read_bytes("/usr/share/common-licenses/GPL-3");
  for (int i = 0; i < VARIANTS; i++) {
    BatchTokenizer *tokenizer = open_variant(&variants[i], BATCH_SPECIALS_ALLOW);
    for (size_t reach = 200; reach < text.used; reach += 97) {
      size_t cut = tokenizer_cut(tokenizer, (char *)text.data, reach - 200, reach);
      cr_assert(cut > reach - 200, "variant %d: none in 200 bytes before %zu", i, reach);
    }
    batch_tokenizer_free(tokenizer);
  }
  free_bytes(&text);
}

/* Tens of MiB at once: words, one letter without end, and blanks. */
Test(tokenizer_round_trips, huge_texts_in_one_call, .timeout = 300) {
  const size_t length = ((size_t)64 << 20) / CHECK_ONE_IN + 12345;
  BatchTokenizer *tokenizer = open_variant(&variants[5], BATCH_SPECIALS_ALLOW);
  char *text = malloc(length);
  for (size_t i = 0; i < length; i++) text[i] = "the water wheel turns, "[i % 23];
  memset(text + length / 2, 'a', 1 << 20);
  memset(text + length / 4, ' ', 1 << 20);
  int32_t *ids = malloc(length * sizeof *ids);
  size_t count = encode(tokenizer, text, length, ids, length);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, text, length, NULL, 0), count);
  char *back = malloc(length);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, ids, count, back, length), length);
  cr_assert_eq(memcmp(back, text, length), 0);
  free(back);
  free(ids);
  free(text);
  batch_tokenizer_free(tokenizer);
}
