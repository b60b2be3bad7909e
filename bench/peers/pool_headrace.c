/* Our own pool, as a user has it: the public functions of the shared library. */
#include "../pool_peer.h"

#include <headrace/pool.h>

POOL_SELF_IS(BatchPool)

static inline void *pool_try_allocate(pool_self *self) {
  return batch_pool_try_allocate(*self);
}
static inline void pool_release(pool_self *self, void *element) {
  batch_pool_release(*self, (Batch *)element);
}
static inline pool_mark *pool_mark_of(void *element) {
  return (pool_mark *)((Batch *)element)->input.raw;
}

#include "../pool_loops.h"

/* Elements begin as zeroes, which is a mark of nobody. */
static void *create(uint32_t size) {
  return batch_pool_create(size, POOL_ROWS, POOL_COLUMNS, 0);
}
static void destroy(void *pool) {
  batch_pool_free(pool);
}

const pool_peer pool_headrace = {"headrace", NULL,      true,     true,           create,
                                 destroy,    pool_take, pool_put, POOL_LOOP_TABLE};
