/* What can be known of a SentencePiece model before libsentencepiece is given it: that it is one, that its character
   map leads nowhere outside of itself (which the library does not look at), and where text may be cut. */
#ifndef HEADRACE_TEXT_SENTENCEPIECE_MODEL_H
#define HEADRACE_TEXT_SENTENCEPIECE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sentencepiece_facts {
  size_t pieces;
  bool
      parts_at_words; /* the ids of a line are those of its parts, where it is cut before a single blank between
                          ASCII letters or digits, and the blank left out */
  bool denormalizes;   /* decoding puts texts in the place of others */
  bool parts_at_lines; /* no piece and no rule of the character map holds a line feed and something else */
} sentencepiece_facts;

/* BATCH_ERROR_FORMAT: path, offset, found, expected. */
bool sentencepiece_model_check(const char *path, const uint8_t *bytes, size_t count,
                               sentencepiece_facts *facts);

#endif
