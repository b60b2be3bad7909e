/* Text normalization, and malformed UTF-8, which is never read past. */
#include "support/check.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/random_text.h"
#include "support/watchdog.h"

#include "base/utf8.h"
#include "text/normal_form.h"
#include "text/normalize.h"

#include <stdlib.h>
#include <string.h>

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>
#endif

TestSuite(normalize, .init = watchdog_on);

/* Normalizes text from a heap block of exactly its size, so that AddressSanitizer sees any step beyond. */
static size_t normalize(const char *text, size_t count, const batch_text_options *options, char *out,
                        size_t capacity) {
  char *exact = malloc(count ? count : 1);
  memcpy(exact, text, count);
  size_t length = batch_text_normalize(exact, count, options, out, capacity);
  free(exact);
  return length;
}

static void assert_becomes(const char *text, size_t count, batch_text_options options, const char *expected) {
  char out[256];
  size_t length = normalize(text, count, &options, out, sizeof out);
  cr_assert_neq(length, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  cr_assert(length == strlen(expected) && memcmp(out, expected, length) == 0, "\"%.*s\" instead of \"%s\"",
            (int)length, out, expected);
}

#define assert_text_becomes(text, options, expected) assert_becomes(text, sizeof(text) - 1, options, expected)

static const batch_text_options nothing = BATCH_TEXT_OPTIONS_INIT;
static const batch_text_options nfc = {.size = sizeof(batch_text_options), .normal_form = BATCH_NORMAL_NFC};
static const batch_text_options nfkc = {.size = sizeof(batch_text_options), .normal_form = BATCH_NORMAL_NFKC};
static const batch_text_options fold = {.size = sizeof(batch_text_options), .fold_case = true};
static const batch_text_options squeeze = {.size = sizeof(batch_text_options), .squeeze_space = true};
static const batch_text_options replace = {.size = sizeof(batch_text_options),
                                           .malformed = BATCH_MALFORMED_REPLACE};
static const batch_text_options refuse = {.size = sizeof(batch_text_options),
                                          .malformed = BATCH_MALFORMED_ERROR};

Test(normalize, nothing_asked_for_changes_nothing) {
  assert_text_becomes(" A\t\xff\xcc\x88 ", nothing, " A\t\xff\xcc\x88 ");
  cr_assert_eq(batch_text_normalize("abc", 3, NULL, NULL, 0), 3);
  cr_assert_eq(batch_text_normalize(NULL, 0, NULL, NULL, 0), 0);
}

Test(normalize, nfc_composes) {
  need_package(PACKAGE_UTF8PROC);
  assert_text_becomes("u\xcc\x88", nfc, "\xc3\xbc");
  assert_text_becomes("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", nfc, "\xed\x95\x9c"); /* Hangul jamo */
  assert_text_becomes("\xef\xac\x81", nfc, "\xef\xac\x81"); /* the ligature fi stays */
}

Test(normalize, a_vowel_of_hangul_behind_a_syllable_is_not_lost) {
  need_package(PACKAGE_UTF8PROC);
  assert_text_becomes("\xea\xb0\x80\xe1\x86\xa7\xe1\x86\xa8", nfc, "\xea\xb0\x80\xe1\x86\xa7\xe1\x86\xa8");
  assert_text_becomes("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa7", nfkc, "\xea\xb0\x80\xe1\x86\xa7");
  assert_text_becomes("\xea\xb0\x80\xe1\x86\xa8", nfc, "\xea\xb0\x81");
}

Test(normalize, nfkc_replaces_compatibility_characters) {
  need_package(PACKAGE_UTF8PROC);
  assert_text_becomes("\xef\xac\x81 \xe2\x91\xa0", nfkc, "fi 1");
  assert_text_becomes("\xe3\x8d\x8d", nfkc,
                      "\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\x88\xe3\x83\xab"); /* 3 bytes become 12 */
}

Test(normalize, case_folding_is_full) {
  need_package(PACKAGE_UTF8PROC);
  assert_text_becomes("STRASSE Stra\xc3\x9f"
                      "e",
                      fold, "strasse strasse");
  assert_text_becomes("\xce\xa3\xcf\x82", fold, "\xcf\x83\xcf\x83"); /* both sigmas */
}

Test(normalize, white_space_is_squeezed_within_lines) {
  assert_text_becomes("a  \t b", squeeze, "a b");
  assert_text_becomes("a  \r\n\r\n  b\r\rc", squeeze, "a\n\n b\n\nc");
  assert_text_becomes("a\xc2\xa0\xe3\x80\x80z \xe2\x80\xa8y\xc2\x85x\x0b\x0cw ", squeeze, "a z\ny\nx\n\nw ");
}

Test(normalize, malformed_parts_are_replaced_one_by_one) {
  assert_text_becomes("\xff", replace, "\xef\xbf\xbd");
  assert_text_becomes("a\xe2\x82", replace, "a\xef\xbf\xbd");           /* cut off: one part */
  assert_text_becomes("\xe2\x82z", replace, "\xef\xbf\xbdz");           /* two bytes, one part */
  assert_text_becomes("\xc0\xaf", replace, "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
  assert_text_becomes("\xed\xa0\x80", replace, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
  assert_text_becomes("\xf4\x90\x80\x80", replace,
                      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* past U+10FFFF */
  assert_text_becomes("\xf0\x9f\x92\xa7", replace, "\xf0\x9f\x92\xa7");
  /* The example of the Unicode Standard, table 3-8. */
  assert_text_becomes("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", replace,
                      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                      "A");
}

Test(normalize, malformed_text_is_refused_with_its_offset) {
  char out[8];
  assert_refused(normalize("abc\xc3", 4, &refuse, out, 8) == BATCH_TOKENIZER_FAILED, BATCH_ERROR_FORMAT,
                 "batch_text_normalize", "byte 3", "0xC3");
  assert_refused(normalize("0123456789\x80", 11, &refuse, out, 8) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_FORMAT, "byte 10", "0x80");
  cr_assert_eq(normalize("\xc3\xbc", 2, &refuse, out, 8), 2);
}

Test(normalize, malformed_bytes_that_are_kept_part_what_is_normalized) {
  need_package(PACKAGE_UTF8PROC);
  assert_text_becomes("u\xcc\x88\xff"
                      "u\xcc\x88",
                      nfc, "\xc3\xbc\xff\xc3\xbc");
  assert_text_becomes("u\xff\xcc\x88", nfc, "u\xff\xcc\x88");
}

Test(normalize, a_short_buffer_gets_what_fits) {
  char out[4] = "....";
  cr_assert_eq(batch_text_normalize("abcdef", 6, NULL, out, 2), 6);
  cr_assert_arr_eq(out, "ab..", 4);
}

Test(normalize, bad_arguments_are_refused) {
  char out;
  assert_refused(batch_text_normalize(NULL, 1, NULL, &out, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "text");
  assert_refused(batch_text_normalize(NULL, 0, NULL, NULL, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_text_normalize: out is NULL");
  assert_refused(batch_text_normalize("a", 1, NULL, NULL, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "out");
  batch_text_options wrong = {.size = sizeof(batch_text_options), .malformed = (batch_malformed)9};
  assert_refused(batch_text_normalize("a", 1, &wrong, &out, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "malformed", "9");
}

/* Every text of two bytes and many of four: what comes out is UTF-8, and right where Unicode says so. */
Test(normalize, every_pair_of_bytes_becomes_utf8) {
  unsigned changed = 0;
  for (unsigned pair = 0; pair < 65536; pair++) {
    const char text[2] = {(char)(pair >> 8), (char)pair};
    char out[16];
    size_t length = normalize(text, 2, &replace, out, sizeof out);
    cr_assert(length >= 1 && length <= 6);
    cr_assert_eq(normalize(out, length, &refuse, NULL, 0), length, "%02x %02x", (uint8_t)text[0],
                 (uint8_t)text[1]);
    changed += length != 2;
  }
  cr_assert_eq(65536 - changed, 128 * 128 + 30 * 64); /* two ASCII, or 0xC2-0xDF and a continuation */
}

static uint64_t seed = 0x2545F4914F6CDD1D;

static uint32_t below(uint32_t n) {
  return random_below(&seed, n);
}

/* Normalizes in random pieces of up to `most` bytes that end between characters. */
static text_buffer normalize_in_pieces(const bytes *text, const batch_text_options *options, uint32_t most) {
  text_normalizer n = {.options = options, .longest = SIZE_MAX};
  text_buffer out = {0};
  for (size_t at = 0; at < text->used;) {
    size_t piece = 4 + below(most);
    if (piece >= text->used - at)
      piece = text->used - at;
    else
      piece -= utf8_cut_off(text->data + at, piece);
    cr_assert(text_normalizer_feed(&n, (char *)text->data + at, piece, &out));
    at += piece;
  }
  cr_assert(text_normalizer_end(&n, &out));
  text_normalizer_free(&n);
  return out;
}

static void assert_pieces_are_the_whole(const bytes *text, const batch_text_options *options) {
  size_t length = batch_text_normalize((char *)text->data, text->used, options, NULL, 0);
  cr_assert_neq(length, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  char *whole = malloc(length + 1);
  batch_text_normalize((char *)text->data, text->used, options, whole, length);
  for (uint32_t most = 1; most <= 4096; most *= 8) {
    text_buffer pieces = normalize_in_pieces(text, options, most);
    cr_assert(pieces.used == length && memcmp(pieces.data, whole, length) == 0,
              "form %d, fold %d, squeeze %d, pieces of %u: another result", (int)options->normal_form,
              options->fold_case, options->squeeze_space, most);
    text_buffer_free(&pieces);
  }
  free(whole);
}

Test(normalize, text_in_pieces_gives_what_the_whole_text_gives) {
  need_package(PACKAGE_UTF8PROC);
  for (unsigned round = 0; round < 40 / CHECK_ONE_IN; round++) {
    bytes text = random_text(&seed, 50 + below(20000), round % 2);
    for (unsigned options = 0; options < 12; options++) {
      const batch_text_options o = {.size = sizeof(batch_text_options),
                                    .normal_form = (batch_normal_form)(options % 3),
                                    .fold_case = options / 3 % 2,
                                    .squeeze_space = options / 6};
      assert_pieces_are_the_whole(&text, &o);
    }
    free_bytes(&text);
  }
}

#ifdef HEADRACE_WITH_UTF8PROC
static void assert_is_what_utf8proc_gives(const bytes *text, const batch_text_options *options, int flags) {
  utf8proc_uint8_t *expected;
  utf8proc_ssize_t count =
      utf8proc_map(text->data, (utf8proc_ssize_t)text->used, &expected, (utf8proc_option_t)flags);
  cr_assert_geq(count, 0);
  text_buffer out = normalize_in_pieces(text, options, 300);
  cr_assert(out.used == (size_t)count && memcmp(out.data, expected, out.used) == 0, "form %d, fold %d",
            (int)options->normal_form, options->fold_case);
  text_buffer_free(&out);
  free(expected);
}

/* What utf8proc makes of the whole text at once. */
Test(normalize, normal_forms_are_those_of_utf8proc) {
  static const int forms[] = {0, UTF8PROC_STABLE | UTF8PROC_COMPOSE,
                              UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT};
  for (unsigned round = 0; round < 100; round++) {
    bytes text = random_text(&seed, 50 + below(10000), false);
    for (unsigned options = 0; options < 6; options++) {
      const batch_text_options o = {.size = sizeof(batch_text_options),
                                    .normal_form = (batch_normal_form)(options % 3),
                                    .fold_case = options / 3};
      assert_is_what_utf8proc_gives(&text, &o, forms[options % 3] | (options / 3 ? UTF8PROC_CASEFOLD : 0));
    }
    free_bytes(&text);
  }
}

/* So much text that the last part of what a character decomposes to is where a cut would be made, if there could; behind it
   there is one, before both parts of a character. */
static void put_before_a_cut(bytes *text, const int32_t *parts, size_t count) {
  char utf8[4];
  put_text(text, "aa"); /* of which one is held back */
  for (size_t i = count; i < NORMAL_FORM_HELD; i++) put_text(text, "\xe6\xb0\xb4");
  for (size_t i = 0; i < count; i++) put(text, utf8, utf8_put((uint32_t)parts[i], utf8));
  put_text(text, "\xc3\xbc\xe6\xb0\xb4");
}

Test(normalize, no_cut_parts_what_composes) {
  unsigned tried = 0;
  for (int32_t code = 0; code < 0x110000; code++) {
    int32_t parts[64];
    int bound;
    utf8proc_ssize_t count = utf8proc_decompose_char(code, parts, 64, UTF8PROC_DECOMPOSE, &bound);
    if (count < 2 || (code >= 0xAC00 && code < 0xD7A4 && code % 97)) continue; /* of Hangul some */
    bytes text = {0};
    put_before_a_cut(&text, parts, (size_t)count);
    assert_is_what_utf8proc_gives(&text, &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    free_bytes(&text);
    tried++;
  }
  cr_assert_gt(tried, 1000);
}
#endif

/* A quadratic sort would take hours; what is refused is named with its limit. */
Test(normalize, long_runs_of_marks_and_blanks_take_linear_time) {
  need_package(PACKAGE_UTF8PROC);
  bytes text = {0};
  put_text(&text, "a");
  for (unsigned i = 0; i < 1000000; i++) put_text(&text, i % 2 ? "\xcc\x96" : "\xcc\x81");
  size_t length = batch_text_normalize((char *)text.data, text.used, &nfc, NULL, 0);
  cr_assert_eq(length, text.used - 1, "a and its acute are one character of two bytes");
  text_normalizer n = {.options = &nfc, .longest = 10000};
  text_buffer out = {0};
  assert_refused(!text_normalizer_feed(&n, (char *)text.data, text.used, &out), BATCH_ERROR_FORMAT, "10000",
                 "longest_document");
  text_normalizer_free(&n);
  text_buffer_free(&out);
  memset(text.data, ' ', text.used);
  cr_assert_eq(batch_text_normalize((char *)text.data, text.used, &squeeze, NULL, 0), 1);
  free_bytes(&text);
}

/* Up to NORMAL_FORM_HELD characters in front of those that combine are held with them. */
Test(normalize, characters_that_combine_are_bounded) {
  need_package(PACKAGE_UTF8PROC);
  bytes text = {0};
  put_text(&text, "a");
  for (unsigned i = 0; i < 10000 + NORMAL_FORM_HELD; i++) put_text(&text, "\xcc\x81");
  text_normalizer n = {.options = &nfc, .longest = 10000};
  text_buffer out = {0};
  for (unsigned round = 0; round < 2; round++) {
    cr_assert(text_normalizer_feed(&n, (char *)text.data, 1 + 2 * 10000, &out));
    cr_assert(text_normalizer_end(&n, &out));
    assert_refused(!text_normalizer_feed(&n, (char *)text.data, text.used, &out), BATCH_ERROR_FORMAT,
                   "more than 10000", "longest_document");
    n.count = 0;
  }
  text_normalizer_free(&n);
  text_buffer_free(&out);
  free_bytes(&text);
}
