/* No pool: malloc and free of a batch of the same size, one word written to each page as a first use would. */
#include "../pool_peer.h"

#include <stdlib.h>

typedef void *pool_self;

static inline void pool_enter(pool_self *self, void *pool) {
  *self = pool;
}
static inline void pool_leave(pool_self *self) {
  (void)self;
}

static inline void *pool_try_allocate(pool_self *self) {
  (void)self;
  volatile uint32_t *words = malloc(POOL_BYTES);
  for (size_t i = 0; words != NULL && i < POOL_BYTES / sizeof *words; i += 4096 / sizeof *words) words[i] = 0;
  return (void *)(uintptr_t)words;
}
static inline void pool_release(pool_self *self, void *element) {
  (void)self;
  free(element);
}
static inline pool_mark *pool_mark_of(void *element) {
  return element;
}

#include "../pool_loops.h"

static void *create(uint32_t size) {
  static char nothing;
  (void)size;
  return &nothing;
}
static void destroy(void *pool) {
  (void)pool;
}

const pool_peer pool_malloc = {
    "malloc",       "and free; writes one word a page", false, false, create, destroy, pool_take, pool_put,
    POOL_LOOP_TABLE};
