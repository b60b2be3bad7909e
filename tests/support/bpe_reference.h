/* Byte-level BPE as its definition says, in the plainest way there is, and random vocabularies to try it with. */
#ifndef HEADRACE_TESTS_BPE_REFERENCE_H
#define HEADRACE_TESTS_BPE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bpe_word {
  char bytes[64];
  size_t count;
} bpe_word;

typedef struct bpe_reference {
  bool by_rank, whole;
  bpe_word tokens[512];
  int32_t ids[512];
  size_t token_count;
  bpe_word merges[1024][2];
  size_t merge_count;
} bpe_reference;

/* Every byte and up to `more` other tokens made of the first `letters` letters, with ids that have holes; merges of
   them in any order, some of them twice. */
void bpe_reference_make(bpe_reference *r, uint64_t *state, unsigned more, unsigned letters, bool by_rank);

/* Writes the ids of one piece and answers how many there are. */
size_t bpe_reference_encode(const bpe_reference *r, const char *bytes, size_t count, int32_t *ids);

#endif
