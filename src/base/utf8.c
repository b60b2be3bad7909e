#include "base/utf8.h"

#include <string.h>

/* How many continuation bytes a first byte calls for, and what the first of them may be (Unicode
   15, table 3-7): this is where overlong forms, surrogates and codes past U+10FFFF fall out. */
static uint32_t continuation(uint8_t first, uint8_t *low, uint8_t *high) {
  *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return first >= 0xC2 && first <= 0xDF   ? 1
         : (first & 0xF0) == 0xE0         ? 2
         : first >= 0xF0 && first <= 0xF4 ? 3
                                          : 0;
}

utf8_step utf8_next(const uint8_t *text, size_t bytes) {
  uint8_t low, high;
  if (text[0] < 0x80) return (utf8_step){true, false, 1, text[0]};
  uint32_t more = continuation(text[0], &low, &high), code = text[0] & (0x3Fu >> more);
  if (more == 0) return (utf8_step){false, false, 1, 0};
  for (uint32_t i = 1; i <= more; i++, low = 0x80, high = 0xBF) {
    if (i == bytes) return (utf8_step){false, true, i, 0};
    if (text[i] < low || text[i] > high) return (utf8_step){false, false, i, 0};
    code = code << 6 | (text[i] & 0x3F);
  }
  return (utf8_step){true, false, more + 1, code};
}

size_t utf8_well_formed(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  while (i < bytes) {
    uint64_t word;
    if (bytes - i >= sizeof word) { /* eight ASCII bytes at once */
      memcpy(&word, text + i, sizeof word);
      if (!(word & UINT64_C(0x8080808080808080))) {
        i += sizeof word;
        continue;
      }
    }
    utf8_step step = utf8_next(text + i, bytes - i);
    if (!step.valid) return i;
    i += step.bytes;
  }
  return i;
}

bool utf8_is_text(const uint8_t *text, size_t bytes, bool more) {
  for (size_t i = 0; i < bytes;) {
    utf8_step step = utf8_next(text + i, bytes - i);
    if (!step.valid) return step.truncated && more;
    if (step.code < 32 && !(step.code >= '\t' && step.code <= '\r')) return false;
    i += step.bytes;
  }
  return true;
}

size_t utf8_cut_off(const uint8_t *text, size_t bytes) {
  for (size_t back = 1; back <= 3 && back <= bytes; back++) {
    const uint8_t *start = text + bytes - back;
    if (*start >= 0xC0) return utf8_next(start, back).truncated ? back : 0;
    if (*start < 0x80) return 0;
  }
  return 0;
}

uint32_t utf8_put(uint32_t code, char out[4]) {
  static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
  uint32_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (uint32_t i = bytes - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
  out[0] = (char)(bytes == 1 ? code : first[bytes] | code);
  return bytes;
}
