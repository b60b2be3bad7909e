/* Two take an object each of a slab, of which either may be the one who makes the segment, write to it and give it
   back. Who is given an object finds what was written to it, or a cleared one. */
#include <stddef.h>

#define HANDLE_BITS        4
#define SLAB_SEGMENT_SHIFT 2
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

/* A checker takes no memset of a length that it does not know. */
static inline void clear(uint64_t *words, size_t bytes) {
  for (size_t i = 0; i < bytes / sizeof *words; i++) words[i] = 0;
}
#define memset(address, zero, bytes) clear(address, bytes)
#include "sync/slab.c"

typedef struct object {
  _Atomic uint32_t link;
  uint64_t written; /* not atomic */
} object;

static const unsigned model_threads = 2;
static slab tested = SLAB_INIT(object, link);
static uint64_t rounds;

static void model_prepare(void) {
  rounds++;
}

static void model_thread(unsigned number) {
  (void)number;
  uint32_t handle = slab_allocate(&tested);
  object *mine = slab_object(&tested, handle);
  assert(mine->written < 2 * rounds);
  mine->written++;
  slab_free(&tested, handle);
}

static void model_check(void) {
  uint64_t written = 0;
  for (uint32_t handle = 1; handle <= atomic_load_explicit(&tested.used, memory_order_relaxed); handle++)
    written += ((object *)slab_object(&tested, handle))->written;
  assert(written == 2 * rounds);
}
