#include "support/splits.h"

#include <string.h>

#include "support/check.h"
#include "support/random.h"

const char *const split_way_names[SPLITS_KNOWN] = {"gpt2", "cl100k", "o200k", "gpt4o", "qwen2", "deepseek3"};

static const char *const o200k =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char *const deepseek3[] = {
    "\\p{N}{1,3}", "[\xE4\xB8\x80-\xE9\xBE\xA5\xE3\x81\x80-\xE3\x82\x9F\xE3\x82\xA0-\xE3\x83\xBF]+",
    ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
     " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")};

static void add(splitter *s, const char *pattern, split_syntax syntax, split_behavior behavior, bool invert) {
  char why[200];
  cr_assert(splitter_add_regex(s, pattern, strlen(pattern), syntax, behavior, invert, why, sizeof why),
            "%s: %s", pattern, why);
}

static void add_steps(splitter *s, split_way way) {
  static const splitter_name names[SPLITS_KNOWN] = {[WAY_GPT2] = SPLITTER_GPT2,
                                                    [WAY_CL100K] = SPLITTER_CL100K,
                                                    [WAY_O200K] = SPLITTER_O200K,
                                                    [WAY_QWEN2] = SPLITTER_QWEN2};
  char why[200];
  if (way == WAY_GPT4O)
    add(s, o200k, SPLIT_ONIGURUMA, SPLIT_REMOVED, true);
  else if (way == WAY_DEEPSEEK3)
    for (int i = 0; i < 3; i++) add(s, deepseek3[i], SPLIT_ONIGURUMA, SPLIT_ISOLATED, false);
  else
    cr_assert(splitter_add_named(s, names[way], why, sizeof why), "%s", why);
}

static void finish(splitter *s) {
  char why[200];
  cr_assert(splitter_finish(s, why, sizeof why), "%s", why);
}

splitter *make_split(split_way way, bool by_pcre2) {
  splitter *s = splitter_create();
  cr_assert(s);
  add_steps(s, way);
  finish(s);
  cr_assert_str_neq(splitter_way(s), "PCRE2", "%s is not known", split_way_names[way]);
  if (by_pcre2) splitter_use_pcre2(s);
  return s;
}

splitter *make_regex_split(const char *pattern, split_syntax syntax, split_behavior behavior, bool invert) {
  splitter *s = splitter_create();
  cr_assert(s);
  add(s, pattern, syntax, behavior, invert);
  finish(s);
  return s;
}

piece_list split_text(const splitter *s, const void *text, size_t size, uint64_t *state) {
  splitter_state *own = splitter_state_create(s);
  piece_list list = {NULL, 0};
  size_t behind = 0;
  cr_assert(own);
  for (size_t from = 0, capacity = 0; from < size;) {
    size_t room = 1 + random_below(state, 64), before = from;
    if (capacity - list.count < room) {
      capacity = 2 * capacity + room;
      list.pieces = realloc(list.pieces, capacity * sizeof *list.pieces);
      cr_assert(list.pieces);
    }
    size_t got = splitter_next(s, own, text, size, &from, list.pieces + list.count, room);
    cr_assert(got <= room && from > before && from <= size, "%zu pieces, from %zu to %zu", got, before, from);
    for (; got > 0; got--, list.count++) {
      piece p = list.pieces[list.count];
      cr_assert(p.start >= behind && p.start < p.end && p.end <= from, "[%zu, %zu)", p.start, p.end);
      behind = p.end;
    }
  }
  splitter_state_free(own);
  return list;
}

size_t first_difference(const piece_list *a, const piece_list *b) {
  for (size_t i = 0; i < a->count || i < b->count; i++)
    if (i >= a->count || i >= b->count || a->pieces[i].start != b->pieces[i].start ||
        a->pieces[i].end != b->pieces[i].end)
      return i;
  return SIZE_MAX;
}

