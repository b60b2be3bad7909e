/* The normal form that a tokenizer gives its text: the quick way, which looks for what changes, gives what the slow way
   gives for everything. */
#include "text/own_form.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/random_text.h"

static void begin(void) {
  need_package(PACKAGE_UTF8PROC);
}

TestSuite(own_form, .init = begin);

static const batch_normal_form kinds[] = {BATCH_NORMAL_NFC, BATCH_NORMAL_NFKC};
static own_form_rules rules;

/* The slow way. */
static text_buffer normalized(const char *text, size_t length) {
  text_buffer out = {0};
  text_normalizer n = {.options = &rules.options, .longest = SIZE_MAX};
  cr_assert(text_normalizer_feed(&n, text, length, &out) && text_normalizer_end(&n, &out));
  text_normalizer_free(&n);
  return out;
}

/* Answers whether the text came back as it was, without a copy. */
static bool compare(own_form *form, const char *text, size_t length) {
  text_buffer expected = normalized(text, length);
  size_t got = length;
  const char *found = own_form_apply(form, text, &got);
  cr_assert_not_null(found);
  cr_assert(got == expected.used && (got == 0 || memcmp(found, expected.data, got) == 0),
            "%zu length beginning 0x%02X 0x%02X 0x%02X: %zu length, expected %zu", length, (uint8_t)text[0],
            length > 1 ? (uint8_t)text[1] : 0, length > 2 ? (uint8_t)text[2] : 0, got, expected.used);
  text_buffer_free(&expected);
  return found == text;
}

Test(own_form, every_character_alone_and_behind_others) {
  static const char *const before[] = {
      "", "a", "\xC3\xA9", "e\xCC\xA7", "\xE1\x84\x80", "\xEA\xB0\x80", "\xEF\xBD\xB6", "\xFF"};
  for (int k = 0; k < 2; k++) {
    own_form_rules_make(&rules, kinds[k]);
    own_form form = {.rules = &rules};
    for (uint32_t code = 0; code < 0x110000; code += CHECK_ONE_IN) {
      if (code >= 0xD800 && code < 0xE000) code = 0xE000;
      size_t prefix = code % (sizeof before / sizeof *before);
      char text[16];
      size_t length = utf8_put(code, text);
      utf8_step step = utf8_next((const uint8_t *)text, length);
      bool same = compare(&form, text, length);
      if (own_form_keeps(&rules, &step)) cr_assert(same, "U+%04X is kept, and changes", code);
      strcpy(text, before[prefix]);
      length = strlen(text) + utf8_put(code, text + strlen(text));
      memcpy(text + length, "\xCC\x81", 2);
      compare(&form, text, length);
      compare(&form, text, length + 2);
    }
    own_form_free(&form);
  }
}

Test(own_form, random_characters_in_a_row) {
  uint64_t state = 5;
  for (int k = 0; k < 2; k++) {
    own_form_rules_make(&rules, kinds[k]);
    own_form form = {.rules = &rules};
    for (int i = 0; i < 8000; i++) {
      char text[200];
      size_t length = 0;
      while (length < 64) {
        uint32_t r = random_below(&state, 1u << 31), block = r >> 16 & 7;
        uint32_t code = block < 2    ? 0x20 + r % 0x5F
                        : block == 2 ? 0x300 + r % 0x70
                        : block == 3 ? 0x1100 + r % 0x100
                        : block == 4 ? 0xAC00 + r % 11172
                        : block == 5 ? 0xC0 + r % 0x500
                        : block == 6 ? r % 0x11000
                                     : 0x4E00 + r % 0x5000;
        if (r % 97 == 0)
          text[length++] = (char)(0x80 + r % 0x40);
        else
          length += utf8_put(code, text + length); /* surrogates are malformed */
      }
      compare(&form, text, length);
    }
    own_form_free(&form);
  }
}

Test(own_form, random_texts) {
  uint64_t state = 3;
  for (int k = 0; k < 2; k++) {
    own_form_rules_make(&rules, kinds[k]);
    own_form form = {.rules = &rules};
    for (int i = 0; i < 2000; i++) {
      bytes text = random_text(&state, 200, i % 2);
      compare(&form, (char *)text.data, text.used);
      free_bytes(&text);
    }
    own_form_free(&form);
  }
}

Test(own_form, text_in_that_form_is_not_copied) {
  static const char *const texts[] = {
      "",
      "plain ASCII, more than eight length of it",
      "Stra\303\237e, caf\xC3\xA9, \xD0\xB2\xD0\xBE\xD0\xB4\xD0\xB0",
      "\xE6\xB0\xB4\xE8\xBB\x8A\xE3\x81\x8C\xE5\x9B\x9E\xE3\x82\x8B\xE3\x80\x82",
      "\xEB\xAC\xBC\xEB\xA0\x88\xEB\xB0\xA9\xEC\x95\x97\xEA\xB0\x84",
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
      "\xFF\xFE"};
  own_form_rules_make(&rules, BATCH_NORMAL_NFC);
  own_form form = {.rules = &rules};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    cr_assert(compare(&form, texts[i], strlen(texts[i])), "%zu", i);
  cr_assert(!compare(&form, "e\xCC\x81", 3));
  cr_assert(!compare(&form, "\xE2\x84\xAB", 3));
  own_form_free(&form);
}
