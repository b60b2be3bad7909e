/* A pool of batches of one shape, allocated once and used again and again: the memory that a
   training run holds, and its backpressure.

   Usage:
       BatchPool *pool = batch_pool_create(8, 32, 1024, 50257);
       Batch *batch = batch_pool_allocate(pool); // waits while all are out
       fill(batch); // and hand it to a queue; who is done with it calls
       batch_release(batch); // the last reference puts it back

       // the end: when all threads have been joined, it is freed
       batch_pool_close(pool);
       batch_pool_free(pool);

   Threads: every call may run at the same time as every other one, from any number of threads,
   but for batch_pool_free, which must be the last. Batches may be out when the pool is freed: they
   stay valid and keep what they need, and releasing them, by batch_pool_release too, may go on
   beside batch_pool_free and after it.

   Guarantees: a pool of N hands out exactly N; while a resize and calls at the same time are under way, as
   many as the old size or the new one. The batch released last is handed out next, while it is still in the
   cache.

   Progress: allocate, try_allocate and release are lock-free while a batch is idle (a thread stopped inside
   a call may keep the one batch that it holds from coming back); nothing is allocated from the system but
   in create and resize. Who waits looks again for a moment and then sleeps, and each release wakes one, as
   queue.h says of consumers.

   Freed pools: any other call on a pool that has been freed, freeing it again included, aborts, until the
   pool's memory has become another pool's: not before 64 more have been freed. After that it cannot be
   told. */
#ifndef HEADRACE_POOL_H
#define HEADRACE_POOL_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchPool BatchPool;

/* Where elements come from; both functions and the context are the caller's. allocate returns
   memory of at least `bytes`, aligned to `alignment` (a power of two >= 64), or NULL; how much there is
   it alone decides. Threads: any, at the same time, since a batch may come back anywhere and free its
   elements there. Neither may throw (see base.h). The struct stays as it is for ever. */
typedef struct batch_allocator {
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  void (*deallocate)(void *context, void *memory, size_t bytes);
  void *context;
} batch_allocator;

/* As numa_node: node `n`, from 0, of those that the system numbers. */
#define BATCH_NUMA_NODE(n) ((n) + 1)

/* Everything beyond the four sizes; start from BATCH_POOL_OPTIONS_INIT. */
typedef struct batch_pool_options {
  size_t size;        /* see base.h */
  uint32_t pool_size; /* batches, 1 to BATCH_MAX_LIVE */
  batch_shape shape;  /* of each of them */
  size_t alignment;   /* of the elements, a power of two; 0: 64 */
  bool huge_pages;    /* ask for them (madvise); where there are none it is no error */
  int numa_node;      /* BATCH_NUMA_NODE(n), which needs libnuma; 0: wherever the creating thread runs */
  /* All NULL: the library's own. One of the caller's decides of pages and nodes itself: the two above must
     be 0. */
  batch_allocator allocator;
} batch_pool_options;

#define BATCH_POOL_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_pool_options)

/* Makes a pool of `pool_size` >= 1 float32 batches, all idle, every page touched.
   Returns: the pool, owned by the caller; NULL on a bad size, overflow (more batches than BATCH_MAX_LIVE
   leaves room for included) or lack of memory; no page is touched before all memory is there. */
HEADRACE_API BatchPool *batch_pool_create(uint32_t pool_size, uint32_t batch_size, uint32_t sequence_length,
                                          uint32_t vocab_size);

/* As batch_pool_create, with every option. */
HEADRACE_API BatchPool *batch_pool_create_with(const batch_pool_options *options);

/* Closes the pool: everyone who waits for a batch is woken and gets NULL, and so does every later
   allocation, whether batches are idle or not, with BATCH_CLOSED in the last error, and sees what was
   written before. Batches that are out come back as before. An allocation at the same time may still get
   one. Closing twice is fine. */
HEADRACE_API void batch_pool_close(BatchPool *pool);

/* Closes the pool and frees it and its idle batches. Only releases of its batches may be running or follow:
   join who allocates first. A pool that a loader takes its batches from aborts: free the loader first. NULL
   is fine. */
HEADRACE_API void batch_pool_free(BatchPool *pool);

/* Takes an idle batch, waiting while there is none.
   Returns: the batch with count 1, metadata reset, elements as they were left; NULL when the
   pool is closed. */
HEADRACE_API Batch *batch_pool_allocate(BatchPool *pool);

/* Takes an idle batch if there is one. Never waits.
   Returns: the batch, as batch_pool_allocate; NULL when all are out, or the pool is closed: which of the
   two is in batch_last_error()->code. */
HEADRACE_API Batch *batch_pool_try_allocate(BatchPool *pool);

/* Takes an idle batch, waiting until `deadline` (see base.h).
   Returns: BATCH_OK and *batch; else *batch is NULL and the answer BATCH_EMPTY with
   BATCH_NO_WAIT, BATCH_TIMEDOUT, BATCH_CLOSED or BATCH_ERROR_INVALID_ARGUMENT. */
HEADRACE_API batch_status batch_pool_allocate_until(BatchPool *pool, Batch **batch, uint64_t deadline);

/* Give a descriptor to poll, and arm it for an idle batch: as batch_queue_fd and batch_queue_arm (queue.h)
   say of the dequeuing side of a queue. batch_pool_free closes it, or a release at the same time which is
   just writing to it.
   Returns: as those. BATCH_CLOSED: the pool is closed, whether batches are idle or not. */
HEADRACE_API int batch_pool_fd(BatchPool *pool);
HEADRACE_API batch_status batch_pool_arm(BatchPool *pool);

/* Drops a reference to a batch of this pool, or to a view of one; the last one to a batch and its views
   puts it back. A batch of another pool, or of none: an error, nothing changes. A batch that is already
   free: aborts. The pool may have been freed. */
HEADRACE_API void batch_pool_release(BatchPool *pool, Batch *batch);

/* Changes how many batches the pool has, while it is in use. Growing makes new batches available
   at once; shrinking frees idle batches now and those that are out as they come back. 0 is fine.
   Returns: true; false, and nothing changed, when memory runs out, with more batches than BATCH_MAX_LIVE
   leaves room for, when the pool is closed, or when it would grow while a loader takes its batches from it
   (batch_loader_options.pool). */
HEADRACE_API bool batch_pool_resize(BatchPool *pool, uint32_t new_size);

/* Returns how many batches the pool has by its last resize. */
HEADRACE_API uint32_t batch_pool_size(const BatchPool *pool);

/* Returns how many batches are out: handed out and not back. Exact when nothing else runs. Looks at every
   idle batch. For tests: 0 when nobody has dropped one without a release. */
HEADRACE_API uint32_t batch_pool_outstanding(const BatchPool *pool);

/* Reads the statistics; any pointer may be NULL. Exact when nothing else runs. For releases it looks at
   every idle batch.
   allocations: batches handed out.
   releases: batches that came back.
   cache_hits: handed out at once.
   cache_misses: had to wait, or were refused. */
HEADRACE_API void batch_pool_get_stats(const BatchPool *pool, uint64_t *allocations, uint64_t *releases,
                                       uint64_t *cache_hits, uint64_t *cache_misses);

/* Prints size and statistics, with the hit rate, to stdout. */
HEADRACE_API void batch_pool_print_stats(const BatchPool *pool);

#ifdef __cplusplus
}
#endif
#endif
