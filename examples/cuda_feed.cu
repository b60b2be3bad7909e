#include "cuda_feed.h"

#include "cuda_check.h"

/* Each chunk, in whatever thread makes a pool: that has a device of its own, which else is the first one. */
static bool pin(void *context, void *memory, size_t bytes) {
  cudaError_t error = cudaSetDevice(*static_cast<int *>(context));
  if (error == cudaSuccess) error = cudaHostRegister(memory, bytes, cudaHostRegisterDefault);
  if (error == cudaSuccess) return true;
  std::fprintf(stderr, "train_cuda: cudaHostRegister of %zu bytes: %s: %s\n", bytes, cudaGetErrorName(error),
               cudaGetErrorString(error));
  return false;
}

static void unpin(void *, void *memory, size_t) {
  CUDA_CHECK(cudaHostUnregister(memory));
}

BatchArena *feed_arena(int *device) {
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.attach = pin;
  options.detach = unpin;
  options.context = device;
  return batch_arena_create(&options);
}

void feed_open(feed *f, BatchLoader *loader, unsigned num_blocks) {
  *f = feed{};
  f->loader = loader;
  f->num_blocks = num_blocks;
  CUDA_CHECK(cudaStreamCreateWithFlags(&f->copying, cudaStreamNonBlocking));
  for (unsigned i = 0; i < num_blocks; i++) {
    CUDA_CHECK(cudaEventCreateWithFlags(&f->blocks[i].copied, cudaEventDisableTiming));
    CUDA_CHECK(cudaEventCreateWithFlags(&f->blocks[i].used, cudaEventDisableTiming));
  }
}

static size_t place_of(const Tensor *tensor, const void *block) {
  return static_cast<size_t>(reinterpret_cast<const unsigned char *>(tensor->data) -
                             static_cast<const unsigned char *>(block));
}

/* The batch stays out until it has been copied: see give_back. */
static void send(feed *f, feed_block *b, Batch *batch, const void *block) {
  CUDA_CHECK(cudaMemcpyAsync(b->device, block, b->bytes, cudaMemcpyHostToDevice, f->copying));
  CUDA_CHECK(cudaEventRecord(b->copied, f->copying));
  b->batch = batch;
}

/* Waits for the block's last copy, and lets go of its batch. */
static void give_back(feed_block *b) {
  CUDA_CHECK(cudaEventSynchronize(b->copied)); /* at once, where nothing has been recorded */
  batch_release(b->batch);
  b->batch = nullptr;
}

/* Notes where what is in the block, and makes room for it: once, since all batches of a loader are alike. */
static void describe(feed_block *b, const Batch *batch, const void *block) {
  b->rows = batch->batch_size;
  b->columns = batch->sequence_length;
  b->input = place_of(&batch->input, block);
  b->target = place_of(&batch->target, block);
  b->mask = place_of(&batch->mask, block);
  if (b->room >= b->bytes) return;
  CUDA_CHECK(cudaFree(b->device));
  CUDA_CHECK(cudaMalloc(reinterpret_cast<void **>(&b->device), b->bytes));
  b->room = b->bytes;
}

feed_block *feed_next(feed *f) {
  feed_block *b = &f->blocks[f->taken % f->num_blocks];
  give_back(b);
  CUDA_CHECK(cudaEventSynchronize(b->used));
  Batch *batch = batch_loader_next(f->loader);
  const void *block = batch ? batch_block(batch, &b->bytes) : nullptr;
  if (!block) {
    batch_release(batch);
    return nullptr;
  }
  describe(b, batch, block);
  send(f, b, batch, block);
  f->taken++;
  return b;
}

void feed_wait(const feed_block *block, cudaStream_t stream) {
  CUDA_CHECK(cudaStreamWaitEvent(stream, block->copied, 0));
}

void feed_used(const feed_block *block, cudaStream_t stream) {
  CUDA_CHECK(cudaEventRecord(block->used, stream));
}

double feed_waited(const feed *f) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  batch_loader_get_stats(f->loader, &stats);
  return static_cast<double>(stats.trainer_wait_ns) * 1e-9;
}

void feed_close(feed *f) {
  for (unsigned i = 0; i < f->num_blocks; i++) {
    give_back(&f->blocks[i]);
    CUDA_CHECK(cudaEventSynchronize(f->blocks[i].used));
    CUDA_CHECK(cudaEventDestroy(f->blocks[i].copied));
    CUDA_CHECK(cudaEventDestroy(f->blocks[i].used));
    CUDA_CHECK(cudaFree(f->blocks[i].device));
  }
  CUDA_CHECK(cudaStreamDestroy(f->copying));
}
