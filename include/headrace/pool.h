/* A pool of batches of one shape, allocated once and used again and again: the memory that a
   training run holds, and its backpressure.

   Usage:
       BatchPool *pool = batch_pool_create(8, 32, 1024, 50257);
       Batch *batch = batch_pool_allocate(pool);       waits while all 8 are out
       ... fill it, hand it to a queue; whoever is done with it calls ...
       batch_release(batch);                           the last reference puts it back

   Threads: every call may run at the same time as every other one; batch_pool_free may run while
   others are in batch_pool_allocate (they return NULL) and while batches are out (they stay
   valid; the last one to come back frees the rest), but no call may begin after it, and no resize may run beside it.

   Progress: allocate, try_allocate and release are lock-free while a batch is idle (a thread
   stopped inside a call may keep the one batch that it holds from coming back); nothing is
   allocated from the system but in create and resize.

   Guarantees: a pool of N hands out exactly N; while a resize and calls at the same time are under
   way, as many as the old size or the new one. The batch released last is handed out next,
   while it is still in the cache. */
#ifndef HEADRACE_POOL_H
#define HEADRACE_POOL_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchPool BatchPool;

/* Where elements come from; both functions and the context are the caller's. allocate returns
   memory of at least `bytes`, aligned to `alignment` (a power of two >= 64), or NULL. */
typedef struct batch_allocator {
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  void (*deallocate)(void *context, void *memory, size_t bytes);
  void *context;
} batch_allocator;

/* Everything beyond the four sizes; start from BATCH_POOL_OPTIONS_INIT. */
typedef struct batch_pool_options {
  uint32_t pool_size;        /* batches */
  batch_shape shape;         /* of each of them */
  size_t alignment;          /* of the elements, a power of two; 0: 64 */
  bool huge_pages;           /* ask for them (madvise); where there are none it is no error */
  int numa_node;             /* -1: wherever the creating thread runs; else needs libnuma */
  batch_allocator allocator; /* all NULL: the library's own */
} batch_pool_options;

#define BATCH_POOL_OPTIONS_INIT                                                                              \
  {                                                                                                          \
    0, {0, 0, 0, TENSOR_FLOAT32, TENSOR_FLOAT32, false}, 0, false, -1, {                                     \
      NULL, NULL, NULL                                                                                       \
    }                                                                                                        \
  }

/* Makes a pool of `pool_size` >= 1 float32 batches, all idle, every page touched.
   Returns: NULL on a bad size, overflow or lack of memory. */
HEADRACE_API BatchPool *batch_pool_create(uint32_t pool_size, uint32_t batch_size, uint32_t sequence_length,
                                          uint32_t vocab_size);

/* As batch_pool_create, with every option. */
HEADRACE_API BatchPool *batch_pool_create_with(const batch_pool_options *options);

/* Frees the pool and its idle batches. Waiting allocators return NULL; batches that are out stay
   valid until released. NULL is fine. */
HEADRACE_API void batch_pool_free(BatchPool *pool);

/* Takes an idle batch, waiting while there is none.
   Returns: the batch with count 1, metadata reset, elements as they were left; NULL when the
   pool is freed meanwhile. */
HEADRACE_API Batch *batch_pool_allocate(BatchPool *pool);

/* Takes an idle batch if there is one. Never waits. */
HEADRACE_API Batch *batch_pool_try_allocate(BatchPool *pool);

/* Takes an idle batch, waiting until `deadline` (see base.h).
   Returns: BATCH_OK and *batch; else *batch is NULL and the answer BATCH_EMPTY with
   BATCH_NO_WAIT, BATCH_TIMEDOUT, BATCH_CLOSED (freed meanwhile) or BATCH_INVALID_ARGUMENT. */
HEADRACE_API batch_status batch_pool_allocate_until(BatchPool *pool, Batch **batch, uint64_t deadline);

/* Drops a reference to a batch of this pool; the last one puts it back. A batch of another pool,
   or of none: an error, nothing changes. A batch that is already free: aborts. */
HEADRACE_API void batch_pool_release(BatchPool *pool, Batch *batch);

/* Changes how many batches the pool has, while it is in use. Growing makes new batches available
   at once; shrinking frees idle batches now and those that are out as they come back. 0 is fine.
   Returns: false, and nothing changed, when memory runs out. */
HEADRACE_API bool batch_pool_resize(BatchPool *pool, uint32_t new_size);

/* Returns how many batches the pool has by its last resize. */
HEADRACE_API uint32_t batch_pool_size(const BatchPool *pool);

/* Reads the statistics; any pointer may be NULL. allocations: batches handed out; releases:
   batches that came back; cache_hits: handed out at once; cache_misses: had to wait, or were
   refused. Exact when nothing else runs. */
HEADRACE_API void batch_pool_get_stats(const BatchPool *pool, uint64_t *allocations, uint64_t *releases,
                                       uint64_t *cache_hits, uint64_t *cache_misses);

/* Prints size and statistics, with the hit rate, to stdout. */
HEADRACE_API void batch_pool_print_stats(const BatchPool *pool);

#ifdef __cplusplus
}
#endif
#endif
