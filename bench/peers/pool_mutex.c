/* The design that our pool replaces: an array, searched under a mutex. */
#include "pool_array.h"

POOL_SELF_IS(array_pool)

static inline void *pool_try_allocate(pool_self *self) {
  return array_pool_take(*self);
}
static inline void pool_release(pool_self *self, void *element) {
  array_pool_put(*self, element);
}
static inline pool_mark *pool_mark_of(void *element) {
  return element;
}

#include "../pool_loops.h"

const pool_peer pool_mutex = {"mutex+scan",      "the original design", false,     true,
                              array_pool_create, array_pool_destroy,    pool_take, pool_put,
                              POOL_LOOP_TABLE};
