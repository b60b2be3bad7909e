/* A control of proof_pool_free: pools whose memory is anything once the last batch is home. */
#include <string.h>

#include "sync/slab.h"

static inline uint32_t allocate_cleared(slab *s) {
  uint32_t handle = slab_allocate(s);
  if (handle) memset(slab_object(s, handle), 0, s->object_size);
  return handle;
}

static inline void free_and_overwrite(slab *s, uint32_t handle) {
  memset(slab_object(s, handle), 0xa5, s->object_size);
  slab_free(s, handle);
}
#define slab_allocate allocate_cleared
#define slab_free     free_and_overwrite

#include "schedule/inside_pool.c"
