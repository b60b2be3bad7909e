/* Text normalization, and malformed UTF-8, which is never read past. */
#include "support/check.h"
#include "support/packages.h"

#include <stdlib.h>
#include <string.h>

/* Normalizes text from a heap block of exactly its size, so that AddressSanitizer sees any step beyond. */
static size_t normalize(const char *text, size_t bytes, const batch_text_options *options, char *out,
                        size_t capacity) {
  char *exact = malloc(bytes ? bytes : 1);
  memcpy(exact, text, bytes);
  size_t length = batch_text_normalize(exact, bytes, options, out, capacity);
  free(exact);
  return length;
}

static void assert_becomes(const char *text, size_t bytes, batch_text_options options, const char *expected) {
  char out[256];
  size_t length = normalize(text, bytes, &options, out, sizeof out);
  cr_assert_neq(length, BATCH_TOKENIZER_FAILED, "%s", batch_last_error()->message);
  cr_assert(length == strlen(expected) && memcmp(out, expected, length) == 0, "\"%.*s\" instead of \"%s\"",
            (int)length, out, expected);
}

#define assert_text_becomes(text, options, expected) assert_becomes(text, sizeof(text) - 1, options, expected)

static const batch_text_options nothing = BATCH_TEXT_OPTIONS_INIT;
static const batch_text_options nfc = {BATCH_MALFORMED_KEEP, BATCH_NORMAL_NFC, false, false};
static const batch_text_options nfkc = {BATCH_MALFORMED_KEEP, BATCH_NORMAL_NFKC, false, false};
static const batch_text_options fold = {BATCH_MALFORMED_KEEP, BATCH_NORMAL_NONE, true, false};
static const batch_text_options squeeze = {BATCH_MALFORMED_KEEP, BATCH_NORMAL_NONE, false, true};
static const batch_text_options replace = {BATCH_MALFORMED_REPLACE, BATCH_NORMAL_NONE, false, false};
static const batch_text_options refuse = {BATCH_MALFORMED_ERROR, BATCH_NORMAL_NONE, false, false};

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
  assert_refused(normalize("abc\xc3", 4, &refuse, out, 8) == BATCH_TOKENIZER_FAILED, BATCH_FORMAT_ERROR,
                 "batch_text_normalize", "byte 3", "0xC3");
  assert_refused(normalize("0123456789\x80", 11, &refuse, out, 8) == BATCH_TOKENIZER_FAILED,
                 BATCH_FORMAT_ERROR, "byte 10", "0x80");
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
                 BATCH_INVALID_ARGUMENT, "text");
  assert_refused(batch_text_normalize("a", 1, NULL, NULL, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_INVALID_ARGUMENT, "out");
  batch_text_options wrong = {(batch_malformed)9, BATCH_NORMAL_NONE, false, false};
  assert_refused(batch_text_normalize("a", 1, &wrong, &out, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_INVALID_ARGUMENT, "malformed", "9");
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
