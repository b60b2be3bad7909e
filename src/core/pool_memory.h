/* Where the elements of a pool's batches come from. */
#ifndef HEADRACE_CORE_POOL_MEMORY_H
#define HEADRACE_CORE_POOL_MEMORY_H

#include <headrace/pool.h>

/* Returns the allocator that a pool with these options takes its elements from: the caller's, or
   pages of our own (huge pages, a NUMA node), or memory_allocate. Reports what cannot be had in the name
   of `function`. */
bool pool_memory_allocator(const char *function, const batch_pool_options *options,
                           batch_allocator *allocator);

/* Gives an allocator of whole pages, on a node unless that is 0, huge ones where they are asked for and can be had.
   Reports a node that cannot be had in the name of `function`. */
bool pool_memory_pages(const char *function, int numa_node, bool huge_pages, batch_allocator *allocator);

/* Whether `count` blocks of `bytes` can be had at all, before the first of them is touched: of an allocator
   of our own, an arena's included, not more than the machine has. The caller's decides for itself. */
bool pool_memory_may_fit(const batch_allocator *allocator, uint32_t count, size_t bytes);

#endif
