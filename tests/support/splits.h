/* Splitters of every known way, and the pieces that they make. */
#ifndef HEADRACE_TESTS_SPLITS_H
#define HEADRACE_TESTS_SPLITS_H

#include <stdint.h>

#include "support/files.h"
#include "text/split/splitter.h"

enum { SPLITS_KNOWN = 6 };

/* Those that a scanner does: the named ones, GPT-4o's and DeepSeek V3's tokenizer.json. */
typedef enum split_way {
  WAY_GPT2,
  WAY_CL100K,
  WAY_O200K,
  WAY_GPT4O, /* matches are what is kept */
  WAY_QWEN2,
  WAY_DEEPSEEK3
} split_way;

extern const char *const split_way_names[SPLITS_KNOWN];

/* by_pcre2: with the scanners left out. */
splitter *make_split(split_way way, bool by_pcre2);

/* A splitter with one regex. */
splitter *make_regex_split(const char *pattern, split_syntax syntax, split_behavior behavior, bool invert);

typedef struct piece_list {
  piece *pieces;
  size_t count;
} piece_list;

/* All pieces of a text, taken by 1 to 64 at a time; they are in order, not empty, and inside it. */
piece_list split_text(const splitter *s, const void *text, size_t size, uint64_t *state);

/* The index of the first piece that differs; SIZE_MAX: there is none. */
size_t first_difference(const piece_list *a, const piece_list *b);

/* Text of what splits trip over. malformed: with bytes that are not UTF-8. */
bytes random_splittable(uint64_t *state, size_t size, bool malformed);

#endif
