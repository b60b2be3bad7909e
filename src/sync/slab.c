#include "sync/slab.h"

#include <stdlib.h>

static _Atomic uint64_t *slab_link(const void *owner, uint32_t handle) {
  const slab *s = owner;
  return (_Atomic uint64_t *)(void *)((char *)slab_object(s, handle) + s->link_offset);
}

/* Makes sure that the segment of handle is there. */
static bool slab_reserve(slab *s, uint32_t handle) {
  _Atomic(char *) *entry = &s->segments[handle >> SLAB_SEGMENT_SHIFT];
  char *there = NULL;
  if (atomic_load_explicit(entry, memory_order_relaxed)) return true;
  /* Zeroed by the system where it comes from there, so untouched objects take no memory. The part
     before the aligned address is given up with the segment, which is never freed. */
  char *made = calloc(1, SLAB_SEGMENT_SIZE * s->object_size + PORT_LINE);
  if (!made) return false;
  char *aligned = made + (-(uintptr_t)made & (PORT_LINE - 1));
  /* SEGMENT: release; pairs with the load in slab_object. Whoever is second takes the first one's. */
  if (!atomic_compare_exchange_strong_explicit(entry, &there, aligned, memory_order_release,
                                               memory_order_relaxed))
    free(made);
  return true;
}

uint32_t slab_allocate(slab *s) {
  uint32_t handle = stack_pop(&s->free, slab_link, s);
  if (handle) return handle;
  uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
  for (;;) {
    if (used == SLAB_MAX_HANDLE || !slab_reserve(s, used + 1)) return 0;
    /* relaxed: the number alone is claimed; the segment was published by its own CAS. */
    if (atomic_compare_exchange_weak_explicit(&s->used, &used, used + 1, memory_order_relaxed,
                                              memory_order_relaxed))
      return used + 1;
  }
}

void slab_free(slab *s, uint32_t handle) {
  stack_push(&s->free, slab_link, s, handle);
}
