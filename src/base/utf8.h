/* UTF-8, one character at a time. */
#ifndef HEADRACE_BASE_UTF8_H
#define HEADRACE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct utf8_step {
  bool valid;
  bool truncated; /* not valid, but more bytes could make it so */
  uint32_t bytes; /* of the character, or of the maximal malformed part (Unicode 15, 3.9, U+FFFD
                     substitution of maximal subparts); at least 1 */
  uint32_t code;  /* valid only */
} utf8_step;

/* Looks at the first character of text [bytes], bytes >= 1; reads nothing beyond, nor behind a byte that cannot
   continue it. */
utf8_step utf8_next(const uint8_t *text, size_t bytes);

/* Bytes from the start that are well-formed. */
size_t utf8_well_formed(const uint8_t *text, size_t bytes);

/* Whether it is UTF-8 without control characters other than white space; where more follows, the last character may
   be cut off. */
bool utf8_is_text(const uint8_t *text, size_t bytes, bool more);

/* Bytes at the end that begin a character which is cut off there: 0 to 3. */
size_t utf8_cut_off(const uint8_t *text, size_t bytes);

/* Writes the 1 to 4 bytes of a code up to U+10FFFF and returns how many. A surrogate gets the three bytes that
   its number calls for, which are malformed. */
uint32_t utf8_put(uint32_t code, char out[4]);

#endif
