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
  return scan_by(next, s, pieces, room);
}
