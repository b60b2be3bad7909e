/* From a loader to the GPU: its batches lie in pinned memory, each goes there in one asynchronous copy of its
   block, and goes back to its pool when the place that it was copied to is taken again.

   Usage:
       BatchArena *arena = feed_arena(&device);
       ... a loader whose pool_options.allocator is batch_arena_allocator(arena)
       feed f;
       feed_open(&f, loader, 2);
       while ((block = feed_next(&f))) {
         compute(block, stream); // which waits for block->copied, see feed_wait
         feed_used(block, stream);
       }
       feed_close(&f);
       batch_loader_free(loader);
       batch_arena_free(arena); // after the loader, and after the streams have ended their work */
#ifndef EXAMPLES_CUDA_FEED_H
#define EXAMPLES_CUDA_FEED_H

#include <cuda_runtime.h>

#include <headrace/arena.h>
#include <headrace/loader.h>

enum { FEED_MAX_BLOCKS = 64 };

/* A batch on the device: its block as it lay on the host. */
typedef struct feed_block {
  Batch *batch; /* whose memory is being copied, or has been */
  unsigned char *device;
  size_t bytes, room;
  size_t input, target, mask; /* where in it: uint16, uint16, uint8, each [rows, columns] */
  unsigned rows, columns;
  cudaEvent_t copied; /* it is there */
  cudaEvent_t used;   /* and may be written over */
} feed_block;

typedef struct feed {
  BatchLoader *loader;
  cudaStream_t copying;
  feed_block blocks[FEED_MAX_BLOCKS];
  unsigned num_blocks;
  unsigned long long taken;
} feed;

/* Makes an arena whose chunks are registered with CUDA once, for *device, which must outlive it.
   Returns: the arena; NULL with batch_last_error. */
BatchArena *feed_arena(int *device);

/* num_blocks: how many there are on the device, 2 for double buffering; so many batches of the loader's are out at a time. */
void feed_open(feed *f, BatchLoader *loader, unsigned num_blocks);

/* Waits until the oldest block on the device has been copied and used, releases its batch, takes the next one and begins
   to copy that there.
   Returns: the block; NULL when the loader has none, with its reason in batch_last_error. */
feed_block *feed_next(feed *f);

/* What comes behind this in `stream` waits for the block. */
void feed_wait(const feed_block *block, cudaStream_t stream);

/* What stands before this in `stream` is all that needs the block. */
void feed_used(const feed_block *block, cudaStream_t stream);

/* Seconds that feed_next has waited for the loader, and not for the device. */
double feed_waited(const feed *f);

/* Waits until all batches have been copied and released. */
void feed_close(feed *f);

#endif
