/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
#include "text/split/scan.h"

/* What begins at p, where there is something. */
static inline const uint8_t *next(const classes *c, const uint8_t *p, const uint8_t *end) {
  uint32_t bytes;
  const uint8_t *body = p + (*p == ' ' && p + 1 < end);
  uint8_t class = class_at(c, body, &bytes);
  if (class & CLASS_LETTER) return letters(c, body + bytes, end, CLASS_LETTER, 0);
  if (class & CLASS_NUMBER) return run(c, body + bytes, end, CLASS_NUMBER, 0);
  if (class & CLASS_SPACE) return white(c, p, end, false);
  size_t short_form = *p == '\'' ? contraction(p, end, false) : 0;
  return short_form ? p + short_form : run(c, body + bytes, end, 0, CLASS_NAMED);
}

size_t scan_gpt2(scan *s, piece *pieces, size_t room) {
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
