/* Scanners by hand for known patterns, and what they share. What each does is in its pattern, which is written above
   it; that it does so is shown against PCRE2 by tests/test_split.c. */
#ifndef HEADRACE_TEXT_SPLIT_SCAN_H
#define HEADRACE_TEXT_SPLIT_SCAN_H

#include "base/file.h"
#include "text/split/classes.h"
#include "text/split/malformed.h"
#include "text/split/piece.h"

/* A text, and where the scan of it stands. */
typedef struct scan {
  const classes *classes;
  const char *text;
  size_t at, bytes;
  size_t fragment_end; /* what follows `at` is well-formed up to here */
} scan;

/* Puts the next pieces into pieces [room], room >= 1, and returns how many. */
typedef size_t scanner(scan *s, piece *pieces, size_t room);

scanner scan_gpt2, scan_cl100k, scan_qwen2, scan_o200k, scan_deepseek3;

/* 0x80 in each byte of `word` that is in [low, high], which are ASCII. */
static inline uint64_t between(uint64_t word, uint8_t low, uint8_t high) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
  uint64_t bits = word & ~tops;
  return ~word & tops & ((bits + ones * (uint64_t)(0x80 - low)) ^ (bits + ones * (uint64_t)(0x7F - high)));
}

/* The end of the run of ASCII characters in [low, high] at p; fold: of letters in either case. */
static inline const uint8_t *ascii_run(const uint8_t *p, const uint8_t *end, uint8_t low, uint8_t high,
                                       bool fold) {
  const uint64_t tops = UINT64_C(0x8080808080808080), cases = fold ? UINT64_C(0x2020202020202020) : 0;
  for (; end - p >= 8; p += 8) {
    uint64_t others = between(load_u64(p) | cases, low, high) ^ tops;
    if (others) return p + (__builtin_ctzll(others) >> 3);
  }
  while (p < end && (*p | (fold ? 0x20 : 0)) >= low && (*p | (fold ? 0x20 : 0)) <= high) p++;
  return p;
}

/* The end of the run of characters at p that have one of the classes in `in`, and none of those in `out`. */
static inline const uint8_t *run(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t in,
                                 uint8_t out) {
  uint32_t bytes;
  for (; p < end; p += bytes) {
    uint8_t class = class_at(c, p, &bytes);
    if ((in && !(class & in)) || (class & out)) break;
  }
  return p;
}

/* \p{L}+ or, with CLASS_WORD, [\p{L}\p{M}]+, of which most are ASCII. */
static inline const uint8_t *letters(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t in,
                                     uint8_t out) {
  p = ascii_run(p, end, 'a', 'z', true);
  return p < end && *p >= 0x80 ? run(c, p, end, in, out) : p;
}

/* What follows the apostrophe at p in 's, 't, 're, 've, 'm, 'll, 'd: with it, so many bytes; else 0. In either case,
   U+017F is an s too. */
static inline size_t contraction(const uint8_t *p, const uint8_t *end, bool any_case) {
  uint8_t fold = any_case ? 0x20 : 0;
  if (end - p < 2) return 0;
  uint8_t a = p[1] | fold, b = end - p > 2 ? p[2] | fold : 0;
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if (((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l')) return 3;
  return any_case && end - p > 2 && p[1] == 0xC5 && p[2] == 0xBF ? 3 : 0;
}

/* White space at p: \s*[\r\n]+ if breaks, else \s+(?!\S), else \s+. */
static inline const uint8_t *white(const classes *c, const uint8_t *p, const uint8_t *end, bool breaks) {
  const uint8_t *q = p, *last = p, *behind_break = NULL;
  uint32_t bytes;
  for (uint8_t class; q < end && ((class = class_at(c, q, &bytes)) & CLASS_SPACE); q += bytes) {
    last = q;
    if (class & CLASS_BREAK) behind_break = q + bytes;
  }
  if (breaks && behind_break) return behind_break;
  return q < end && last > p ? last : q;
}

/* \p{N}{1,most} at p, or nothing. */
static inline const uint8_t *numbers(const classes *c, const uint8_t *p, const uint8_t *end, unsigned most) {
  uint32_t bytes;
  for (unsigned i = 0; i < most && p < end && (class_at(c, p, &bytes) & CLASS_NUMBER); i++) p += bytes;
  return p;
}

/* If malformed bytes are next, or the fragment has ended, sees to it: true if the malformed ones are *out. */
static inline bool scan_malformed(scan *s, piece *out) {
  if (s->at < s->fragment_end) return false;
  s->fragment_end = well_formed_end(s->text, s->at, s->bytes);
  if (s->at < s->fragment_end || s->at == s->bytes) return false;
  *out = (piece){s->at, malformed_end(s->text, s->at, s->bytes)};
  s->at = out->end;
  return true;
}

/* Where the piece ends that begins at p < end, of well-formed text. */
typedef const uint8_t *scan_next(const classes *c, const uint8_t *p, const uint8_t *end);

/* The scanner of a pattern that all well-formed text consists of matches of; `next` is known where it is called, and so
   part of the loop. */
static inline __attribute__((always_inline)) size_t scan_by(scan_next *next, scan *s, piece *pieces,
                                                            size_t room) {
  const uint8_t *text = (const uint8_t *)s->text;
  size_t count = 0;
  while (count < room && s->at < s->bytes) {
    if (scan_malformed(s, &pieces[count])) {
      count++;
      continue;
    }
    const uint8_t *p = text + s->at, *end = text + s->fragment_end;
    for (; count < room && p < end; count++) {
      const uint8_t *start = p;
      p = next(s->classes, p, end);
      pieces[count] = (piece){(size_t)(start - text), (size_t)(p - text)};
    }
    s->at = (size_t)(p - text);
  }
  return count;
}

#endif
