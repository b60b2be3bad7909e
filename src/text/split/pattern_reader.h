/* Where the translation of a pattern stands (pattern.c: groups and quantifiers; pattern_class.c: sets). */
#ifndef HEADRACE_TEXT_SPLIT_PATTERN_READER_H
#define HEADRACE_TEXT_SPLIT_PATTERN_READER_H

#include <stdint.h>

#include "text/split/pattern.h"

typedef struct pattern_reader {
  const char *pattern;
  size_t at, bytes;
  split_syntax syntax;
  bool caseless, in_set;
  text_buffer *out;
  char *why;
  size_t room;
} pattern_reader;

/* One character of the pattern, or what a backslash and what follows stand for. */
typedef struct pattern_item {
  enum { ITEM_LITERAL, ITEM_SET } kind;
  uint32_t code;   /* literal */
  const char *set; /* what stands between brackets for it: "\p{White_Space}" */
  bool negated;    /* all but that */
  char spelled[48];
} pattern_item;

/* false, with why: what `format` names, at byte `at`. */
__attribute__((format(printf, 3, 4))) bool pattern_refuse(pattern_reader *r, size_t at, const char *format,
                                                          ...);

bool pattern_append(pattern_reader *r, const char *text);

/* The byte `ahead` of where it stands; '\0' behind the end. */
char pattern_peek(const pattern_reader *r, size_t ahead);

/* Reads a character, which is no special one, or a whole escape. */
bool pattern_read_item(pattern_reader *r, pattern_item *item);

/* Appends a literal so that it means itself, in a set or outside. */
bool pattern_append_literal(pattern_reader *r, uint32_t code, size_t at);

/* Appends a set by itself, in brackets. */
bool pattern_append_set(pattern_reader *r, const pattern_item *item);

/* Reads a set in brackets and appends it. */
bool pattern_bracket(pattern_reader *r);

#endif
