/* An arena: memory for the batches of pools, in few large chunks that the caller is told of, each once. It is for who
   has something to do with memory before it is used: register it with a GPU, so that its copies run beside
   everything else, or with a network card.

   Usage:
       batch_arena_options arena_options = BATCH_ARENA_OPTIONS_INIT;
       arena_options.attach = pin; // calls cudaHostRegister
       arena_options.detach = unpin;
       BatchArena *arena = batch_arena_create(&arena_options);

       batch_pool_options pool_options = BATCH_POOL_OPTIONS_INIT;
       pool_options.allocator = batch_arena_allocator(arena);
       options.pool_options = &pool_options; // of a loader

       // the end: when its loaders and pools are freed and their batches
       // have come back
       batch_arena_free(arena);

   Life cycle: it outlives the pools that have its allocator, and their batches, which may outlive the pools. Any number
   of pools, one after the other or at the same time, may have it; what one has given back the next one gets, so
   that attaching is paid for once. Chunks are neither moved nor given back before batch_arena_free: it keeps what the
   busiest time needed.

   Threads: every call may run at the same time as every other one, but for batch_arena_free, which must be the last.

   Progress: what a batch gives back, wherever the last reference to a batch of a pool that was freed, or has
   shrunk, is dropped, takes no lock, makes no system call and neither allocates nor frees; nor does it
   call attach or detach. So such a release may run where little is allowed, as in a function that CUDA runs in
   a stream (cudaLaunchHostFunc). Making a pool is lock-free but for a new chunk, which is asked of the system.

   Which block: the first place behind the blocks of a chunk, newest chunk first, that is large enough. A chunk
   all of whose blocks have come back is filled again from its beginning; of one of which a block is still in use nothing
   is used again. */
#ifndef HEADRACE_ARENA_H
#define HEADRACE_ARENA_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchArena BatchArena;

/* All fields may stay 0; start from BATCH_ARENA_OPTIONS_INIT. */
typedef struct batch_arena_options {
  size_t size;        /* see base.h */
  size_t chunk_bytes; /* 0: 16 MiB; rounded up to whole pages; a larger block gets a chunk of its own size */
  /* Each new chunk, before anything lies there, in the thread that makes the pool or resizes it: at the same time in
     several, where several do. false: this memory cannot be had, and there is none for the pool; why, the
     caller keeps, in context say. It may call
     batch_arena_bytes and batch_arena_in_use, and nothing else with the arena. NULL: nobody is told. */
  bool (*attach)(void *context, void *memory, size_t bytes);
  /* Each chunk that was attached, in batch_arena_free alone. NULL: nobody is told. */
  void (*detach)(void *context, void *memory, size_t bytes);
  void *context;   /* of both */
  int numa_node;   /* BATCH_NUMA_NODE(n), which needs libnuma; 0: wherever the pool's creating thread runs */
  bool huge_pages; /* ask for them (madvise); where there are none it is no error. Chunks are whole ones */
  uint8_t reserved[3]; /* 0 */
} batch_arena_options;

#define BATCH_ARENA_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_arena_options)

/* Makes an arena, which has no memory yet. NULL options: the defaults.
   Returns: the arena, owned by the caller; NULL with an error: BATCH_ERROR_INVALID_ARGUMENT,
   BATCH_ERROR_UNSUPPORTED (the node), BATCH_ERROR_OVERFLOW (chunks of more than 2^45 bytes, of more than 2^31 where
   addresses have 32 bits) or BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchArena *batch_arena_create(const batch_arena_options *options);

/* Returns what batch_pool_options.allocator is set to, for pools whose elements are to lie in the arena; for NULL
   an allocator that has no memory, and an error. The pool's huge_pages and numa_node stay 0. Where the system or
   attach refuses memory, making or resizing the pool fails with BATCH_ERROR_OUT_OF_MEMORY, and nothing has changed but
   that chunks made until then are the arena's. */
HEADRACE_API batch_allocator batch_arena_allocator(BatchArena *arena);

/* Returns how many bytes all its chunks have, in use or not. */
HEADRACE_API size_t batch_arena_bytes(const BatchArena *arena);

/* Returns how many bytes pools and batches have of it. Once all pools are freed it only falls; who sees 0 then may free
   the arena, whichever thread has released the last batch. */
HEADRACE_API size_t batch_arena_in_use(const BatchArena *arena);

/* Detaches all chunks, and frees them and the arena. Aborts, saying how many batches have how much, while something of
   it is in use. NULL is fine. */
HEADRACE_API void batch_arena_free(BatchArena *arena);

#ifdef __cplusplus
}
#endif
#endif
