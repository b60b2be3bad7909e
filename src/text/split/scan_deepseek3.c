/* DeepSeek V3's three steps, each isolating its matches:
   \p{N}{1,3}
   [一-龥぀-ゟ゠-ヿ]+
   [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|
   \s*[\r\n]+|\s+(?!\S)|\s+
   So the third sees texts without numbers that are all CJK, or have none of it; and not everything matches: control
   characters and the like are pieces of what is between, which malformed bytes belong to. */
#include "text/split/scan.h"

enum { OUTSIDE = CLASS_NUMBER }; /* no class of a character inside a text of the third step */

/* As class_at, within the text of the third step that is all CJK, or has none. */
static inline uint8_t inside(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t cjk,
                             uint32_t *bytes) {
  *bytes = 0;
  if (p == end) return OUTSIDE;
  uint8_t class = class_at(c, p, bytes);
  return (class & CLASS_NUMBER) || (class & CLASS_CJK) != cjk ? OUTSIDE : class;
}

static inline const uint8_t *run_inside(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t cjk,
                                        uint8_t in) {
  uint32_t bytes;
  while (inside(c, p, end, cjk, &bytes) & in) p += bytes;
  return p;
}

static inline const uint8_t *word(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t cjk) {
  if (!cjk) p = ascii_run(p, end, 'a', 'z', true);
  return p < end && *p >= 0x80 ? run_inside(c, p, end, cjk, CLASS_WORD) : p;
}

static inline const uint8_t *points(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t cjk) {
  p = run_inside(c, p, end, cjk, CLASS_POINT);
  while (!cjk && p < end && (*p == '\n' || *p == '\r')) p++;
  return p;
}

/* The third step's match at p; NULL: there is none. */
static inline const uint8_t *match(const classes *c, const uint8_t *p, const uint8_t *end, uint8_t cjk) {
  uint32_t bytes, more;
  uint8_t class = inside(c, p, end, cjk, &bytes);
  if (class & CLASS_WORD) return word(c, p + bytes, end, cjk);
  const uint8_t *behind = p + bytes;
  if ((class & CLASS_POINT) && *p < 0x80) {
    const uint8_t *name = ascii_run(behind, end, 'a', 'z', true);
    if (name > behind) return name;
  }
  if (class & CLASS_POINT) return points(c, p, end, cjk);
  uint8_t follows = inside(c, behind, end, cjk, &more);
  if (!(class & CLASS_BREAK) && (follows & CLASS_WORD)) return word(c, behind, end, cjk);
  if (*p == ' ' && (follows & CLASS_POINT)) return points(c, behind, end, cjk);
  if (!(class & CLASS_SPACE)) return NULL;
  /* The text ends before a number or CJK: for (?!\S) as at the end. */
  const uint8_t *run_end = run(c, p, end, CLASS_SPACE, 0);
  return white(c, p, inside(c, run_end, end, cjk, &more) == OUTSIDE ? run_end : end, true);
}

/* The end of what does not match at s->at. */
static const uint8_t *gap(scan *s, uint8_t cjk) {
  const uint8_t *text = (const uint8_t *)s->text;
  size_t at = s->at;
  for (uint32_t bytes; at < s->bytes; at += bytes) {
    if (at == s->fragment_end) {
      if (cjk) break;
      at = malformed_end(s->text, at, s->bytes);
      s->fragment_end = well_formed_end(s->text, at, s->bytes);
      if (at == s->bytes) break;
    }
    const uint8_t *p = text + at, *end = text + s->fragment_end;
    if (inside(s->classes, p, end, cjk, &bytes) == OUTSIDE || match(s->classes, p, end, cjk)) break;
  }
  return text + at;
}

static inline const uint8_t *next(scan *s, const uint8_t *p, const uint8_t *end) {
  uint32_t bytes;
  if (p == end) return gap(s, 0); /* malformed */
  uint8_t class = class_at(s->classes, p, &bytes), cjk = class & CLASS_CJK;
  if (class & CLASS_NUMBER) return numbers(s->classes, p, end, 3);
  const uint8_t *q = match(s->classes, p, end, cjk);
  return q ? q : gap(s, cjk);
}

size_t scan_deepseek3(scan *s, piece *pieces, size_t room) {
  const uint8_t *text = (const uint8_t *)s->text;
  size_t count = 0;
  for (; count < room && s->at < s->bytes; count++) {
    if (s->at >= s->fragment_end) s->fragment_end = well_formed_end(s->text, s->at, s->bytes);
    size_t start = s->at;
    s->at = (size_t)(next(s, text + s->at, text + s->fragment_end) - text);
    pieces[count] = (piece){start, s->at};
  }
  return count;
}
