/* What arenas offer to the rest of the library beyond the public functions. */
#ifndef HEADRACE_CORE_ARENA_INTERNAL_H
#define HEADRACE_CORE_ARENA_INTERNAL_H

#include <headrace/arena.h>

/* batch_allocator.allocate of every arena: what tells that an allocator is one. */
void *arena_allocate(void *arena, size_t bytes, size_t alignment);

#endif
