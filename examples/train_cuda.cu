/* Trains the model of train.c on a GPU: files -> loader -> one copy a block -> model. cuda_feed.cu is what a trainer of
   your own can take over; cuda_model.cu is the model, cuda_copies.cu how fast it could be fed.
   docs/gpu.md says why it is done so. */
#include <csignal>
#include <cstdio>

#include <headrace/headrace.h>

#include "cuda_check.h"
#include "cuda_copies.h"
#include "cuda_feed.h"
#include "cuda_model.h"
#include "progress.h"
#include "train_cuda_arguments.h"

enum { BLOCKS = 2, COPIED_BLOCKS = 16, ROUNDS = 3, PEAK_BYTES = 16 << 20, PEAK_BLOCKS = 8 };

typedef struct pipeline {
  BatchDataset *dataset;
  BatchArena *arena;
  BatchLoader *loader;
  uint32_t group; /* batches in a block: the loader's batch is so many of the trainer's */
} pipeline;

typedef struct outcome {
  double first, last, seconds, waited;
  uint64_t steps, tokens;
  bool good;
} outcome;

static volatile std::sig_atomic_t interrupted; /* the signal that asked to stop */

static void interrupt(int number) {
  interrupted = number;
}

static bool open_dataset(pipeline *p, const cuda_arguments *a) {
  batch_dataset_options data = BATCH_DATASET_OPTIONS_INIT;
  if (!a->copy_only) data.format = BATCH_FORMAT_TEXT;
  return (p->dataset = batch_dataset_open(a->files, a->num_files, &data)) != nullptr;
}

static bool open_pipeline(pipeline *p, const cuda_arguments *a, int *device) {
  if (!open_dataset(p, a) || !(p->arena = feed_arena(device))) return false;
  p->group = a->group ? a->group : cuda_default_group(a, batch_dataset_tokens(p->dataset));
  batch_pool_options pinned = BATCH_POOL_OPTIONS_INIT;
  pinned.allocator = batch_arena_allocator(p->arena);
  batch_loader_options loading = BATCH_LOADER_OPTIONS_INIT;
  loading.batch_size = a->batch_size * p->group;
  loading.sequence_length = a->sequence_length;
  loading.vocab_size = a->copy_only ? 0 : MODEL_BYTES;
  loading.id_type = BATCH_IDS_UINT16;
  loading.mask_type = TENSOR_UINT8;
  loading.workers = a->workers;
  loading.pool_size = 2 * a->workers + 2 + (a->copy_only ? COPIED_BLOCKS : BLOCKS);
  loading.pool_options = &pinned;
  loading.seed = a->seed;
  loading.epochs = BATCH_LOADER_ENDLESS;
  loading.drop_last = true; /* no block with rows that are only padding */
  return (p->loader = batch_loader_create(p->dataset, &loading)) != nullptr;
}

/* The arena last: batches lie in it. */
static void close_pipeline(pipeline *p) {
  batch_loader_free(p->loader);
  batch_dataset_free(p->dataset);
  batch_arena_free(p->arena);
}

static float rate_at(const cuda_arguments *a, uint64_t step) {
  return static_cast<float>(a->rate * (1 - 0.9 * static_cast<double>(step) / static_cast<double>(a->steps)));
}

static bool is_over(const cuda_arguments *a, const outcome *o, const progress *p) {
  return o->steps >= a->steps || interrupted || progress_clock() - p->started >= a->seconds;
}

/* The steps of a block: each on the next batch_size rows. */
static void train_on(cuda_model *m, const feed_block *block, const cuda_arguments *a, outcome *o, progress *p,
                     const BatchLoader *loader) {
  feed_wait(block, m->stream);
  for (uint32_t row = 0; row < block->rows && !is_over(a, o, p); row += a->batch_size) {
    cuda_model_step(m, block, row, rate_at(a, o->steps++));
    o->tokens += static_cast<uint64_t>(a->batch_size) * a->sequence_length;
    if (!progress_due(p, o->steps)) continue;
    batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
    batch_loader_get_stats(loader, &stats);
    double loss = cuda_model_loss(m, 1); /* waits for the step: only now and then */
    if (o->steps == 1) o->first = loss;
    progress_step(p, o->steps, loss, o->tokens, &stats);
  }
  feed_used(block, m->stream);
}

