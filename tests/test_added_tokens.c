/* Added tokens: what is found in a text, and what lies between. That the ids are Hugging Face's is shown by
   test_tokenizer_vectors.c; here stands what its library cannot be asked for from outside, by its source. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/random.h"
#include "text/added_finder.h"
#include "text/added_tokens.h"
#include "text/characters.h"

static added_tokens *make(const added_token *list, size_t count, batch_specials specials) {
  added_tokens *tokens = added_tokens_create();
  const added_token *clash;
  for (size_t i = 0; i < count; i++) {
    added_token token = list[i];
    token.bytes = strlen(token.text);
    if (token.found_as) token.found_bytes = strlen(token.found_as);
    cr_assert_eq(added_tokens_add(tokens, &token), ADDED_OK);
  }
  cr_assert_eq(added_tokens_finish(tokens, specials, &clash), ADDED_OK);
  return tokens;
}

#define MAKE(specials, ...)                                                                                  \
  make((const added_token[]){__VA_ARGS__}, sizeof((const added_token[]){__VA_ARGS__}) / sizeof(added_token), \
       specials)

/* The parts of a text as "text|1:token|text". */
static const char *parts_of(const added_tokens *tokens, bool normalized, const char *text) {
  static char shown[1000];
  added_part part;
  size_t at = 0;
  for (added_walk walk = {.text = text, .bytes = strlen(text), .normalized = normalized};
       added_tokens_next(tokens, &walk, &part);) {
    if (at > 0) shown[at++] = '|';
    if (part.token) at += (size_t)sprintf(shown + at, "%d:", (int)part.token->id);
    at += (size_t)sprintf(shown + at, "%.*s", (int)(part.end - part.start), text + part.start);
  }
  shown[at] = '\0';
  return shown;
}

#define assert_parts(tokens, text, expected) cr_assert_str_eq(parts_of(tokens, false, text), expected)

Test(added_tokens, the_longest_of_the_leftmost_is_found) {
  added_tokens *t = MAKE(BATCH_SPECIALS_ALLOW, {.text = "<a", .id = 1}, {.text = "<a>", .id = 2},
                         {.text = "<a>bc", .id = 3}, {.text = "a>", .id = 4});
  assert_parts(t, "", "");
  assert_parts(t, "plain", "plain");
  assert_parts(t, "<a>", "2:<a>");
  assert_parts(t, "x<a>b<a>bcd<aa>", "x|2:<a>|b|3:<a>bc|d|1:<a|4:a>");
  assert_parts(t, "<<a", "<|1:<a");
  added_tokens_free(t);
}

Test(added_tokens, a_special_one_that_is_ignored_hides_what_it_holds) {
  const added_token list[] = {
      {.text = "<a>", .id = 1, .special = true}, {.text = "a>", .id = 2}, {.text = "<", .id = 3}};
  added_tokens *ignore = make(list, 3, BATCH_SPECIALS_IGNORE), *allow = make(list, 3, BATCH_SPECIALS_ALLOW);
  assert_parts(ignore, "x<a>a><", "x<a>|2:a>|3:<");
  assert_parts(allow, "x<a>a><", "x|1:<a>|2:a>|3:<");
  added_tokens_free(ignore);
  added_tokens_free(allow);
}

Test(added_tokens, white_space_is_taken_along) {
  added_tokens *t = MAKE(BATCH_SPECIALS_ALLOW, {.text = "<l>", .id = 1, .lstrip = true},
                         {.text = "<r>", .id = 2, .rstrip = true}, {.text = "  ", .id = 3});
  assert_parts(t, "a \t\xE3\x80\x80<l> b", "a|1: \t\xE3\x80\x80<l>| b");
  assert_parts(t, "a <r>\xC2\xA0\n b", "a |2:<r>\xC2\xA0\n |b");
  assert_parts(t, "<r> \t<l>", "2:<r> \t|1:<l>");
  assert_parts(t, "\xFF <l>", "\xFF|1: <l>"); /* a byte that is no UTF-8 is no white space */
  /* White space that one took along is found again by another, as in Hugging Face's library. */
  assert_parts(t, "<r>   b", "2:<r>   |3:  | b");
  added_tokens_free(t);
}

