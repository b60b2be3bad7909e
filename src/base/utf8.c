#include "base/utf8.h"

#include <string.h>

#include "base/file.h"

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

/* How many bytes the character has whose first four bytes, the first one lowest, are `word`, if it is not ASCII; 0 if it
   is malformed: table 3-7 again, at once. */
static size_t length_of(uint32_t word) {
  uint32_t first_two = word & 0x200F; /* the last bits of the first byte, and 0x20 of the second */
  if ((word & 0xC0C0F0) == 0x8080E0) return first_two != 0 && first_two != 0x200D ? 3 : 0;
  if ((word & 0xC0E0) == 0x80C0) return word & 0x1E ? 2 : 0;
  if ((word & 0xC0C0C0F8) != 0x808080F0) return 0;
  first_two = word & 0x3007;
  return first_two == 4 || (first_two != 0 && !(word & 4)) ? 4 : 0;
}

/* Skips characters outside ASCII, as long as four bytes can be looked at. */
static size_t skip_wide(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  for (size_t length; bytes - i >= 4 && (length = length_of(load_u32(text + i))) > 0;) i += length;
  return i;
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
    size_t wide = skip_wide(text + i, bytes - i);
    i += wide;
    if (wide > 0) continue;
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
