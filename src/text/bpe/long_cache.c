#include "text/bpe/long_cache.h"

#include <stdlib.h>
#include <string.h>

/* In front of each piece; its ids follow, and then its bytes. */
typedef struct head {
  uint16_t length, count;
} head;

bool long_cache_init(long_cache *cache) {
  *cache = (long_cache){.places = calloc(LONG_CACHE_PLACES, sizeof *cache->places),
                        .pieces = malloc(LONG_CACHE_ROOM)};
  return cache->places && cache->pieces;
}

void long_cache_free(long_cache *cache) {
  free(cache->places);
  free(cache->pieces);
}

static uint32_t *place_of(const long_cache *cache, uint64_t hash) {
  return &cache->places[hash % LONG_CACHE_PLACES];
}

size_t long_cache_get(const long_cache *cache, uint64_t hash, const char *bytes, size_t length,
                      int32_t *ids) {
  uint32_t place = *place_of(cache, hash);
  if (!place) return 0;
  const char *from = cache->pieces + place - 1;
  head h;
  memcpy(&h, from, sizeof h);
  size_t size = h.count * sizeof *ids;
  if (h.length != length || memcmp(from + sizeof h + size, bytes, length) != 0) return 0;
  memcpy(ids, from + sizeof h, size);
  return h.count;
}

void long_cache_put(long_cache *cache, uint64_t hash, const char *bytes, size_t length, const int32_t *ids,
                    size_t count) {
  head h = {(uint16_t)length, (uint16_t)count};
  size_t size = count * sizeof *ids, all = sizeof h + size + length;
  if (all > LONG_CACHE_ROOM - cache->used) {
    memset(cache->places, 0, LONG_CACHE_PLACES * sizeof *cache->places);
    cache->used = 0;
  }
  char *to = cache->pieces + cache->used;
  memcpy(to, &h, sizeof h);
  memcpy(to + sizeof h, ids, size);
  memcpy(to + sizeof h + size, bytes, length);
  *place_of(cache, hash) = cache->used + 1;
  cache->used += (uint32_t)all;
}
