/* Splitting text by patterns: the pieces, written out; what becomes of matches; what is refused; where text is cut. */
#include <string.h>

#include "base/error.h"
#include "support/check.h"
#include "support/failing_memory.h"
#include "support/packages.h"
#include "support/splits.h"

enum { ROUNDS = CHECK_LONG_OR_SHORT(3000, 800) };

TestSuite(split, .init = files_begin, .fini = files_end);

static void describe(const piece_list *list, const char *text, bytes *out) {
  for (size_t i = 0; i < list->count; i++) {
    if (i > 0) put_text(out, "|");
    put(out, text + list->pieces[i].start, list->pieces[i].end - list->pieces[i].start);
  }
  put(out, "", 1);
}

/* Asserts the pieces of text, with | between them. */
static void assert_pieces(const splitter *s, const char *name, const char *text, const char *expected) {
  uint64_t state = 7;
  piece_list list = split_text(s, text, strlen(text), &state);
  bytes got = {0};
  describe(&list, text, &got);
  cr_assert_str_eq((const char *)got.data, expected, "%s: \"%s\" becomes \"%s\" instead of \"%s\"", name,
                   text, (const char *)got.data, expected);
  free(got.data);
  free(list.pieces);
}

typedef struct vector {
  const char *text, *pieces;
} vector;

static void assert_vectors(split_way way, const vector *vectors, size_t count) {
  for (int by_pcre2 = 0; by_pcre2 < 2; by_pcre2++) {
    splitter *s = make_split(way, by_pcre2);
    for (size_t i = 0; i < count; i++)
      assert_pieces(s, by_pcre2 ? "PCRE2" : split_way_names[way], vectors[i].text, vectors[i].pieces);
    splitter_free(s);
  }
}

#define ASSERT_VECTORS(way, ...)                                                                             \
  do {                                                                                                       \
    static const vector vectors_[] = {__VA_ARGS__};                                                          \
    assert_vectors(way, vectors_, sizeof vectors_ / sizeof *vectors_);                                       \
  } while (0)

Test(split, gpt2) {
  need_package(PACKAGE_PCRE2);
  ASSERT_VECTORS(WAY_GPT2, {"Hello world, it's 2024!", "Hello| world|,| it|'s| 2024|!"},
                 {"I'LL they're", "I|'|LL| they|'re"}, {"a  b", "a| | b"}, {"a   ", "a|   "},
                 {"a\n\n b", "a|\n\n| b"}, {"!\n", "!|\n"}, {" \t x", " \t| x"}, {"12345678", "12345678"},
                 {"a\xc2\xa0"
                  "b",
                  "a|\xc2\xa0|b"},
                 {"x\xe1\xa0\x8ey", "x|\xe1\xa0\x8e|y"},
                 {"a\xff\xfe"
                  "b  \xff",
                  "a|\xff\xfe|b|  |\xff"},
                 {"a\xe2\x82", "a|\xe2\x82"});
}

Test(split, cl100k_and_llama3) {
  need_package(PACKAGE_PCRE2);
  ASSERT_VECTORS(WAY_CL100K, {"Hello world, it's 2024!", "Hello| world|,| it|'s| |202|4|!"},
                 {"I'LL we'VE x'\xc5\xbf", "I|'LL| we|'VE| x|'\xc5\xbf"}, {"(foo) .bar", "(foo|)| .|bar"},
                 {"!\r\n\r\nx", "!\r\n\r\n|x"}, {"  \n \n  x", "  \n \n| | x"}, {"a\n  ", "a|\n|  "},
                 {"\tif x", "\tif| x"}, {"'sx 'x", "'s|x| '|x"}, {"1 2", "1| |2"},
                 {"don\xe2\x80\x99t", "don|\xe2\x80\x99t"}, {"e\xcc\x81", "e|\xcc\x81"},
                 {" \xff\n", " |\xff|\n"});
}

Test(split, o200k) {
  need_package(PACKAGE_PCRE2);
  ASSERT_VECTORS(WAY_O200K, {"HelloWorld ABCdef", "Hello|World| ABCdef"}, {"it's I'LL", "it's| I'LL"},
                 {"ABC\xe6\x97\xa5"
                  "D",
                  "ABC\xe6\x97\xa5|D"},
                 {"a//\n/b", "a|//\n/|b"}, {"e\xcc\x81", "e\xcc\x81"},
                 {"\xcc\x81"
                  "AB!",
                  "\xcc\x81|AB|!"},
                 {"\xcc\x81"
                  "Ab",
                  "\xcc\x81"
                  "Ab"},
                 {"12345", "123|45"});
  ASSERT_VECTORS(WAY_GPT4O, {"it's\xff x", "it's|\xff| x"});
}

