/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
   of GPT-4 and Llama 3; and Qwen's, with \p{N} for \p{N}{1,3}.

   And o200k, of GPT-4o:
   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
   \p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
#include "text/split/scan.h"

typedef struct rules {
  unsigned digits; /* in a piece */
  bool cased;      /* o200k */
} rules;

/* [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ at p; NULL: no match. *capitals: the end of the first
   half alone. Backtracking gives the second half the last character of the first that is in both. */
static inline const uint8_t *cased(const classes *c, const uint8_t *p, const uint8_t *end,
                                   const uint8_t **capitals) {
  const uint8_t *both = NULL;
  uint32_t bytes;
  for (; p < end; p += bytes) {
    uint8_t class = class_at(c, p, &bytes);
    if (!(class & CLASS_UPPER)) {
      if (class & CLASS_LOWER) both = run(c, p + bytes, end, CLASS_LOWER, 0);
      break;
    }
    if (class & CLASS_LOWER) both = p + bytes;
  }
  *capitals = p;
  return both;
}

/* A word of o200k whose first letter or mark is at p, and the short form behind it. */
static inline const uint8_t *cased_word(const classes *c, const uint8_t *p, const uint8_t *end) {
  const uint8_t *q = ascii_run(ascii_run(p, end, 'A', 'Z', false), end, 'a', 'z', false);
  if (q == p || (q < end && *q >= 0x80)) {
    const uint8_t *capitals, *word = cased(c, p, end, &capitals);
    q = word ? word : capitals;
  }
  return q < end && *q == '\'' ? q + contraction(q, end, true) : q;
}

/* Where a mark is first: it may be what stands before a word, or the word itself if the second half finds no other
   character. */
static inline const uint8_t *marked_word(const classes *c, const uint8_t *behind, const uint8_t *end) {
  const uint8_t *capitals, *word = cased(c, behind, end, &capitals);
  const uint8_t *q = word ? word : behind;
  return q < end && *q == '\'' ? q + contraction(q, end, true) : q;
}

static inline const uint8_t *word(rules r, const classes *c, const uint8_t *p, const uint8_t *end) {
  return r.cased ? cased_word(c, p, end) : letters(c, p, end, CLASS_LETTER, 0);
}

/* [^\s\p{L}\p{N}]+[\r\n]*, or [\r\n/]* */
static inline const uint8_t *others(rules r, const classes *c, const uint8_t *p, const uint8_t *end) {
  p = run(c, p, end, 0, CLASS_NAMED);
  while (p < end && (*p == '\n' || *p == '\r' || (r.cased && *p == '/'))) p++;
  return p;
}

/* What begins at p with neither a letter nor a number. */
static inline const uint8_t *next_other(rules r, const classes *c, const uint8_t *p, const uint8_t *end) {
  uint32_t bytes, more;
  uint8_t class = class_at(c, p, &bytes), in_word = r.cased ? CLASS_WORD : CLASS_LETTER;
  const uint8_t *behind = p + bytes;
  if (!r.cased && *p == '\'') {
    size_t short_form = contraction(p, end, true);
    if (short_form) return p + short_form;
  }
  if (r.cased && (class & CLASS_WORD)) return marked_word(c, behind, end);
  uint8_t follows = behind < end ? class_at(c, behind, &more) : CLASS_SPACE;
  if ((follows & in_word) && !(class & CLASS_BREAK)) return word(r, c, behind, end);
  if (!(class & CLASS_SPACE)) return others(r, c, p, end);
  return *p == ' ' && !(follows & CLASS_NAMED) ? others(r, c, behind, end) : white(c, p, end, true);
}

static inline __attribute__((always_inline)) const uint8_t *next(rules r, const classes *c, const uint8_t *p,
                                                                 const uint8_t *end) {
  uint32_t bytes;
  uint8_t class = class_at(c, p, &bytes);
  if (class & CLASS_LETTER) return word(r, c, p, end);
  return class & CLASS_NUMBER ? numbers(c, p, end, r.digits) : next_other(r, c, p, end);
}

static inline const uint8_t *next_cl100k(const classes *c, const uint8_t *p, const uint8_t *end) {
  return next((rules){.digits = 3}, c, p, end);
}

static inline const uint8_t *next_qwen2(const classes *c, const uint8_t *p, const uint8_t *end) {
  return next((rules){.digits = 1}, c, p, end);
}

static inline const uint8_t *next_o200k(const classes *c, const uint8_t *p, const uint8_t *end) {
  return next((rules){.digits = 3, .cased = true}, c, p, end);
}

size_t scan_cl100k(scan *s, piece *pieces, size_t room) {
  return scan_by(next_cl100k, s, pieces, room);
}

size_t scan_qwen2(scan *s, piece *pieces, size_t room) {
  return scan_by(next_qwen2, s, pieces, room);
}

size_t scan_o200k(scan *s, piece *pieces, size_t room) {
  return scan_by(next_o200k, s, pieces, room);
}