static const char *const parts[] = {"a",
                                    "e",
                                    "s",
                                    "t",
                                    "A",
                                    "S",
                                    "T",
                                    "re",
                                    "VE",
                                    "ll",
                                    "word",
                                    "WORD",
                                    "Word",
                                    "wORD",
                                    "the",
                                    "I",
                                    "'s",
                                    "'S",
                                    "'t",
                                    "'re",
                                    "'vE",
                                    "'LL",
                                    "'d",
                                    "'M",
                                    "'",
                                    "''",
                                    "'\xc5\xbf",
                                    "'l",
                                    "'x",
                                    "\xe2\x80\x99s",
                                    " ",
                                    " ",
                                    " ",
                                    "  ",
                                    "   ",
                                    "\t",
                                    "\n",
                                    "\n",
                                    "\r\n",
                                    "\r",
                                    "\n\n",
                                    "\r\n\r\n",
                                    " \n",
                                    "\n ",
                                    "\x0b",
                                    "\x0c",
                                    "\x1c",
                                    "\x1f",
                                    "\xc2\x85",
                                    "\xc2\xa0",
                                    "\xe1\x9a\x80",
                                    "\xe1\xa0\x8e",
                                    "\xe2\x80\x80",
                                    "\xe2\x80\xa8",
                                    "\xe2\x80\xa9",
                                    "\xe3\x80\x80",
                                    "\xe2\x80\x8b",
                                    "\xe2\x80\x8d",
                                    "\xe2\x81\xa0",
                                    "\xef\xbb\xbf",
                                    "0",
                                    "1",
                                    "42",
                                    "123",
                                    "1234567",
                                    "\xd9\xa3",
                                    "\xc2\xb2",
                                    "\xc2\xbd",
                                    "\xe2\x85\xa7",
                                    "\xe2\x91\xa0",
                                    "\xf0\x9d\x9f\x98",
                                    "\xe3\x80\x87",
                                    "!",
                                    "?",
                                    ".",
                                    ",",
                                    "-",
                                    "_",
                                    "/",
                                    "//",
                                    "/\n",
                                    "\\",
                                    "\"",
                                    "#",
                                    "$",
                                    "%",
                                    "&",
                                    "(",
                                    ")",
                                    "*",
                                    "+",
                                    ":",
                                    ";",
                                    "<",
                                    "=",
                                    ">",
                                    "@",
                                    "[",
                                    "]",
                                    "^",
                                    "`",
                                    "{",
                                    "|",
                                    "}",
                                    "~",
                                    "...",
                                    "\xc2\xab",
                                    "\xe2\x82\xac",
                                    "\xe2\x80\xa6",
                                    "\xc5\xbf",
                                    "\xe2\x84\xaa",
                                    "\xc3\xa9",
                                    "\xc3\x89",
                                    "\xc7\x85",
                                    "\xca\xb0",
                                    "\xc2\xaa",
                                    "\xc3\x9f",
                                    "\xce\xa3",
                                    "\xcf\x82",
                                    "\xd0\x96",
                                    "\xd7\xa9",
                                    "\xe0\xa4\x95",
                                    "\xe0\xa4\xbf",
                                    "\xe0\xb8\xb3",
                                    "\xe1\x8e\xa0",
                                    "\xf0\x90\x90\x80",
                                    "\xcc\x81",
                                    "\xcc\x88\xcc\x81",
                                    "\xe2\x83\x9d",
                                    "\xef\xb8\x8f",
                                    "\xf3\xa0\x84\x80",
                                    "\xe6\x97\xa5",
                                    "\xe6\x9c\xac",
                                    "\xe4\xb8\x80",
                                    "\xe9\xbe\xa5",
                                    "\xe9\xbe\xa6",
                                    "\xe3\x81\x82",
                                    "\xe3\x81\x80",
                                    "\xe3\x82\x97",
                                    "\xe3\x82\x99",
                                    "\xe3\x82\x9b",
                                    "\xe3\x82\xa0",
                                    "\xe3\x82\xab",
                                    "\xe3\x83\xbb",
                                    "\xe3\x83\xbc",
                                    "\xe3\x83\xbf",
                                    "\xe3\x84\x80",
                                    "\xe3\x80\x82",
                                    "\xed\x95\x9c",
                                    "\xf0\xa0\x80\x80",
                                    "\xf0\x9f\x92\xa7",
                                    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
                                    "\xf0\x9f\x8f\xbd",
                                    "\xf0\x9f\x87\xa9",
                                    "\x01",
                                    "\x7f",
                                    "\xc2\xad",
                                    "\xee\x80\x80",
                                    "\xcd\xb8",
                                    "\xef\xbf\xbd",
                                    "\xef\xbf\xbf",
                                    "\xf4\x8f\xbf\xbf"};

static const char *const bad[] = {"\xff",         "\xc3", "\xe2\x82", "\xf0\x9f\x92",
                                  "\xed\xa0\x80", "\x80", "\xc0\xaf", "\xf4\x90\x80\x80"};

bytes random_splittable(uint64_t *state, size_t size, bool malformed) {
  bytes b = {0};
  while (b.used < size) {
    uint32_t what = random_below(state, 40);
    const char *part = parts[random_below(state, sizeof parts / sizeof *parts)];
    if (what == 0 && malformed)
      put_text(&b, bad[random_below(state, sizeof bad / sizeof *bad)]);
    else if (what == 1) /* a run of one thing */
      for (uint32_t i = random_below(state, 12); i > 0; i--) put_text(&b, part);
    else if (what == 2)
      put(&b, "\0", 1);
    else
      put_text(&b, part);
  }
  return b;
}