Test(added_tokens, a_single_word_stands_alone) {
  if (!characters_know_words()) cr_skip("built without utf8proc");
  added_tokens *t = MAKE(BATCH_SPECIALS_ALLOW, {.text = "word", .id = 1, .single_word = true});
  assert_parts(t, "word", "1:word");
  assert_parts(t, "word, (word) word", "1:word|, (|1:word|) |1:word");
  assert_parts(t, "sword words word_ 1word word\xCC\x81 \xC3\xA9word",
               "sword words word_ 1word word\xCC\x81 \xC3\xA9word");
  assert_parts(t, "\xE2\x92\xB6word", "\xE2\x92\xB6word"); /* a circled letter, alphabetic and a symbol */
  assert_parts(t, "\xE2\x82\xACword", "\xE2\x82\xAC|1:word");
  assert_parts(t, "\x81word\xFF", "\x81|1:word|\xFF");
  added_tokens_free(t);
}

Test(added_tokens, each_is_found_in_its_own_kind_of_text) {
  added_tokens *t = MAKE(BATCH_SPECIALS_ALLOW, {.text = "<raw>", .id = 1},
                         {.text = "<N>", .id = 2, .normalized = true, .found_as = "<n>"},
                         {.text = "<none>", .id = 3, .only_id = true});
  cr_assert_str_eq(parts_of(t, false, "<raw><n><N><none>"), "1:<raw>|<n><N><none>");
  cr_assert_str_eq(parts_of(t, true, "<raw><n><N><none>"), "<raw>|2:<n>|<N><none>");
  cr_assert_eq(added_tokens_of(t, 3)->id, 3);
  cr_assert_null(added_tokens_of(t, 4));
  cr_assert_eq(added_tokens_named(t, "<N>", 3)->id, 2);
  cr_assert_null(added_tokens_named(t, "<n>", 3));
  added_tokens_free(t);
}

Test(added_tokens, two_of_one_id_or_one_text_clash) {
  added_tokens *ids = added_tokens_create(), *texts = added_tokens_create();
  const added_token *clash = NULL;
  added_tokens_add(ids, &(added_token){.text = "a", .bytes = 1, .id = 7});
  added_tokens_add(ids, &(added_token){.text = "b", .bytes = 1, .id = 7});
  cr_assert_eq(added_tokens_finish(ids, BATCH_SPECIALS_IGNORE, &clash), ADDED_ID_TAKEN);
  cr_assert_eq(clash->id, 7);
  added_tokens_add(texts, &(added_token){.text = "a", .bytes = 1, .id = 7});
  added_tokens_add(texts, &(added_token){.text = "a", .bytes = 1, .id = 8});
  cr_assert_eq(added_tokens_finish(texts, BATCH_SPECIALS_IGNORE, &clash), ADDED_TEXT_TAKEN);
  cr_assert_str_eq(clash->text, "a");
  added_tokens_free(ids);
  added_tokens_free(texts);
}

static uint64_t seed = 0x9E3779B97F4A7C15;

static size_t below(size_t n) {
  return random_below(&seed, (uint32_t)n);
}

/* The slow way: at each place every string. */
static const added_string *find_slowly(const added_string *strings, size_t count, const char *text,
                                       size_t bytes, size_t from, size_t *start) {
  for (*start = from; *start < bytes; ++*start) {
    const added_string *best = NULL;
    for (size_t i = 0; i < count; i++)
      if (strings[i].bytes <= bytes - *start &&
          memcmp(strings[i].text, text + *start, strings[i].bytes) == 0 &&
          (!best || strings[i].bytes > best->bytes))
        best = &strings[i];
    if (best) return best;
  }
  return NULL;
}

static char *random_string(size_t bytes, unsigned letters) {
  char *text = malloc(bytes + 1);
  for (size_t i = 0; i < bytes; i++)
    text[i] = (char)(below(40) ? 'a' + (char)below(letters) : (char)below(256));
  text[bytes] = '\0';
  return text;
}

