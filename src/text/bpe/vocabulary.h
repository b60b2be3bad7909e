/* Tokens: bytes to id and id to bytes.

   The bytes of all tokens lie one after the other. Two tables of places, open addressing with a seed, say which token
   has these bytes, and which one has this id: ids may lie anywhere. */
#ifndef HEADRACE_TEXT_BPE_VOCABULARY_H
#define HEADRACE_TEXT_BPE_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "text/bpe/bpe_model.h"

typedef struct token {
  size_t start;
  uint32_t length;
  int32_t id;
} token;

typedef struct vocabulary {
  char *bytes;
  size_t used, capacity;
  token *tokens; /* in the order in which they came */
  uint32_t count, room;
  uint32_t *by_bytes, *by_id; /* [mask + 1]: 1 + a place in tokens, 0: free. At least half of them are free */
  size_t mask;
  uint64_t seed;
  int32_t highest; /* id, or -1 */
} vocabulary;

/* A vocabulary without tokens needs no memory. */
void vocabulary_init(vocabulary *v, uint64_t seed);
void vocabulary_free(vocabulary *v);

/* See bpe_model_add_token. */
bpe_status vocabulary_add(vocabulary *v, const char *bytes, size_t count, int32_t id);

/* Answer NULL where there is none. */
const token *vocabulary_find(const vocabulary *v, const char *bytes, size_t count);
const token *vocabulary_token(const vocabulary *v, int32_t id);

/* *joined: the token whose bytes are those of both, NULL: there is none. BPE_OK or BPE_NO_MEMORY. */
bpe_status vocabulary_join(vocabulary *v, const token *left, const token *right, const token **joined);

#endif
