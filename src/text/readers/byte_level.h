/* The alphabet that byte-level vocabularies are written in: a printable character for each byte (GPT-2's encoder.py). */
#ifndef HEADRACE_TEXT_READERS_BYTE_LEVEL_H
#define HEADRACE_TEXT_READERS_BYTE_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct byte_level {
  int16_t byte_of[324]; /* by code; -1: no character of the alphabet */
} byte_level;

void byte_level_make(byte_level *alphabet);

/* The bytes that text [count] stands for, into out, with room for `count`, which may be the text itself; false: some
   character is none of the alphabet. */
bool byte_level_decode(const byte_level *alphabet, const char *text, size_t count, char *out, size_t *bytes);

#endif