static void compare_finders(unsigned letters, size_t most) {
  size_t count = 0, wanted = 1 + below(most), bytes = below(300);
  added_string *strings = malloc(wanted * sizeof *strings), *copy = malloc(wanted * sizeof *copy);
  for (size_t i = 0; i < wanted; i++) {
    size_t length = 1 + below(6);
    added_string one = {random_string(length, letters), length, NULL};
    bool twice = false;
    for (size_t k = 0; k < count; k++)
      twice |= strings[k].bytes == length && memcmp(strings[k].text, one.text, length) == 0;
    if (twice)
      free((char *)(uintptr_t)one.text);
    else
      strings[count++] = one;
  }
  memcpy(copy, strings, count * sizeof *copy);
  added_finder finder;
  cr_assert_null(added_finder_make(&finder, strings, count));
  char *text = random_string(bytes, letters);
  for (size_t at = 0, start, slow_start;;) {
    const added_string *found = added_finder_next(&finder, text, bytes, at, &start),
                       *slow = find_slowly(copy, count, text, bytes, at, &slow_start);
    cr_assert_eq(!found, !slow);
    if (!found) break;
    cr_assert(start == slow_start && found->bytes == slow->bytes);
    at = start + found->bytes;
  }
  for (size_t i = 0; i < count; i++) free((char *)(uintptr_t)copy[i].text);
  free(copy);
  free(text);
  added_finder_free(&finder);
}

Test(added_tokens, what_is_found_fast_is_what_is_found_slowly) {
  for (unsigned i = 0; i < 3000; i++) compare_finders(1 + (unsigned)below(4), i % 2 ? 3 : 40);
}

/* Where a cut is allowed the parts of both halves are those of the whole. */
static void check_cuts(const added_tokens *t, const char *text, size_t bytes, unsigned *allowed) {
  for (size_t at = 1; at < bytes; at++) {
    if ((text[at] & 0xC0) == 0x80 || !added_tokens_allow_cut(t, text, bytes, at)) continue;
    added_walk whole = {.text = text, .bytes = bytes},
               halves[] = {{.text = text, .bytes = at}, {.text = text + at, .bytes = bytes - at}};
    added_part part, expected;
    int half = 0;
    while (added_tokens_next(t, &whole, &part)) {
      bool there = added_tokens_next(t, &halves[half], &expected);
      if (!there) {
        cr_assert_eq(half++, 0);
        there = added_tokens_next(t, &halves[1], &expected);
      }
      size_t shift = half ? at : 0;
      cr_assert(there && part.token == expected.token && part.start == expected.start + shift);
      /* Text that goes on over the cut is two texts: that is the splitter's affair. */
      if (part.end != expected.end + shift) {
        cr_assert(!part.token && half == 0 && expected.end == at && part.end > at);
        half = 1;
        cr_assert(added_tokens_next(t, &halves[1], &expected) && !expected.token &&
                  expected.end + at == part.end);
      }
    }
    if (half == 0) cr_assert(!added_tokens_next(t, &halves[0], &expected));
    cr_assert(!added_tokens_next(t, &halves[1], &expected));
    ++*allowed;
  }
}

static void try_cuts(added_tokens *t) {
  static const char *const scraps[] = {"<l>", "<r>", "<b>",          "word",    "<w>", "s",  " ",
                                       "  ",  "\n",  "\xE3\x80\x80", ",",       "<",   "r>", "\xFF",
                                       "<l",  "(",   "<x>  y",       "\xC3\xA9"};
  unsigned allowed = 0;
  for (unsigned i = 0; i < 20000; i++) {
    char text[100] = "";
    for (size_t n = 1 + below(8); n > 0; n--) strcat(text, scraps[below(sizeof scraps / sizeof *scraps)]);
    check_cuts(t, text, strlen(text), &allowed);
  }
  cr_assert_gt(allowed, 10000);
  added_tokens_free(t);
}

Test(added_tokens, a_cut_that_is_allowed_changes_no_part) {
  try_cuts(MAKE(BATCH_SPECIALS_ALLOW, {.text = "<l>", .id = 1, .lstrip = true},
                {.text = "<r>", .id = 2, .rstrip = true},
                {.text = "<b>", .id = 3, .lstrip = true, .rstrip = true, .single_word = true},
                {.text = "word", .id = 4, .single_word = true}, {.text = "<w>", .id = 5},
                {.text = "<x>  y", .id = 6}));
  try_cuts(MAKE(BATCH_SPECIALS_ALLOW, {.text = "word", .id = 4, .single_word = true},
                {.text = "s", .id = 5, .single_word = true},
                {.text = "<w>", .id = 6, .special = true, .rstrip = true}));
  try_cuts(MAKE(BATCH_SPECIALS_IGNORE, {.text = "<w>", .id = 6, .special = true, .rstrip = true},
                {.text = "<l>", .id = 1, .special = true}, {.text = "r>", .id = 7}));
}
