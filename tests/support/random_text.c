#include "support/random_text.h"
#include "support/random.h"

#include <string.h>

static const char *const parts[] = {
    "a", "e", "A", "o", "s", "Q", "i", "mill", "race", "THE", "word", " ", " ", "  ", "\t", "\n", "\n",
    "\n\n", "\r\n", "\r", "\r\r\n", " \n", "\n ", "\x0b", "\x0c", "\xc2\x85", "\xc2\xa0", "\xe2\x80\xa8",
    "\xe3\x80\x80",
    /* marks of several classes, in every order; iota below folds to a letter */
    "\xcc\x81", "\xcc\x88", "\xcc\x96", "\xcc\xa7", "\xcd\x85", "\xcc\xb4", "\xe3\x82\x99", "\xd6\xb0",
    "\xcd\x8f",
    /* Hangul: leads, vowels, finals, syllables without a final */
    "\xe1\x84\x92", "\xe1\x85\xa1", "\xe1\x86\xab", "\xed\x95\x98", "\xea\xb0\x80",
    /* letters that change, compose or expand */
    "\xc3\xbc", "\xc3\x9f", "\xef\xac\x81", "\xef\xb7\xba", "\xe2\x84\xab", "\xc4\xb0", "\xe1\xbe\xbc",
    "\xce\xa3", "\xe0\xa7\x87", "\xe0\xa6\xbe", "\xe0\xb7\x99", "\xe0\xb7\x8f", "\xe0\xb7\x8a",
    "\xf0\x91\x84\xb1", "\xf0\x91\x84\xa7", "\xf0\x9f\x92\xa7", "\xe6\xb0\xb4", "\xef\xbb\xbf",
    "\xe2\x96\x81", "\xe2\x96\x81", "<unk>", "</s>"};

static const char *const bad[] = {"\xff",         "\xc3", "\xe2\x82", "\xf0\x9f\x92",
                                  "\xed\xa0\x80", "\x80", "\xc0\xaf"};

bytes random_text(uint64_t *state, size_t count, bool malformed) {
  bytes b = {0};
  while (b.used < count) {
    bool is_bad = malformed && random_below(state, 20) == 0;
    put_text(&b, is_bad ? bad[random_below(state, sizeof bad / sizeof *bad)]
                        : parts[random_below(state, sizeof parts / sizeof *parts)]);
    if (random_below(state, 200) == 0)
      for (uint32_t i = random_below(state, 60); i > 0; i--) put_text(&b, parts[29 + random_below(state, 9)]);
  }
  return b;
}
