/* What the scanners by hand know of a character: one byte of classes for each code point, in two stages.

   They are asked of PCRE2 itself, code point by code point, when the first splitter needs them: so a scanner and PCRE2
   agree whatever Unicode version either knows. They stay until the process ends, about 60 KB. */
#ifndef HEADRACE_TEXT_SPLIT_CLASSES_H
#define HEADRACE_TEXT_SPLIT_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CLASS_UPPER = 1,                                        /* \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M} */
  CLASS_LOWER = 2,                                        /* \p{Ll}\p{Lm}\p{Lo}\p{M} */
  CLASS_LETTER = 4,                                       /* \p{L} */
  CLASS_NUMBER = 8,                                       /* \p{N} */
  CLASS_SPACE = 16,                                       /* \p{White_Space} */
  CLASS_BREAK = 32,                                       /* \r and \n */
  CLASS_POINT = 64,                                       /* \p{P}\p{S} */
  CLASS_CJK = 128,                                        /* U+3040 to U+30FF, U+4E00 to U+9FA5: DeepSeek's */
  CLASS_WORD = CLASS_UPPER | CLASS_LOWER,                 /* \p{L}\p{M} */
  CLASS_NAMED = CLASS_SPACE | CLASS_LETTER | CLASS_NUMBER /* what [^\s\p{L}\p{N}] leaves out */
};

enum { CLASS_BLOCK = 128, CLASS_BLOCKS = 0x110000 / CLASS_BLOCK };

typedef struct classes {
  uint8_t ascii[128];
  uint16_t block[CLASS_BLOCKS]; /* which one of `blocks` a block is */
  uint8_t (*blocks)[CLASS_BLOCK];
} classes;

/* The one of this process. NULL: why [room] is "no memory ..." or what PCRE2 does not know. Threads: any. */
const classes *classes_get(char *why, size_t room);

/* The classes of the character at p, which is well-formed; *length: its bytes. */
static inline uint8_t class_at(const classes *c, const uint8_t *p, uint32_t *length) {
  uint32_t code = p[0];
  if (code < 0x80) {
    *length = 1;
    return c->ascii[code];
  }
  if (code < 0xE0) {
    *length = 2;
    code = (code & 0x1F) << 6 | (p[1] & 0x3F);
  } else if (code < 0xF0) {
    *length = 3;
    code = (code & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
  } else {
    *length = 4;
    code = (code & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
  }
  return c->blocks[c->block[code / CLASS_BLOCK]][code % CLASS_BLOCK];
}

#endif
