#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static bool acts_on_terminals(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void printable_copy(char *to, size_t room, const char *text) {
  static const char digits[] = "0123456789ABCDEF";
  const uint8_t *from = (const uint8_t *)text;
  char *end = to + room - 1;
  while (*from) {
    utf8_step step = utf8_next(from, 4); /* the NUL ends a character, too */
    bool plain = step.valid && !acts_on_terminals(step.code);
    if ((size_t)(plain ? 1 : 4) * step.bytes > (size_t)(end - to)) break;
    for (const uint8_t *next = from + step.bytes; from < next; from++)
      if (plain) {
        *to++ = (char)*from;
      } else {
        memcpy(to, (char[]){'\\', 'x', digits[*from >> 4], digits[*from & 15]}, 4);
        to += 4;
      }
  }
  *to = '\0';
}
