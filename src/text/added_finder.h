/* Finds the strings of a set in a text: the leftmost one, of those that begin there the longest. A text without any is
   passed over at the pace of memchr, or of a table of first bytes. What is found at one place takes at most as many
   steps as the longest string has bytes. */
#ifndef HEADRACE_TEXT_ADDED_FINDER_H
#define HEADRACE_TEXT_ADDED_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct added_string {
  const char *text;
  size_t bytes; /* at least 1 */
  const void *of;
} added_string;

/* A set of two bytes in a row. */
typedef struct byte_pairs {
  uint64_t words[1024];
} byte_pairs;

typedef struct added_finder {
  added_string *strings; /* sorted by their bytes */
  size_t count;
  bool first[256];   /* bytes that one begins with */
  int only;          /* the one that all begin with; -1: there are several */
  byte_pairs starts; /* the first two bytes; behind a string of one byte, any */
  byte_pairs inside; /* any two bytes in a row */
} added_finder;

/* Takes strings [count] over, from malloc. They must differ: else one that is there twice is answered; NULL: good. */
const added_string *added_finder_make(added_finder *finder, added_string *strings, size_t count);
void added_finder_free(added_finder *finder);

/* The first match at `from` or behind: its string, and *start; NULL: there is none. */
const added_string *added_finder_next(const added_finder *finder, const char *text, size_t bytes, size_t from,
                                      size_t *start);

static inline bool byte_pairs_have(const byte_pairs *pairs, const char *text) {
  unsigned pair = (unsigned)(uint8_t)text[0] << 8 | (uint8_t)text[1];
  return pairs->words[pair / 64] >> (pair % 64) & 1;
}

#endif
