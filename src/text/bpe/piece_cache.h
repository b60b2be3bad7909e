/* Ids of short pieces that came before: most pieces of a text are few and short.

   One thread's, of a fixed size. An entry holds the bytes of its piece, so that no other piece is taken for it, and all
   of its ids: a look touches one line. Pieces of one place push each other out. */
#ifndef HEADRACE_TEXT_BPE_PIECE_CACHE_H
#define HEADRACE_TEXT_BPE_PIECE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CACHED_BYTES = 15, CACHED_IDS = 4, CACHE_BITS = 15 };

/* The bytes of a piece and behind them zeros; the last byte is the number of bytes in its low half. */
typedef struct piece_key {
  uint64_t low, high;
} piece_key;

typedef struct cached_piece {
  piece_key key; /* and in the upper half of the last byte the number of ids. All 0: free */
  int32_t ids[CACHED_IDS];
} cached_piece;

typedef struct piece_cache {
  cached_piece *pieces; /* [2 << CACHE_BITS]: two for each place, the one that came later first */
} piece_cache;

/* False: no memory. */
bool piece_cache_init(piece_cache *cache);
void piece_cache_free(piece_cache *cache);

/* Bytes to keep of 16 that begin with `length` of a piece. */
extern const uint8_t piece_key_masks[16][16];

/* 16 bytes from `bytes` on can be read. length: at most CACHED_BYTES. */
static inline piece_key piece_key_load(const char *bytes, size_t length) {
  piece_key key, mask;
  memcpy(&key, bytes, sizeof key);
  memcpy(&mask, piece_key_masks[length], sizeof mask);
  return (piece_key){key.low & mask.low, (key.high & mask.high) | (uint64_t)length << 56};
}

static inline piece_key piece_key_copy(const char *bytes, size_t length) {
  char padded[16] = {0};
  memcpy(padded, bytes, length);
  return piece_key_load(padded, length);
}

static inline size_t piece_cache_index(piece_key key) {
  uint64_t hash = key.low * UINT64_C(0x9e3779b97f4a7c15) + key.high * UINT64_C(0xd6e8feb86659fd93);
  return hash >> (64 - CACHE_BITS) << 1;
}

static inline cached_piece *piece_cache_place(const piece_cache *cache, piece_key key) {
  return &cache->pieces[piece_cache_index(key)];
}

/* The number of ids if it is that piece, and more than any number if not. */
static inline uint64_t cached_piece_ids(const cached_piece *cached, piece_key key) {
  uint64_t high = cached->key.high ^ key.high;
  return (cached->key.low ^ key.low) | (high << 4 | high >> 60);
}

/* The second of a place becomes the first if it is that piece. Answers the first. */
static inline cached_piece *piece_cache_look(cached_piece *place, piece_key key) {
  cached_piece first = place[0];
  if (cached_piece_ids(&place[1], key) > CACHED_IDS) return place;
  place[0] = place[1];
  place[1] = first;
  return place;
}

/* ids: count of them, at most CACHED_IDS. */
void piece_cache_put(cached_piece *place, piece_key key, const int32_t *ids, size_t count);

#endif
