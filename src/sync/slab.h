/* Type-stable memory for objects of one size, named by 24-bit handles. Segments are allocated as
   needed and never given back, so a handle that was valid once can be followed for ever, though it
   may lead to another object of the same type by then. Free objects sit on a Treiber stack whose
   links live in the objects.

   Threads: every function may run with every other one. Progress: lock-free, but for the allocation
   of a new segment. */
#ifndef HEADRACE_SYNC_SLAB_H
#define HEADRACE_SYNC_SLAB_H

#include <stddef.h>

#include "sync/handle.h"
#include "sync/stack.h"

#ifndef SLAB_SEGMENT_SHIFT
#define SLAB_SEGMENT_SHIFT 10
#endif
#define SLAB_SEGMENT_SIZE (1u << SLAB_SEGMENT_SHIFT)
#define SLAB_SEGMENTS     ((1u << HANDLE_BITS) >> SLAB_SEGMENT_SHIFT)
#define SLAB_MAX_HANDLE   HANDLE_MAX

typedef struct slab {
  size_t object_size; /* a multiple of the alignment that objects need, up to PORT_LINE */
  size_t link_offset; /* of an _Atomic uint32_t in each object */
  stack free;
  _Alignas(PORT_LINE) _Atomic uint32_t used; /* handles 1 to used have been handed out at least once */
  /* Written once each, by whoever needs the segment first; the addresses that aligned_alloc returned, so
     that a leak checker finds the blocks. */
  _Alignas(PORT_LINE) _Atomic(char *) segments[SLAB_SEGMENTS];
} slab;

#define SLAB_INIT(type, link)                                                                                \
  { .object_size = sizeof(type), .link_offset = offsetof(type, link) }

/* Returns where the objects of the segment that has this handle begin, or NULL where it is not there. */
static inline char *slab_segment(const slab *s, uint32_t handle) {
  /* SEGMENT: acquire; pairs with the CAS in slab.c: the segment's zeroes. */
  return atomic_load_explicit(&s->segments[handle >> SLAB_SEGMENT_SHIFT], memory_order_acquire);
}

/* Returns the object of a handle that slab_allocate returned at some time; for who knows the slab's object size
   when it is compiled. */
static inline void *slab_object_of_size(const slab *s, uint32_t handle, size_t object_size) {
  return slab_segment(s, handle) + (size_t)(handle & (SLAB_SEGMENT_SIZE - 1)) * object_size;
}

/* The same for everyone else. */
static inline void *slab_object(const slab *s, uint32_t handle) {
  return slab_object_of_size(s, handle, s->object_size);
}

/* Returns a handle, never 0, of an object zeroed at its first use and as it was left afterwards;
   0 when memory or handles run out. */
uint32_t slab_allocate(slab *s);

/* Gives the object of handle back; it may be handed out again at once. */
void slab_free(slab *s, uint32_t handle);

/* Returns how many handles are handed out: exact when nothing else runs. Looks at every free object. */
uint32_t slab_count(const slab *s);

/* Whether `count` more can be handed out, if there is memory for them. While others take and give, true where it
   cannot be told. */
bool slab_has_room(const slab *s, uint32_t count);

#endif
