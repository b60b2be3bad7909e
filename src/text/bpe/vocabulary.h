/* Tokens: bytes to id and id to bytes. The bytes of all lie one after the other; a token's number is its place there. */
#ifndef HEADRACE_TEXT_BPE_VOCABULARY_H
#define HEADRACE_TEXT_BPE_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "text/bpe/bpe_model.h"
#include "text/bpe/slots.h"

#define NO_TOKEN UINT32_MAX

typedef struct token {
  uint32_t start; /* of its bytes; they end where those of the next one start */
  int32_t id;
} token;

typedef struct vocabulary {
  char *bytes;
  size_t capacity; /* of bytes */
  token *tokens;   /* [count + 1]: the last one is the end */
  uint32_t count, room;
  slots by_bytes, by_id;
  uint64_t seed;
  int32_t highest; /* id, or -1 */
} vocabulary;

/* False: no memory; free it nevertheless. */
bool vocabulary_init(vocabulary *v, uint64_t seed);
void vocabulary_free(vocabulary *v);

/* See bpe_model_add_token. All bytes together are less than 4 GB: more is BPE_NO_MEMORY. */
bpe_status vocabulary_add(vocabulary *v, const char *bytes, size_t count, int32_t id);

/* Of the bytes of a piece or token. */
uint64_t vocabulary_hash(const vocabulary *v, const char *bytes, size_t count);

/* The number of a token, or NO_TOKEN. */
uint32_t vocabulary_find(const vocabulary *v, const char *bytes, size_t count);
uint32_t vocabulary_find_hashed(const vocabulary *v, uint64_t hash, const char *bytes, size_t count);
uint32_t vocabulary_find_id(const vocabulary *v, int32_t id);

/* Of the token whose bytes are those of both. BPE_OK or BPE_NO_MEMORY. */
bpe_status vocabulary_join(vocabulary *v, uint32_t left, uint32_t right, uint32_t *joined);

static inline const char *token_bytes(const vocabulary *v, uint32_t number) {
  return v->bytes + v->tokens[number].start;
}

static inline size_t token_length(const vocabulary *v, uint32_t number) {
  return v->tokens[number + 1].start - v->tokens[number].start;
}

#endif
