#include <stdlib.h>

#include "text/bpe/long_cache.h"
#include "text/bpe/merge.h"
#include "text/bpe/model.h"
#include "text/bpe/piece_cache.h"

struct bpe_worker {
  piece_cache shorter;
  long_cache longer;
  merge_memory memory;
};

bpe_worker *bpe_worker_create(const bpe_model *m) {
  (void)m;
  bpe_worker *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  bool shorter = piece_cache_init(&w->shorter);
  if (long_cache_init(&w->longer) && shorter) return w;
  bpe_worker_free(w);
  return NULL;
}

void bpe_worker_free(bpe_worker *w) {
  if (!w) return;
  piece_cache_free(&w->shorter);
  long_cache_free(&w->longer);
  merge_memory_free(&w->memory);
  free(w);
}

/* A piece that is in no cache. */
static size_t encode_new(const bpe_model *m, bpe_worker *w, uint64_t hash, const char *bytes, size_t length,
                         int32_t *ids) {
  if (length == 0) return 0;
  uint32_t whole = vocabulary_find_hashed(&m->tokens, hash, bytes, length);
  if (whole < (uint32_t)m->symbols || (whole != NO_TOKEN && m->whole)) {
    *ids = m->tokens.tokens[whole].id;
    return 1;
  }
  size_t count = merge_bytes(&m->merges, &w->memory, (const uint8_t *)bytes, length, ids);
  if (count == SIZE_MAX) return SIZE_MAX;
  for (size_t i = 0; i < count; i++) ids[i] = m->tokens.tokens[ids[i]].id;
  return count;
}

static size_t encode_long(const bpe_model *m, bpe_worker *w, const char *bytes, size_t length, int32_t *ids) {
  uint64_t hash = vocabulary_hash(&m->tokens, bytes, length);
  if (length > LONG_CACHE_BYTES) return encode_new(m, w, hash, bytes, length, ids);
  size_t count = long_cache_get(&w->longer, hash, bytes, length, ids);
  if (count > 0) return count;
  count = encode_new(m, w, hash, bytes, length, ids);
  if (count != SIZE_MAX) long_cache_put(&w->longer, hash, bytes, length, ids, count);
  return count;
}

static size_t encode_short(const bpe_model *m, bpe_worker *w, const char *bytes, piece_key key,
                           int32_t *ids) {
  cached_piece *place = piece_cache_place(&w->shorter, key);
  size_t length = key.high >> 56;
  uint64_t cached = cached_piece_ids(piece_cache_look(place, key), key);
  if (cached <= CACHED_IDS) {
    for (size_t i = 0; i < cached; i++) ids[i] = place->ids[i];
    return (size_t)cached;
  }
  size_t count = encode_new(m, w, vocabulary_hash(&m->tokens, bytes, length), bytes, length, ids);
  if (count <= CACHED_IDS) piece_cache_put(place, key, ids, count);
  return count;
}

/* How many of the pieces have 16 bytes of text from their start on, and room for CACHED_IDS ids. */
static size_t roomy_pieces(const piece *pieces, size_t count) {
  size_t end = count > 0 ? pieces[count - 1].end : 0, room = 0;
  while (count > 0 && (room < CACHED_IDS || end - pieces[count - 1].start < sizeof(piece_key))) {
    count--;
    room += pieces[count].end - pieces[count].start;
  }
  return count;
}

size_t bpe_encode(const bpe_model *m, bpe_worker *w, const char *text, const piece *pieces, size_t count,
                  int32_t *ids) {
  size_t roomy = roomy_pieces(pieces, count);
  int32_t *next = ids;
  for (size_t i = 0; i < count; i++) {
    const char *bytes = text + pieces[i].start;
    size_t length = pieces[i].end - pieces[i].start;
    uint64_t got;
    if (length > CACHED_BYTES)
      got = encode_long(m, w, bytes, length, next);
    else if (i < roomy) {
      piece_key key = piece_key_load(bytes, length);
      const cached_piece *place = piece_cache_place(&w->shorter, key);
      got = cached_piece_ids(place, key);
      if (got <= CACHED_IDS)
        memcpy(next, place->ids, sizeof place->ids);
      else
        got = encode_short(m, w, bytes, key, next);
    } else
      got = encode_short(m, w, bytes, piece_key_copy(bytes, length), next);
    if (got == SIZE_MAX) return SIZE_MAX;
    next += (size_t)got;
  }
  return (size_t)(next - ids);
}
