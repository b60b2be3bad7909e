#include "text/bpe/piece_cache.h"

#include "base/memory.h"

#define KEEP(n) [n] = {KEEP_##n}
#define KEEP_0  0
#define KEEP_1  0xFF
#define KEEP_2  KEEP_1, 0xFF
#define KEEP_3  KEEP_2, 0xFF
#define KEEP_4  KEEP_3, 0xFF
#define KEEP_5  KEEP_4, 0xFF
#define KEEP_6  KEEP_5, 0xFF
#define KEEP_7  KEEP_6, 0xFF
#define KEEP_8  KEEP_7, 0xFF
#define KEEP_9  KEEP_8, 0xFF
#define KEEP_10 KEEP_9, 0xFF
#define KEEP_11 KEEP_10, 0xFF
#define KEEP_12 KEEP_11, 0xFF
#define KEEP_13 KEEP_12, 0xFF
#define KEEP_14 KEEP_13, 0xFF
#define KEEP_15 KEEP_14, 0xFF

const uint8_t piece_key_masks[16][16] = {KEEP(0),  KEEP(1),  KEEP(2),  KEEP(3), KEEP(4),  KEEP(5),
                                         KEEP(6),  KEEP(7),  KEEP(8),  KEEP(9), KEEP(10), KEEP(11),
                                         KEEP(12), KEEP(13), KEEP(14), KEEP(15)};

bool piece_cache_init(piece_cache *cache) {
  cache->pieces = memory_allocate_zeroed(((size_t)2 << CACHE_BITS) * sizeof *cache->pieces);
  return cache->pieces;
}

void piece_cache_free(piece_cache *cache) {
  memory_free(cache->pieces);
}

void piece_cache_put(cached_piece *place, piece_key key, const int32_t *ids, size_t count) {
  place[1] = place[0];
  place->key = (piece_key){key.low, key.high | (uint64_t)count << 60};
  for (size_t i = 0; i < CACHED_IDS; i++) place->ids[i] = i < count ? ids[i] : 0;
}
