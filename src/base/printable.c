#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* How many bytes the sequence that begins with `first` has, and the bits of the code point in `first`; 0:
   none begins so. */
static size_t sequence_bytes(uint8_t first, uint32_t *bits) {
  if (first < 0x80) return *bits = first, 1;
  if (first >= 0xc2 && first < 0xe0) return *bits = first & 0x1f, 2;
  if (first >= 0xe0 && first < 0xf0) return *bits = first & 0x0f, 3;
  if (first >= 0xf0 && first < 0xf5) return *bits = first & 0x07, 4;
  return 0;
}

/* The bytes of the character at p, which ends before a NUL at the latest; 0 when it is no UTF-8. */
static size_t character_at(const uint8_t *p, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t bytes = sequence_bytes(*p, code);
  for (size_t i = 1; i < bytes; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (p[i] & 0x3f);
  }
  bool surrogate = *code >= 0xd800 && *code < 0xe000;
  return bytes > 0 && *code >= least[bytes] && *code <= 0x10ffff && !surrogate ? bytes : 0;
}

static bool acts_on_terminals(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void printable_copy(char *to, size_t room, const char *text) {
  const uint8_t *from = (const uint8_t *)text;
  char *end = to + room - 1;
  while (*from) {
    uint32_t code = 0;
    size_t bytes = character_at(from, &code), escaped = bytes > 0 ? bytes : 1;
    bool plain = bytes > 0 && !acts_on_terminals(code);
    if ((plain ? bytes : 4 * escaped) > (size_t)(end - to)) break;
    if (plain) {
      memcpy(to, from, bytes);
      to += bytes;
    }
    for (size_t i = 0; !plain && i < escaped; i++) {
      static const char digits[] = "0123456789ABCDEF";
      *to++ = '\\', *to++ = 'x', *to++ = digits[from[i] >> 4], *to++ = digits[from[i] & 15];
    }
    from += escaped;
  }
  *to = '\0';
}
