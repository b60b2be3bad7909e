#include "text/added_finder.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const added_string *one = a, *other = b;
  size_t shorter = one->bytes < other->bytes ? one->bytes : other->bytes;
  int order = memcmp(one->text, other->text, shorter);
  return order ? order : (one->bytes > other->bytes) - (one->bytes < other->bytes);
}

static void put_pair(byte_pairs *pairs, uint8_t first, uint8_t second) {
  unsigned pair = (unsigned)first << 8 | second;
  pairs->words[pair / 64] |= UINT64_C(1) << (pair % 64);
}

static void put_string(added_finder *f, const added_string *string) {
  const uint8_t *text = (const uint8_t *)string->text;
  f->first[text[0]] = true;
  f->only = f->only == -2 || f->only == text[0] ? text[0] : -1;
  for (size_t i = 0; i + 1 < string->bytes; i++) put_pair(&f->inside, text[i], text[i + 1]);
  if (string->bytes > 1)
    put_pair(&f->starts, text[0], text[1]);
  else
    for (unsigned second = 0; second < 256; second++) put_pair(&f->starts, text[0], (uint8_t)second);
}

const added_string *added_finder_make(added_finder *f, added_string *strings, size_t count) {
  memset(f, 0, sizeof *f);
  f->strings = strings;
  f->count = count;
  f->only = -2;
  if (count > 0) qsort(strings, count, sizeof *strings, compare);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && compare(&strings[i - 1], &strings[i]) == 0) return &strings[i];
    put_string(f, &strings[i]);
  }
  return NULL;
}

void added_finder_free(added_finder *f) {
  free(f->strings);
  f->strings = NULL;
}

/* The first of strings [low, high), which agree before `depth` and go on there, whose byte there is not below. */
static size_t first_not_below(const added_finder *f, size_t low, size_t high, size_t depth, unsigned byte) {
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if ((uint8_t)f->strings[middle].text[depth] < byte)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The longest string that the text begins with. */
static const added_string *longest(const added_finder *f, const char *text, size_t bytes) {
  const added_string *best = NULL;
  size_t low = 0, high = f->count;
  for (size_t depth = 0; depth < bytes && low < high; depth++) {
    unsigned byte = (uint8_t)text[depth];
    low = first_not_below(f, low, high, depth, byte);
    high = first_not_below(f, low, high, depth, byte + 1);
    if (low < high && f->strings[low].bytes == depth + 1) best = &f->strings[low++];
  }
  return best;
}

/* The first place from `at` on where one may begin; `bytes`: there is none. */
static size_t next_place(const added_finder *f, const char *text, size_t bytes, size_t at) {
  for (; at < bytes; at++) {
    if (f->only >= 0) {
      const char *found = memchr(text + at, f->only, bytes - at);
      if (!found) return bytes;
      at = (size_t)(found - text);
    } else {
      while (at < bytes && !f->first[(uint8_t)text[at]]) at++;
      if (at == bytes) return bytes;
    }
    if (at + 1 == bytes || byte_pairs_have(&f->starts, text + at)) return at;
  }
  return bytes;
}

const added_string *added_finder_next(const added_finder *f, const char *text, size_t bytes, size_t from,
                                      size_t *start) {
  if (f->count == 0) return NULL;
  for (size_t at = from; (at = next_place(f, text, bytes, at)) < bytes; at++) {
    const added_string *found = longest(f, text + at, bytes - at);
    *start = at;
    if (found) return found;
  }
  return NULL;
}