Test(split, qwen2) {
  need_package(PACKAGE_PCRE2);
  ASSERT_VECTORS(WAY_QWEN2, {"a123 4", "a|1|2|3| |4"}, {"\xd9\xa3\xc2\xb2", "\xd9\xa3|\xc2\xb2"});
}

Test(split, deepseek3) {
  need_package(PACKAGE_PCRE2);
  ASSERT_VECTORS(WAY_DEEPSEEK3, {"abc12345 x", "abc|123|45| x"},
                 {"\xe6\x97\xa5\xe6\x9c\xacx", "\xe6\x97\xa5\xe6\x9c\xac|x"}, {"a  1", "a|  |1"},
                 {"a  \xe6\x97\xa5", "a|  |\xe6\x97\xa5"}, {"_foo\xc3\xa9", "_foo|\xc3\xa9"},
                 {"\x01\x02"
                  "a",
                  "\x01|\x02"
                  "a"},
                 {"\x01\xff\x02 b", "\x01\xff\x02| b"}, {"!!\n\nx", "!!\n\n|x"},
                 {"\xe3\x81\x80\xe3\x81\x82", "\xe3\x81\x80\xe3\x81\x82"},
                 {"\xe3\x82\xab\xe3\x83\xbb", "\xe3\x82\xab|\xe3\x83\xbb"});
}

