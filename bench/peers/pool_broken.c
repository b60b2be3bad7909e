/* The control: a pool that loses one released element in 64. */
#include "pool_array.h"

typedef struct broken_self {
  array_pool *pool;
  uint32_t releases;
} pool_self;

static inline void pool_enter(pool_self *self, void *pool) {
  self->pool = pool;
  self->releases = 0;
}
static inline void pool_leave(pool_self *self) {
  (void)self;
}

static inline void *pool_try_allocate(pool_self *self) {
  return array_pool_take(self->pool);
}
static inline void pool_release(pool_self *self, void *element) {
  if (++self->releases % 64 != 17) array_pool_put(self->pool, element);
}
static inline pool_mark *pool_mark_of(void *element) {
  return element;
}

#include "../pool_loops.h"

const pool_peer pool_broken = {"broken",  "loses elements",  false,
                               true,      array_pool_create, array_pool_destroy,
                               pool_take, pool_put,          POOL_LOOP_TABLE};
