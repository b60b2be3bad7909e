/* Batches that go to a device as a trainer over a GPU sends them, with threads in the place of its streams: the trainer
   takes a batch of a loader over an arena, has a stream copy its block, has the same stream release it, and goes on with
   the next one. Now and then it waits for the streams, or frees the loader while they are still at work. What arrives
   must be what a loader that is read step by step gives: a batch that was filled again before it was copied is
   another step's. All memory is back at the end, and of the arena no more is taken than the first rounds did.

   stress_stream [seconds [streams [seed [early]]]]    early: a control, which releases before the copy and must fail */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "support/stress.h"

enum {
  MAX_STREAMS = 8,
  TOKENS = 20000,
  ROWS = 4,
  COLUMNS = 33,
  STEPS = 120,
  MOST_BLOCK = 2048,
  CHUNK = 8192
};

typedef struct copy {
  Batch *batch;
  unsigned char *to; /* NULL: the stream ends */
  bool releases;     /* when it is done */
} copy;

/* What has been sent is done in order. */
typedef struct stream {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  copy sent[STEPS + 1];
  unsigned begun, end, done; /* entries; the mutex's */
  bool held;                 /* nothing is begun; the mutex's */
} stream;

static uint16_t tokens[TOKENS];
static unsigned char expected[STEPS][MOST_BLOCK], device[STEPS][MOST_BLOCK];
static size_t block_bytes;
static stream streams[MAX_STREAMS];
static unsigned num_streams;
static bool early;
static _Atomic size_t attached, detached;

static bool attach(void *context, void *memory, size_t bytes) {
  (void)context;
  memset(memory, 0xAA, bytes);
  atomic_fetch_add(&attached, bytes);
  return true;
}

static void detach(void *context, void *memory, size_t bytes) {
  (void)context;
  memset(memory, 0xBB, bytes);
  atomic_fetch_add(&detached, bytes);
}

/* The next entry of the stream, when there is one. */
static copy stream_next(stream *s) {
  pthread_mutex_lock(&s->mutex);
  while (s->begun == s->end || s->held) pthread_cond_wait(&s->changed, &s->mutex);
  copy next = s->sent[s->begun++];
  pthread_mutex_unlock(&s->mutex);
  return next;
}

static void stream_done(stream *s) {
  pthread_mutex_lock(&s->mutex);
  s->done++;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->mutex);
}

static void stream_run(stress_thread *self) {
  stream *s = (stream *)self->context + self->number;
  for (copy next; stress_step("waits for a copy"), next = stream_next(s), next.to; stream_done(s)) {
    for (uint32_t late = stress_random_below(&self->random, 8); late > 0; late--) sched_yield();
    size_t bytes;
    const void *block = next.releases ? batch_block(next.batch, &bytes) : next.batch->input.raw;
    stress_check(block, "%s", batch_last_error()->message);
    memcpy(next.to, block, block_bytes);
    if (next.releases) batch_release(next.batch);
  }
}

static void stream_change(stream *s, bool held) {
  pthread_mutex_lock(&s->mutex);
  s->held = held;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->mutex);
}

static void stream_send(stream *s, copy next) {
  pthread_mutex_lock(&s->mutex);
  s->sent[s->end++] = next;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->mutex);
}

static void stream_synchronize(stream *s) {
  stress_step("waits for a stream");
  pthread_mutex_lock(&s->mutex);
  while (s->done != s->end) pthread_cond_wait(&s->changed, &s->mutex);
  s->begun = s->end = s->done = 0;
  pthread_mutex_unlock(&s->mutex);
}

static void synchronize(void) {
  for (unsigned i = 0; i < num_streams; i++) stream_synchronize(&streams[i]);
}

static batch_loader_options loader_options(uint32_t workers, uint32_t pool_size,
                                           const batch_pool_options *pools) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = ROWS;
  o.sequence_length = COLUMNS;
  o.id_type = BATCH_IDS_UINT16;
  o.mask_type = TENSOR_UINT8;
  o.with_documents = true;
  o.workers = workers;
  o.pool_size = pool_size;
  o.seed = stress_seed();
  o.steps = STEPS;
  o.pool_options = pools;
  return o;
}

static BatchLoader *start(const BatchDataset *dataset, const batch_loader_options *options) {
  stress_step("makes a loader");
  BatchLoader *loader = batch_loader_create(dataset, options);
  stress_check(loader, "%s", batch_last_error()->message);
  return loader;
}

