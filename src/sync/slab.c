#include "sync/slab.h"

#include <stdlib.h>
#include <string.h>

#include "sync/line.h"

static _Atomic uint32_t *slab_link(const void *owner, uint32_t handle) {
  const slab *s = owner;
  return (_Atomic uint32_t *)(void *)((char *)slab_object(s, handle) + s->link_offset);
}

/* Makes sure that the segment of handle is there. */
static bool slab_reserve(slab *s, uint32_t handle) {
  _Atomic(char *) *entry = &s->segments[handle >> SLAB_SEGMENT_SHIFT];
  char *there = NULL;
  /* relaxed: who does not see one yet makes another, and gives it up below; slab_object acquires. */
  if (atomic_load_explicit(entry, memory_order_relaxed)) return true;
  /* Not cleared, so objects that are never used take no memory. */
  char *made = line_alloc(SLAB_SEGMENT_SIZE * s->object_size);
  if (!made) return false;
  /* SEGMENT: release; pairs with the load in slab_object. Whoever is second takes the first one's. */
  if (!atomic_compare_exchange_strong_explicit(entry, &there, made, memory_order_release,
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
    /* relaxed: the number alone is claimed; the segment was published by its own CAS. It only goes up: an
       earlier one makes the CAS fail. */
    if (atomic_compare_exchange_weak_explicit(&s->used, &used, used + 1, memory_order_relaxed,
                                              memory_order_relaxed)) {
      memset(slab_object(s, used + 1), 0, s->object_size);
      return used + 1;
    }
  }
}

void slab_free(slab *s, uint32_t handle) {
  stack_push(&s->free, slab_link, s, handle);
}

uint32_t slab_count(const slab *s) {
  uint32_t idle, used = atomic_load_explicit(&s->used, memory_order_relaxed);
  stack_count(&s->free, slab_link, s, used, &idle);
  return used - idle;
}

bool slab_has_room(const slab *s, uint32_t count) {
  uint32_t idle, left = SLAB_MAX_HANDLE - atomic_load_explicit(&s->used, memory_order_relaxed);
  if (count <= left) return true;
  /* Not more than are wanted: there may be millions. */
  return !stack_count(&s->free, slab_link, s, count - left, &idle) || idle == count - left;
}
