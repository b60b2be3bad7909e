/* The scanners by hand are PCRE2's equals: random text, every code point, and pairs around where classes change. */
#include <string.h>

#include "base/utf8.h"
#include "support/check.h"
#include "support/packages.h"
#include "support/splits.h"
#include "support/watchdog.h"
#include "text/split/classes.h"

enum { ROUNDS = CHECK_LONG_OR_SHORT(2500, 800) };

TestSuite(split_scanners, .init = watchdog_on);

/* Asserts that a scanner and PCRE2 make the same pieces. */
static void assert_same(const splitter *by_hand, const splitter *by_pcre2, const char *name, const void *text,
                        size_t size, uint64_t *state) {
  uint64_t seed = *state;
  piece_list a = split_text(by_hand, text, size, state), b = split_text(by_pcre2, text, size, state);
  size_t i = first_difference(&a, &b);
  if (i != SIZE_MAX) {
    piece p = i < a.count ? a.pieces[i] : (piece){size, size},
          q = i < b.count ? b.pieces[i] : (piece){size, size};
    cr_assert_fail("%s, state %llu, text of %zu bytes, piece %zu: [%zu, %zu) instead of [%zu, %zu)", name,
                   (unsigned long long)seed, size, i, p.start, p.end, q.start, q.end);
  }
  free(a.pieces);
  free(b.pieces);
}

static void compare_all(const void *text, size_t size, uint64_t *state) {
  for (int way = 0; way < SPLITS_KNOWN; way++) {
    splitter *by_hand = make_split((split_way)way, false), *by_pcre2 = make_split((split_way)way, true);
    assert_same(by_hand, by_pcre2, split_way_names[way], text, size, state);
    splitter_free(by_hand);
    splitter_free(by_pcre2);
  }
}

static void fuzz(bool malformed, uint64_t seed) {
  uint64_t state = seed;
  printf("seed %llu\n", (unsigned long long)seed);
  for (int way = 0; way < SPLITS_KNOWN; way++) {
    splitter *by_hand = make_split((split_way)way, false), *by_pcre2 = make_split((split_way)way, true);
    for (int round = 0; round < ROUNDS; round++) {
      bytes text = random_splittable(&state, 1 + (size_t)round % 250, malformed);
      char *exact = malloc(text.used); /* where a sanitizer sees a byte read behind the end */
      memcpy(exact, text.data, text.used);
      assert_same(by_hand, by_pcre2, split_way_names[way], exact, text.used, &state);
      free(exact);
      free(text.data);
    }
    splitter_free(by_hand);
    splitter_free(by_pcre2);
  }
}

Test(split_scanners, make_the_pieces_of_pcre2_from_random_text) {
  need_package(PACKAGE_PCRE2);
  fuzz(false, 0x5eed);
}

Test(split_scanners, make_the_pieces_of_pcre2_from_damaged_text) {
  need_package(PACKAGE_PCRE2);
  fuzz(true, 0xbad5eed);
}

/* Scanners that are wrong in one rule: each is another way's, and is found. */
Test(split_scanners, control_one_changed_rule_is_found) {
  need_package(PACKAGE_PCRE2);
  static const split_way pairs[][2] = {{WAY_QWEN2, WAY_CL100K}, /* numbers of one digit */
                                       {WAY_GPT2, WAY_CL100K},
                                       {WAY_CL100K, WAY_O200K}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    splitter *by_hand = make_split(pairs[i][0], false), *by_pcre2 = make_split(pairs[i][1], true);
    uint64_t state = 0xc0;
    bool found = false;
    for (int round = 0; round < ROUNDS && !found; round++) {
      bytes text = random_splittable(&state, 1 + (size_t)round % 250, false);
      piece_list a = split_text(by_hand, text.data, text.used, &state),
                 b = split_text(by_pcre2, text.data, text.used, &state);
      found = first_difference(&a, &b) != SIZE_MAX;
      free(a.pieces);
      free(b.pieces);
      free(text.data);
    }
    cr_assert(found, "%s instead of %s", split_way_names[pairs[i][0]], split_way_names[pairs[i][1]]);
    splitter_free(by_hand);
    splitter_free(by_pcre2);
  }
}

static void put_code(bytes *text, uint32_t code) {
  char spelled[4];
  put(text, spelled, utf8_put(code, spelled));
}

