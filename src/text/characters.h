/* White space and words around a place in UTF-8; bytes that are none are neither. */
#ifndef HEADRACE_TEXT_CHARACTERS_H
#define HEADRACE_TEXT_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unicode's White_Space. */
bool character_is_space(uint32_t code);

/* Bytes of white space before text + at, and those that text [bytes] begins with. */
size_t characters_space_before(const char *text, size_t at);
size_t characters_space_behind(const char *text, size_t bytes);

/* Whether the character before text + at, or the first one of text [bytes], is one of a word as regular expressions
   have it (UTS 18, \w). In a build without utf8proc none is. */
bool characters_word_before(const char *text, size_t at);
bool characters_word_behind(const char *text, size_t bytes);
bool characters_know_words(void);

#endif
