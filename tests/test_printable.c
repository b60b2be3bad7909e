#include "base/error.h"
#include "base/printable.h"

#include <string.h>

#include "support/check.h"

static void assert_copy(const char *text, const char *expected) {
  char copy[256], again[256];
  printable_copy(copy, sizeof copy, text);
  cr_assert_str_eq(copy, expected);
  printable_copy(again, sizeof again, copy);
  cr_assert_str_eq(again, expected, "the copy of the copy differs");
}

Test(printable, text_stays) {
  assert_copy("", "");
  assert_copy("a path/with blanks.bin: \\x41 %s", "a path/with blanks.bin: \\x41 %s");
  assert_copy("Mühle, 水車, \xf0\x9f\x8c\x8a", "Mühle, 水車, \xf0\x9f\x8c\x8a");
  assert_copy("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
              "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

Test(printable, what_a_terminal_acts_upon_does_not) {
  assert_copy("\x1b[31mred\x1b[0m", "\\x1B[31mred\\x1B[0m");
  assert_copy("a\nb\tc\rd\x7f\x01", "a\\x0Ab\\x09c\\x0Dd\\x7F\\x01");
  assert_copy("\xc2\x80\xc2\x9b"
              "31m\xc2\x9f",
              "\\xC2\\x80\\xC2\\x9B"
              "31m\\xC2\\x9F");
  /* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is about */
  assert_copy("\xe2\x80\xae"
              "nib.exe\xe2\x81\xa9",
              "\\xE2\\x80\\xAE"
              "nib.exe\\xE2\\x81\\xA9");
}

Test(printable, what_is_no_utf_8_does_not) {
  assert_copy("\x9b"
              "31m",
              "\\x9B"
              "31m");
  assert_copy("\xff\xfe\x80", "\\xFF\\xFE\\x80");
  assert_copy("\xc0\xaf\xc1\xbf", "\\xC0\\xAF\\xC1\\xBF"); /* overlong */
  assert_copy("\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "\\xE0\\x9F\\xBF\\xF0\\x8F\\xBF\\xBF");
  assert_copy("\xed\xa0\x80", "\\xED\\xA0\\x80");                            /* a surrogate */
  assert_copy("\xf4\x90\x80\x80\xf5\x80", "\\xF4\\x90\\x80\\x80\\xF5\\x80"); /* beyond the last one */
  assert_copy("\xe6\xb0", "\\xE6\\xB0");                                     /* cut off */
  assert_copy("\xe6\xb0x\xf0\x9f\x8c", "\\xE6\\xB0x\\xF0\\x9F\\x8C");
}

Test(printable, a_long_sentence_ends_with_a_whole_character) {
  for (size_t before = 0; before < 4; before++) {
    char text[2000] = "";
    memset(text, '.', before);
    while (strlen(text) + 5 < sizeof text) strcat(text, "\xf0\x9f\x8c\x8a");
    error_set(BATCH_ERROR_IO, "%s", text);
    size_t length = strlen(batch_last_error()->message);
    cr_assert_eq(length, before + (1023 - before) / 4 * 4);
    cr_assert_eq(memcmp(batch_last_error()->message, text, length), 0);
  }
}

/* At any room the copy is the beginning of the whole one, of whole characters. */
Test(printable, it_is_cut_between_characters) {
  static const char text[] = "a\xc3\xbc\xe6\xb0\xb4\xf0\x9f\x8c\x8a\x1b\xc2\x9b\xff.";
  static const size_t ends[] = {0, 1, 3, 6, 10, 14, 22, 26, 27};
  char whole[64], copy[64];
  printable_copy(whole, sizeof whole, text);
  cr_assert_eq(strlen(whole), 27);
  for (size_t room = 1; room < sizeof copy; room++) {
    size_t expected = 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends && ends[i] < room; i++) expected = ends[i];
    memset(copy, '#', sizeof copy);
    printable_copy(copy, room, text);
    cr_assert_eq(strlen(copy), expected, "room %zu: \"%s\"", room, copy);
    cr_assert_eq(memcmp(copy, whole, expected), 0);
    cr_assert_eq(copy[room], '#', "room %zu is not enough", room);
  }
}