/* Every code point: alone between spaces, before and behind a letter, a digit, a mark, an apostrophe, a line break. */
Test(split_scanners, know_every_code_point) {
  need_package(PACKAGE_PCRE2);
  static const char *const around[] = {" ",  "a",        " A", "'s",           "1", "!",
                                       "\n", "\xcc\x81", "'",  "\xe6\x97\xa5", "  "};
  uint64_t state = 1;
  for (uint32_t first = 0; first < 0x110000; first += 0x8000) {
    bytes text = {0};
    for (uint32_t code = first; code < first + 0x8000; code += CHECK_ONE_IN) {
      if (code >= 0xD800 && code <= 0xDFFF) continue;
      bool often = code < 0x30000 || code % 256 == 0;
      for (size_t i = 0; i < (often ? sizeof around / sizeof *around : 1); i++) {
        put_text(&text, around[i]);
        put_code(&text, code);
      }
    }
    if (text.used > 0) compare_all(text.data, text.used, &state);
    free(text.data);
  }
}

static uint8_t class_of(const classes *c, uint32_t code) {
  uint32_t ignored;
  char spelled[4];
  utf8_put(code, spelled);
  return class_at(c, (const uint8_t *)spelled, &ignored);
}

/* Code points beside which the class changes, each before and behind one of every class. */
Test(split_scanners, know_pairs_around_the_borders_of_classes) {
  need_package(PACKAGE_PCRE2);
  char why[100];
  const classes *c = classes_get(why, sizeof why);
  uint32_t typical[256] = {0}, kinds = 0, borders = 0;
  bool seen[256] = {false};
  cr_assert(c, "%s", why);
  for (uint32_t code = 0; code < 0x110000; code++)
    if ((code < 0xD800 || code > 0xDFFF) && !seen[class_of(c, code)]) {
      seen[class_of(c, code)] = true;
      typical[kinds++] = code;
    }
  bytes text = {0};
  uint64_t state = 2;
  for (uint32_t code = 1; code < 0x110000; code++) {
    if ((code >= 0xD800 && code <= 0xE000) || class_of(c, code) == class_of(c, code - 1)) continue;
    borders++;
    for (uint32_t beside = code - 1; beside <= code; beside++)
      for (uint32_t k = 0; k < kinds; k++) {
        put_code(&text, typical[k]);
        put_code(&text, beside);
        put_code(&text, typical[(k + beside) % kinds]);
        if (k % 3 == 0) put_text(&text, " x\n ");
      }
    if (text.used > 1 << 20) {
      compare_all(text.data, text.used, &state);
      text.used = 0;
    }
  }
  if (text.used > 0) compare_all(text.data, text.used, &state);
  free(text.data);
  printf("%u borders, %u classes, Unicode %s\n", borders, kinds, splitter_unicode_version());
  cr_assert(borders > 1000 && kinds > 10);
}

/* The classes are those of the definitions, for some characters whose classes no Unicode version changes. */
Test(split_scanners, classes_are_those_of_the_definitions) {
  need_package(PACKAGE_PCRE2);
  static const struct {
    uint32_t code;
    uint8_t classes;
  } known[] = {{'A', CLASS_UPPER | CLASS_LETTER},
               {'z', CLASS_LOWER | CLASS_LETTER},
               {0x01C5, CLASS_UPPER | CLASS_LETTER},
               {0x02B0, CLASS_WORD | CLASS_LETTER},
               {0x0301, CLASS_WORD},
               {'7', CLASS_NUMBER},
               {0x00B2, CLASS_NUMBER},
               {'\n', CLASS_SPACE | CLASS_BREAK},
               {'\v', CLASS_SPACE},
               {0x3000, CLASS_SPACE},
               {0x180E, 0},
               {0x200B, 0},
               {'$', CLASS_POINT},
               {0x30FB, CLASS_POINT | CLASS_CJK},
               {0x4E00, CLASS_WORD | CLASS_LETTER | CLASS_CJK},
               {0x9FA6, CLASS_WORD | CLASS_LETTER},
               {0xE000, 0},
               {0x10FFFF, 0}};
  char why[100];
  const classes *c = classes_get(why, sizeof why);
  cr_assert(c, "%s", why);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    cr_assert_eq(class_of(c, known[i].code), known[i].classes, "U+%04X: %u", known[i].code,
                 class_of(c, known[i].code));
}
