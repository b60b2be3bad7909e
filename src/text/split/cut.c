#include "text/split/cut.h"

#include "base/utf8.h"

static bool is_letter_or_number(uint8_t class) {
  return class & (CLASS_LETTER | CLASS_NUMBER);
}

/* The classes of the character that ends at `at`; CLASS_SPACE if it is malformed or its start is not there. */
static uint8_t class_before(const classes *c, const uint8_t *text, size_t at) {
  uint32_t ignored;
  for (size_t back = 1; back <= 4 && back <= at; back++) {
    if ((text[at - back] & 0xC0) == 0x80) continue;
    utf8_step step = utf8_next(text + at - back, back);
    return step.valid && step.bytes == back ? class_at(c, text + at - back, &ignored) : CLASS_SPACE;
  }
  return CLASS_SPACE;
}

/* Of the one that begins there; CLASS_SPACE if it is malformed or its end is not there. */
static uint8_t class_behind(const classes *c, const uint8_t *text, size_t at, size_t bytes) {
  uint32_t ignored;
  return utf8_next(text + at, bytes - at).valid ? class_at(c, text + at, &ignored) : CLASS_SPACE;
}

static bool may_cut(const classes *c, const uint8_t *text, size_t at, size_t bytes) {
  if (text[at] < 0x80 && (c->ascii[text[at]] & CLASS_SPACE))
    return is_letter_or_number(class_before(c, text, at));
  return text[at - 1] == '\n' && at > 1 && !(class_before(c, text, at - 1) & CLASS_SPACE) &&
         is_letter_or_number(class_behind(c, text, at, bytes));
}

size_t cut_last(const classes *c, const uint8_t *text, size_t from, size_t bytes) {
  for (size_t at = bytes; at-- > from + 1;)
    if (may_cut(c, text, at, bytes)) return at;
  return 0;
}
