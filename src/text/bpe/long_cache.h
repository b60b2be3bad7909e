/* Ids of longer pieces that came before: lines of dashes, indentation, names.

   One thread's, of a fixed size: pieces lie one after the other until there is no room, then all are forgotten. A place
   is one piece's only, and what comes later takes it. */
#ifndef HEADRACE_TEXT_BPE_LONG_CACHE_H
#define HEADRACE_TEXT_BPE_LONG_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LONG_CACHE_BYTES = 512, LONG_CACHE_PLACES = 1 << 13, LONG_CACHE_ROOM = 1 << 19 };

typedef struct long_cache {
  uint32_t *places; /* [LONG_CACHE_PLACES]: 1 + where a piece lies, 0: free */
  char *pieces;     /* [LONG_CACHE_ROOM] */
  uint32_t used;    /* bytes of it */
} long_cache;

/* False: no memory; free it nevertheless. */
bool long_cache_init(long_cache *cache);
void long_cache_free(long_cache *cache);

/* Copies the ids of a piece and answers how many there are; 0: it is not here. hash: of the piece. */
size_t long_cache_get(const long_cache *cache, uint64_t hash, const char *bytes, size_t length, int32_t *ids);

/* length: at most LONG_CACHE_BYTES. count: at most length. */
void long_cache_put(long_cache *cache, uint64_t hash, const char *bytes, size_t length, const int32_t *ids,
                    size_t count);

#endif