/* From the first block on, which all of this waits for once. */
static outcome train(BatchLoader *loader, cuda_model *m, const cuda_arguments *a) {
  outcome o = {};
  feed f;
  feed_open(&f, loader, BLOCKS);
  const feed_block *block = feed_next(&f);
  double waited_before = feed_waited(&f);
  progress p = progress_start(a->steps);
  while (block) {
    train_on(m, block, a, &o, &p, loader);
    if (is_over(a, &o, &p)) break;
    block = feed_next(&f);
  }
  o.good = block != nullptr;
  if (!o.good) std::fprintf(stderr, "train_cuda: %s\n", batch_last_error()->message);
  o.last = cuda_model_loss(m, CUDA_MODEL_LAST);
  o.seconds = progress_clock() - p.started;
  o.waited = feed_waited(&f) - waited_before;
  feed_close(&f);
  return o;
}

static bool run_training(const pipeline *p, const cuda_arguments *a) {
  model *start = model_create(a->seed);
  if (!start) {
    std::fprintf(stderr, "train_cuda: no memory for a model\n");
    return false;
  }
  cuda_model m;
  cuda_model_open(&m, start, a->batch_size, a->sequence_length);
  model_free(start);
  outcome o = train(p->loader, &m, a);
  cuda_model_close(&m);
  std::printf(
      "train_cuda: loss %.4f -> %.4f in %llu steps, %.2f Mtokens/s, %.2f %% of the time waiting for data\n",
      o.first, o.last, static_cast<unsigned long long>(o.steps),
      static_cast<double>(o.tokens) / o.seconds / 1e6, 100 * o.waited / o.seconds);
  return o.good && o.steps > 0 && o.last < o.first;
}

static void show_round(const copies *batches, const copies *same, const copies *peak) {
  double rate = copies_rate(batches);
  std::printf(
      "copies: %.1f GB/s of batches, plain copies of the size %.1f GB/s (share %.3f), of 16 MiB %.1f GB/s "
      "(share %.3f), %.2f Gtokens/s, %.1f %% of the time waiting for data\n",
      rate, copies_rate(same), rate / copies_rate(same), copies_rate(peak), rate / copies_rate(peak),
      batches->positions / batches->seconds / 1e9, 100 * batches->waited / batches->seconds);
  std::fflush(stdout);
}

/* Rounds of all three, so that what else the machine does meets each of them. */
static bool run_copies(const pipeline *p, const cuda_arguments *a) {
  size_t bytes = static_cast<size_t>(a->batch_size) * p->group * a->sequence_length * CUDA_POSITION_BYTES;
  unsigned blocks = 2 * a->workers + 2 + COPIED_BLOCKS;
  double seconds = a->seconds / (3 * ROUNDS);
  for (int round = 0; round < ROUNDS && !interrupted; round++) {
    copies same = copy_plain(bytes, blocks, seconds), peak = copy_plain(PEAK_BYTES, PEAK_BLOCKS, seconds),
           batches;
    if (!copy_batches(p->loader, seconds, &batches)) {
      std::fprintf(stderr, "train_cuda: %s\n", batch_last_error()->message);
      return false;
    }
    show_round(&batches, &same, &peak);
  }
  return true;
}

static void introduce(const pipeline *p, const cuda_arguments *a) {
  cudaDeviceProp gpu;
  CUDA_CHECK(cudaGetDeviceProperties(&gpu, a->device));
  double bytes = static_cast<double>(a->batch_size) * a->sequence_length * CUDA_POSITION_BYTES * p->group;
  std::printf("headrace %s: %llu tokens in %zu files, to %s\n", batch_version(),
              static_cast<unsigned long long>(batch_dataset_tokens(p->dataset)),
              batch_dataset_files(p->dataset), gpu.name);
  std::printf("workers: %u -> batches: %u x %u, %u in a copy of %.1f KiB; %.0f MiB of pinned memory\n",
              a->workers, a->batch_size, a->sequence_length, p->group, bytes / 1024,
              static_cast<double>(batch_arena_bytes(p->arena)) / (1 << 20));
}

int main(int argc, char **argv) {
  cuda_arguments a;
  pipeline p = {};
  int status = parse_cuda_arguments(&a, argc, argv);
  if (status >= 0) return status;
  CUDA_CHECK(cudaSetDevice(a.device));
  bool good = open_pipeline(&p, &a, &a.device);
  if (!good) {
    std::fprintf(stderr, "train_cuda: %s\n", batch_last_error()->message);
  } else {
    introduce(&p, &a);
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    good = a.copy_only ? run_copies(&p, &a) : run_training(&p, &a);
  }
  close_pipeline(&p);
  if (interrupted) {
    std::fflush(stdout);
    std::signal(interrupted, SIG_DFL); /* the shell sees what ended us */
    std::raise(interrupted);
  }
  return good ? 0 : 1;
}