/* What the device is to get, step by step, from a loader with memory of its own. */
static void expect(const BatchDataset *dataset) {
  batch_loader_options options = loader_options(1, 2, NULL);
  BatchLoader *loader = start(dataset, &options);
  for (unsigned step = 0; step < STEPS; step++) {
    Batch *batch = batch_loader_next(loader);
    stress_check(batch, "step %u: %s", step, batch_last_error()->message);
    void *block = batch_block(batch, &block_bytes);
    stress_check(block && block_bytes <= MOST_BLOCK, "%zu bytes", block_bytes);
    memcpy(expected[step], block, block_bytes);
    batch_release(batch);
  }
  batch_loader_free(loader);
}

/* Sends so many batches to the device, and frees the loader; returns how many of them are not waited for. */
static void train(const BatchDataset *dataset, const batch_loader_options *options, unsigned steps,
                  uint64_t *random) {
  BatchLoader *loader = start(dataset, options);
  for (unsigned step = 0; step < steps; step++) {
    stress_step("waits for a batch");
    Batch *batch = batch_loader_next(loader);
    stress_check(batch, "step %u: %s", step, batch_last_error()->message);
    stream_send(&streams[step % num_streams], (copy){batch, device[step], !early});
    if (early) batch_release(batch);
    if (!early && stress_random_below(random, 50) == 0) synchronize();
  }
  stress_step("frees the loader");
  batch_loader_free(loader);
}

static void check_arrived(unsigned steps) {
  for (unsigned step = 0; step < steps; step++)
    stress_check(memcmp(device[step], expected[step], block_bytes) == 0,
                 "step %u: what arrived is not what the loader delivered", step);
}

/* The control: all has been released, and filled again, when the first copy begins. */
static void hold(bool held) {
  for (unsigned i = 0; early && i < num_streams; i++) stream_change(&streams[i], held);
}

static void play(const BatchDataset *dataset, BatchArena *arena, uint64_t *random) {
  batch_pool_options pools = BATCH_POOL_OPTIONS_INIT;
  pools.allocator = batch_arena_allocator(arena);
  batch_loader_options options =
      loader_options(1 + stress_random_below(random, 3), 4 + stress_random_below(random, 4), &pools);
  unsigned steps = early ? STEPS : stress_random_below(random, STEPS + 1);
  memset(device, 0, sizeof device);
  hold(true);
  train(dataset, &options, steps, random);
  hold(false);
  synchronize();
  check_arrived(steps);
  stress_check(batch_arena_in_use(arena) == 0, "%zu bytes of the arena are in use",
               batch_arena_in_use(arena));
}

static BatchDataset *make_dataset(void) {
  batch_memory memory = BATCH_MEMORY_INIT;
  uint64_t random = stress_seed();
  for (unsigned i = 0; i < TOKENS; i++) tokens[i] = (uint16_t)stress_random(&random);
  memory.tokens = tokens;
  memory.count = TOKENS;
  memory.token_type = BATCH_TOKEN_U16;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, NULL);
  stress_check(dataset, "%s", batch_last_error()->message);
  return dataset;
}

static BatchArena *make_arena(void) {
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.chunk_bytes = CHUNK;
  options.attach = attach;
  options.detach = detach;
  BatchArena *arena = batch_arena_create(&options);
  stress_check(arena, "%s", batch_last_error()->message);
  return arena;
}

int main(int argc, char **argv) {
  stress_thread team[MAX_STREAMS];
  uint64_t rounds = 0, random;
  early = argc > 4 && strcmp(argv[4], "early") == 0;
  stress_begin(argc - early, argv, 2.0, 2);
  random = stress_seed() + 1;
  num_streams = stress_threads() < MAX_STREAMS ? stress_threads() : MAX_STREAMS;
  BatchDataset *dataset = make_dataset();
  BatchArena *arena = make_arena();
  expect(dataset);
  for (unsigned i = 0; i < num_streams; i++) {
    pthread_mutex_init(&streams[i].mutex, NULL);
    pthread_cond_init(&streams[i].changed, NULL);
  }
  stress_start(team, num_streams, "stream", stream_run, streams);
  do play(dataset, arena, &random), rounds++;
  while (stress_goes_on());
  for (unsigned i = 0; i < num_streams; i++) stream_send(&streams[i], (copy){0});
  stress_join(team, num_streams);
  size_t bytes = batch_arena_bytes(arena);
  /* 7 blocks at most at one time, and a chunk for each would do. */
  stress_check(bytes == attached && bytes <= 7 * CHUNK, "%zu bytes attached, %zu of the arena", attached,
               bytes);
  batch_arena_free(arena);
  batch_dataset_free(dataset);
  stress_check(detached == attached, "%zu bytes attached, %zu detached", attached, detached);
  stress_check(batch_count_live() == 0, "%zu batches are left alive", batch_count_live());
  return stress_end("%" PRIu64 " loaders, %zu bytes attached", rounds, attached);
}