/* The behaviors and their inversion: as Hugging Face's tokenizers 0.23 answers. */
Test(split, behaviors) {
  need_package(PACKAGE_PCRE2);
  static const struct {
    const char *pattern;
    split_behavior behavior;
    bool invert;
    const char *text, *pieces;
  } cases[] = {
      {"-", SPLIT_ISOLATED, false, "-the-final--countdown-", "-|the|-|final|-|-|countdown|-"},
      {"-", SPLIT_ISOLATED, true, "-the-final--countdown-", "-|the|-|final|-|-|countdown|-"},
      {"-", SPLIT_REMOVED, false, "-the-final--countdown-", "the|final|countdown"},
      {"-", SPLIT_REMOVED, true, "-the-final--countdown-", "-|-|-|-|-"},
      {"-", SPLIT_MERGED_WITH_PREVIOUS, false, "-the-final--countdown-", "-|the-|final-|-|countdown-"},
      {"-", SPLIT_MERGED_WITH_PREVIOUS, true, "-the-final--countdown-", "-the|-final|-|-countdown|-"},
      {"-", SPLIT_MERGED_WITH_NEXT, false, "-the-final--countdown-", "-the|-final|-|-countdown|-"},
      {"-", SPLIT_MERGED_WITH_NEXT, true, "-the-final--countdown-", "-|the-|final-|-|countdown-"},
      {"-", SPLIT_CONTIGUOUS, false, "-the-final--countdown-", "-|the|-|final|--|countdown|-"},
      {"-", SPLIT_CONTIGUOUS, true, "-the-final--countdown-", "-|the|-|final|--|countdown|-"},
      {"[a-z]", SPLIT_CONTIGUOUS, true, "ab-c", "ab|-|c"},
      {"[a-z]", SPLIT_MERGED_WITH_NEXT, false, "ab-c", "a|b-|c"},
      {"a*", SPLIT_ISOLATED, false, "baac", "b|aa|c"},
      {"a*", SPLIT_MERGED_WITH_PREVIOUS, false, "baac", "baa|c"},
      {"(?=(\\d{3})+(?!\\d))", SPLIT_ISOLATED, false, "1234567 x12345", "1|234|567 x12|345"},
      {"[^(\\s|[.,!?])]+", SPLIT_ISOLATED, false, "a(b) c|d.e!f", "a|(|b|) |c|||d|.|e|!|f"},
      {"^a|a$", SPLIT_ISOLATED, false, "a\na\nb a", "a|\n|a|\nb |a"},
      {"\\Aa|a\\z", SPLIT_ISOLATED, false, "a\na\nb a", "a|\na\nb |a"},
      {"\\w+", SPLIT_ISOLATED, false, "a_\xc2\xb2 \xe2\x91\xa2", "a_\xc2\xb2| \xe2\x91\xa2"},
      {"[\\w]+", SPLIT_ISOLATED, false, "a_\xc2\xb2 \xe2\x91\xa2", "a_|\xc2\xb2 \xe2\x91\xa2"},
      {"\\s", SPLIT_REMOVED, false,
       "a \xff b\xe1\xa0\x8e"
       "c",
       "a|\xff|b\xe1\xa0\x8e"
       "c"},
      {"[^a]", SPLIT_REMOVED, false,
       "xa\xff"
       "ay",
       "a\xff"
       "a"},
      {"a", SPLIT_REMOVED, true,
       "x\xff"
       "ay\xfe\xfe",
       "\xff|a|\xfe\xfe"},
      {"(?i:s)", SPLIT_ISOLATED, false, "sS\xc5\xbfx", "s|S|\xc5\xbf|x"},
      {"a.", SPLIT_ISOLATED, false,
       "ab\xc3\xa9"
       "a\na\xc3\xa9",
       "ab|\xc3\xa9"
       "a\n|a\xc3\xa9"},
      {"\\p{Greek}+", SPLIT_ISOLATED, false, "a\xce\xb1\xce\xb2z", "a|\xce\xb1\xce\xb2|z"},
      {"[\\P{L}]+", SPLIT_ISOLATED, false, "a1-b", "a|1-|b"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    splitter *s = make_regex_split(cases[i].pattern, SPLIT_ONIGURUMA, cases[i].behavior, cases[i].invert);
    assert_pieces(s, cases[i].pattern, cases[i].text, cases[i].pieces);
    cr_assert_str_eq(splitter_way(s), "PCRE2");
    cr_assert(!splitter_can_cut(s) && splitter_cut(s, "a b", 0, 3) == 0);
    splitter_free(s);
  }
}

/* Rust's ^ and $ are those of the text; {1,2}+ is possessive there. */
Test(split, rust_differs_from_oniguruma) {
  need_package(PACKAGE_PCRE2);
  static const char *const cases[][3] = {{"^a|a$", "a\na\nb a", "a|\na\nb |a"},
                                         {"\\pL+", "ab1", "ab|1"},
                                         {"\\w", "\xc2\xb2", "\xc2\xb2"},
                                         {"\\p{N}{1,3}+", "12345", "123|45"},
                                         {"\\x{e9}", "a\xc3\xa9", "a|\xc3\xa9"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    splitter *s = make_regex_split(cases[i][0], SPLIT_RUST, SPLIT_ISOLATED, false);
    assert_pieces(s, cases[i][0], cases[i][1], cases[i][2]);
    splitter_free(s);
  }
}

Test(split, digits_strings_and_steps) {
  need_package(PACKAGE_PCRE2);
  char why[200];
  splitter *s = splitter_create();
  assert_pieces(s, "no step", "a b", "a b");
  cr_assert(splitter_add_digits(s, true, why, sizeof why) && splitter_finish(s, why, sizeof why), "%s", why);
  assert_pieces(s, "digits", "a12\xc2\xbd", "a|1|2|\xc2\xbd");
  splitter_free(s);
  s = splitter_create();
  cr_assert(splitter_add_digits(s, false, why, sizeof why));
  cr_assert(splitter_add_string(s, " .", 2, SPLIT_MERGED_WITH_NEXT, false, why, sizeof why));
  cr_assert(splitter_add_named(s, SPLITTER_GPT2, why, sizeof why) && splitter_finish(s, why, sizeof why),
            "%s", why);
  assert_pieces(s, "three steps", "a  12 .b  3", "a|  |12| .|b|  |3");
  splitter_free(s);
}

/* What is not known to mean the same is named, with its place. */
Test(split, refuses_by_name) {
  need_package(PACKAGE_PCRE2);
  static const struct {
    split_syntax syntax;
    const char *pattern, *why;
  } cases[] = {
      {SPLIT_RUST, "[\\p{L}&&[^a]]", "the class set operation && at byte 6"},
      {SPLIT_ONIGURUMA, "a[b&&c]", "the class set operation && at byte 3"},
      {SPLIT_RUST, "[a--b]", "the class set operation -- at byte 2"},
      {SPLIT_ONIGURUMA, "a\\h", "\\h at byte 1"},
      {SPLIT_ONIGURUMA, "\\R", "\\R at byte 0"},
      {SPLIT_ONIGURUMA, "\\X", "\\X at byte 0"},
      {SPLIT_RUST, "a\\b", "\\b at byte 1"},
      {SPLIT_RUST, "(a)\\1", "\\1 at byte 3"},
      {SPLIT_RUST, "\\K", "\\K at byte 0"},
      {SPLIT_RUST, "\\G", "\\G at byte 0"},
      {SPLIT_RUST, "\\Z", "\\Z at byte 0"},
      {SPLIT_RUST, "(?x)a", "the group that begins with (?x) at byte 0"},
      {SPLIT_RUST, "(?P<n>a)", "the group that begins with (?P< at byte 0"},
      {SPLIT_RUST, "(?R)", "the group that begins with (?R) at byte 0"},
      {SPLIT_RUST, "(*UTF)a", "* with nothing before it that it repeats at byte 1"},
      {SPLIT_RUST, "\\p{Letter}", "the property Letter at byte 0"},
      {SPLIT_RUST, "\\p{L", "a property without its closing brace at byte 0"},
      {SPLIT_ONIGURUMA, "\\pL", "a property without braces at byte 0"},
      {SPLIT_RUST, "(?i:\\p{Lu})", "\\p{Lu} where case is ignored at byte 4"},
      {SPLIT_RUST, "(?i:\xc3\xa9)", "a character outside ASCII where case is ignored at byte 4"},
      {SPLIT_ONIGURUMA, "(?i:ss)", "letters that may be one character where case is ignored at byte 4"},
      {SPLIT_ONIGURUMA, "(?i:fl)", "letters that may be one character where case is ignored at byte 4"},
      {SPLIT_ONIGURUMA, "(?i:'(?:s))", "a group where case is ignored at byte 5"},
      {SPLIT_ONIGURUMA, "a{1,2}+", "a quantifier behind a quantifier at byte 1"},
      {SPLIT_RUST, "a**", "a quantifier behind a quantifier at byte 2"},
      {SPLIT_RUST, "a{,2}", "a brace that is no quantifier of at most 1000 at byte 1"},
      {SPLIT_RUST, "a{2,1}", "a quantifier whose bounds are out of order at byte 1"},
      {SPLIT_RUST, "(?:a*)*", "the repetition of what may match nothing at byte 6"},
      {SPLIT_RUST, "(?=a)*", "a quantifier behind an assertion at byte 5"},
      {SPLIT_RUST, "[[:alpha:]]", "a POSIX class at byte 1"},
      {SPLIT_RUST, "[a[^b]]", "a negated set within a set at byte 2"},
      {SPLIT_RUST, "[]a]", "a set that begins with ] at byte 0"},
      {SPLIT_RUST, "[a", "a set without its closing bracket at byte 0"},
      {SPLIT_RUST, "[z-a]", "a range of what has no order at byte 1"},
      {SPLIT_RUST, "[\\s-a]", "a range of what has no order at byte 1"},
      {SPLIT_RUST, "[a-[b]]", "a range that ends with an unescaped [ at byte 3"},
      {SPLIT_RUST, "[a-c-e]", "a hyphen inside a set at byte 4"},
      {SPLIT_RUST, "[\\W]", "\\W in a set at byte 1"},
      {SPLIT_RUST, "(a", "a group without its closing parenthesis at byte 0"},
      {SPLIT_RUST, "a)", "a closing parenthesis without its group at byte 1"},
      {SPLIT_RUST, "a\xff", "malformed UTF-8 at byte 1"},
      {SPLIT_RUST, "a\\", "this escape at byte 1"},
      {SPLIT_ONIGURUMA, "\\xe9", "this form of \\x at byte 0"},
      {SPLIT_RUST, "\\x{110000}", "this form of \\x at byte 0"},
      {SPLIT_RUST, "(?<=a+)b", "what PCRE2 does not take (lookbehind assertion is not fixed length)"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char why[200] = "";
    splitter *s = splitter_create();
    cr_assert(!splitter_add_regex(s, cases[i].pattern, strlen(cases[i].pattern), cases[i].syntax,
                                  SPLIT_ISOLATED, false, why, sizeof why),
              "%s was taken", cases[i].pattern);
    cr_assert_str_eq(why, cases[i].why, "%s: \"%s\" instead of \"%s\"", cases[i].pattern, why, cases[i].why);
    splitter_free(s);
  }
}

Test(split, refuses_what_is_too_deep_or_too_much) {
  need_package(PACKAGE_PCRE2);
  char why[200], deep[400] = "";
  splitter *s = splitter_create();
  memset(deep, '(', sizeof deep - 1);
  cr_assert(!splitter_add_regex(s, deep, strlen(deep), SPLIT_RUST, SPLIT_ISOLATED, false, why, sizeof why));
  cr_assert_str_eq(why, "groups more than 30 deep at byte 30");
  cr_assert(!splitter_add_string(s, "", 0, SPLIT_ISOLATED, false, why, sizeof why));
  cr_assert_str_eq(why, "the split at an empty string");
  for (int i = 0; i < 32; i++) cr_assert(splitter_add_digits(s, true, why, sizeof why), "%s", why);
  cr_assert(!splitter_add_digits(s, true, why, sizeof why));
  cr_assert_str_eq(why, "more than 32 splits one after the other");
  splitter_free(s);
}

/* A pattern that PCRE2 gives up on is an error, not a text without matches. */
Test(split, says_when_pcre2_gives_up) {
  need_package(PACKAGE_PCRE2);
  splitter *s = make_regex_split("(?:a|aa)+\\d", SPLIT_RUST, SPLIT_ISOLATED, false);
  splitter_state *state = splitter_state_create(s);
  char text[201];
  size_t from = 0;
  piece pieces[4];
  memset(text, 'a', sizeof text);
  cr_assert_eq(splitter_next(s, state, text, sizeof text, &from, pieces, 4), SPLITTER_GAVE_UP);
  splitter_state_free(state);
  splitter_free(s);
}

/* A match as long as its text, of a group that is repeated for each letter: no stack of a fixed size would do. */
Test(split, a_match_may_be_as_long_as_its_text) {
  need_package(PACKAGE_PCRE2);
  enum { LETTERS = 2 << 20 };
  uint64_t random = 1;
  splitter *s =
      make_regex_split("(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\s", SPLIT_ONIGURUMA, SPLIT_ISOLATED, false);
  char *text = malloc(LETTERS);
  cr_assert(text);
  memset(text, 'a', LETTERS);
  text[LETTERS - 2] = '\n';
  piece_list list = split_text(s, text, LETTERS, &random);
  cr_assert_eq(list.count, 3);
  cr_assert_eq(list.pieces[0].end, LETTERS - 2);
  free(list.pieces);
  free(text);
  splitter_free(s);
}

static bool same_when_cut(const splitter *s, const char *text, size_t size, size_t cut, uint64_t *state) {
  piece_list whole = split_text(s, text, size, state), left = split_text(s, text, cut, state),
             right = split_text(s, text + cut, size - cut, state);
  bool same = whole.count == left.count + right.count;
  for (size_t i = 0; i < whole.count && same; i++) {
    piece p = i < left.count ? left.pieces[i] : right.pieces[i - left.count];
    size_t shift = i < left.count ? 0 : cut;
    same = whole.pieces[i].start == p.start + shift && whole.pieces[i].end == p.end + shift;
  }
  free(whole.pieces);
  free(left.pieces);
  free(right.pieces);
  return same;
}

/* Looks through random windows of random texts, and cuts the whole wherever it may be. */
Test(split, a_text_may_be_cut_where_it_is_said) {
  need_package(PACKAGE_PCRE2);
  uint64_t state = 0xc07;
  printf("seed %llu\n", (unsigned long long)state);
  for (int way = 0; way < SPLITS_KNOWN; way++) {
    splitter *s = make_split((split_way)way, false);
    size_t cuts = 0;
    cr_assert(splitter_can_cut(s));
    for (int round = 0; round < ROUNDS; round++) {
      bytes text = random_splittable(&state, 40, round % 2);
      const char *t = (const char *)text.data;
      size_t low = (size_t)round % 8, high = text.used - (size_t)round % 11 % (text.used - low);
      for (size_t cut; (cut = splitter_cut(s, t + low, 0, high - low)) > 0; high = low + cut, cuts++) {
        cr_assert(cut < high - low);
        cr_assert_eq(splitter_cut(s, t + low, cut, high - low), 0, "from %zu", cut);
        cr_assert(same_when_cut(s, t, text.used, low + cut, &state), "%s, round %d, cut at %zu of %zu",
                  split_way_names[way], round, low + cut, text.used);
      }
      free(text.data);
    }
    cr_assert(cuts > ROUNDS / 3, "%s: %zu cuts", split_way_names[way], cuts);
    splitter_free(s);
  }
}

/* That test sees a cut that is none. */
Test(split, control_a_wrong_cut_is_seen) {
  need_package(PACKAGE_PCRE2);
  uint64_t state = 1;
  splitter *s = make_split(WAY_CL100K, false);
  cr_assert(!same_when_cut(s, "a   ", 4, 2, &state));
  cr_assert(!same_when_cut(s, "!\na", 3, 1, &state));
  cr_assert(!same_when_cut(s, "\n \nx", 4, 1, &state));
  cr_assert(same_when_cut(s, "a b", 3, 1, &state));
  splitter_free(s);
}

Test(split, cuts_are_the_last_ones_that_the_rules_allow) {
  need_package(PACKAGE_PCRE2);
  splitter *s = make_split(WAY_CL100K, false);
  cr_assert_eq(splitter_cut(s, "ab cd ef", 0, 8), 5);
  cr_assert_eq(splitter_cut(s, "ab cd ef", 5, 8), 0);
  cr_assert_eq(splitter_cut(s, "ab cd ef", 2, 5), 0);
  cr_assert_eq(splitter_cut(s, "ab!\ncd", 0, 6), 4);
  cr_assert_eq(splitter_cut(s, "!\n\n1", 0, 4), 0);
  cr_assert_eq(splitter_cut(s, "a!  ?", 0, 5), 0);
  cr_assert_eq(splitter_cut(s, "\xe6\x97\xa5\n", 0, 4), 3);
  cr_assert_eq(splitter_cut(s, "\x97\xa5\n", 0, 3), 0);  /* the start of the letter is not there */
  cr_assert_eq(splitter_cut(s, "!\n\xe6\x97", 0, 4), 0); /* nor its end */
  cr_assert_eq(splitter_cut(s, "\n1", 0, 2), 0);         /* what is before the line feed is not there */
  splitter_free(s);
}

/* A pattern is known by what it means, not by how it is written; and not with another meaning or behavior. */
Test(split, knows_a_pattern_by_its_meaning) {
  need_package(PACKAGE_PCRE2);
  static const struct {
    const char *pattern;
    split_syntax syntax;
    split_behavior behavior;
    bool invert;
    const char *way;
  } cases[] = {
      {"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", SPLIT_ONIGURUMA,
       SPLIT_ISOLATED, false, "gpt2"},
      {"'s|'t|'re|'ve|'m|'ll|'d|\\ ?\\p{L}{1,}|\x20{0,1}\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
       SPLIT_RUST, SPLIT_REMOVED, true, "gpt2"},
      {"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", SPLIT_ONIGURUMA,
       SPLIT_REMOVED, false, "PCRE2"},
      {"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", SPLIT_ONIGURUMA,
       SPLIT_CONTIGUOUS, false, "PCRE2"},
      {"'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
       SPLIT_ONIGURUMA, SPLIT_ISOLATED, false, "PCRE2"}, /* $ is the end of a line */
      {"\\p{N}{1,3}", SPLIT_ONIGURUMA, SPLIT_ISOLATED, false, "PCRE2"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    splitter *s = make_regex_split(cases[i].pattern, cases[i].syntax, cases[i].behavior, cases[i].invert);
    cr_assert_str_eq(splitter_way(s), cases[i].way, "%zu: %s", i, splitter_way(s));
    splitter_free(s);
  }
}

static void split_one_long(split_way way, bool by_pcre2, size_t size) {
  char *text = malloc(size);
  uint64_t state = 3;
  memset(text, ' ', size);
  text[size - 1] = 'x';
  splitter *s = make_split(way, by_pcre2);
  piece_list list = split_text(s, text, size, &state);
  cr_assert_eq(list.count, 2);
  splitter_free(s);
  free(list.pieces);
  free(text);
}

/* More blanks than PCRE2 would try by itself. */
Test(split, a_long_run_of_blanks_is_split) {
  need_package(PACKAGE_PCRE2);
  split_one_long(WAY_CL100K, false, 24 << 20);
  split_one_long(WAY_CL100K, true, 24 << 20);
}

/* Long texts that would take hours if each piece looked at the rest of the text. */
static void split_long(split_way way, bool by_pcre2, const char *part, const char *end) {
  bytes text = {0};
  uint64_t state = 3;
  while (text.used < (1 << 20) / CHECK_ONE_IN) put_text(&text, part);
  put_text(&text, end);
  splitter *s = make_split(way, by_pcre2);
  piece_list list = split_text(s, text.data, text.used, &state);
  cr_assert(list.count > 0 && list.pieces[0].start == 0 && list.pieces[list.count - 1].end == text.used);
  splitter_free(s);
  free(list.pieces);
  free(text.data);
}

Test(split, long_texts_are_split_in_linear_time) {
  need_package(PACKAGE_PCRE2);
  static const char *const parts[] = {"a",
                                      "A",
                                      " ",
                                      "\n",
                                      " \n",
                                      "1",
                                      "!",
                                      "\x01",
                                      "\xff",
                                      "a\xff",
                                      "\xe6\x97\xa5",
                                      "\xcc\x81",
                                      "'",
                                      "'s",
                                      "\xe3\x80\x80",
                                      "\x01\xff",
                                      "A\xe6\x97\xa5"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    for (int way = 0; way < SPLITS_KNOWN; way++) {
      split_long((split_way)way, false, parts[i], "");
      split_long((split_way)way, true, parts[i], i % 2 ? "x" : "!");
    }
}

/* Says the error as a caller would. */
static bool no_memory(const char *why) {
  return error_fail(strncmp(why, "no memory", 9) == 0 ? BATCH_ERROR_OUT_OF_MEMORY : BATCH_ERROR_FORMAT,
                    "split: %s", why);
}

static bool split_once(void *context) {
  char why[200] = "nothing";
  const char *text = "Some text's 12 \n words";
  size_t count = 0;
  splitter *s = splitter_create();
  if (!s) return no_memory("no memory");
  bool added = context ? splitter_add_named(s, SPLITTER_CL100K, why, sizeof why)
                       : splitter_add_regex(s, "\\w+(?=\\s)", 10, SPLIT_ONIGURUMA, SPLIT_CONTIGUOUS, false,
                                            why, sizeof why) &&
                             splitter_add_string(s, "x", 1, SPLIT_REMOVED, false, why, sizeof why);
  if (!added || !splitter_finish(s, why, sizeof why)) {
    splitter_free(s);
    return no_memory(why);
  }
  splitter_state *state = splitter_state_create(s);
  for (size_t from = 0, got = 0; state && from < strlen(text) && got < SPLITTER_GAVE_UP; count += got) {
    piece pieces[3];
    got = splitter_next(s, state, text, strlen(text), &from, pieces, 3);
  }
  splitter_state_free(state);
  splitter_free(s);
  return count > 0 || no_memory("no memory");
}

Test(split, survives_every_failing_allocation) {
  need_package(PACKAGE_PCRE2);
  cr_assert(inject_failures("split", split_once, NULL) > 5);
  cr_assert(inject_failures("split", split_once, "by hand") > 3);
}

/* The tables of the first splitter in a process, two blocks that stay: whatever fails before, nothing is left behind. */
Test(split, survives_failing_allocations_while_classes_are_made) {
  if (!splitter_supported("split")) need_package(PACKAGE_PCRE2); /* which would make them */
  unsigned failed = 0;
  bool kept = false;
  char by_hand[] = "by hand";
  check_forget_error();
  for (bool done = false; !done; failed += !done) {
    size_t before = memory_live();
    memory_fails_at(failed + 1, true);
    done = split_once(by_hand);
    memory_fails_at(0, false);
    size_t more = memory_live() - before;
    cr_assert(more == 0 || (more == 2 && !kept), "%u: %zu blocks more", failed, more);
    kept |= more > 0;
    cr_assert(done || batch_last_error()->code == BATCH_ERROR_OUT_OF_MEMORY, "%s",
              batch_last_error()->message);
  }
  printf("%u failures\n", failed);
  cr_assert(kept && failed > 50, "%u", failed);
}
