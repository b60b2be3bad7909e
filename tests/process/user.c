/* A user's program, for the tools that look at one: user [race|blind]. Batches go from a pool through queues to consumers
   and back, through a loader, and through spheres, without a fault; with `race` two threads write one batch that they
   share, which a tool must report; with `blind` batches only pass through, and nobody looks into them. Nothing here is atomic: the library's calls are the only synchronization. */
#include <pthread.h>
#include <unistd.h>

#include "loader.h"

enum { THREADS = 2, BATCHES = 500, ELEMENTS = 16 };

static BatchPool *pool;
static BatchQueue *queue;
static bool racing, blind;
static Batch *shared;
static long told; /* written before what is closed, read after it is found closed */

static void *produce(void *unused) {
  for (int i = 0; i < BATCHES; i++) {
    Batch *batch = batch_pool_allocate(pool);
    for (int k = 0; !blind && k < ELEMENTS; k++) batch->input.i32[k] = i;
    if (!blind) batch->batch_id = (uint64_t)i;
    EXPECT(batch_queue_enqueue(queue, batch), "%s", batch_last_error()->message);
    if (racing) shared->input.i32[0]++;
  }
  return unused;
}

static void *consume(void *sum) {
  for (Batch *batch; (batch = batch_queue_dequeue(queue)); batch_release(batch)) {
    if (blind) continue;
    for (int k = 0; k < ELEMENTS; k++) *(long *)sum += batch->input.i32[k] == (int)batch->batch_id;
    batch->input.i32[0] = -1;
  }
  if (!blind) *(long *)sum += told;
  return NULL;
}

static void use_queue(uint32_t capacity) {
  pthread_t producers[THREADS], consumers[THREADS];
  long sums[THREADS] = {0};
  queue = batch_queue_create(capacity);
  told = 0;
  for (int i = 0; i < THREADS; i++) {
    EXPECT(pthread_create(&producers[i], NULL, produce, NULL) == 0, "no thread");
    EXPECT(pthread_create(&consumers[i], NULL, consume, &sums[i]) == 0, "no thread");
  }
  for (int i = 0; i < THREADS; i++) pthread_join(producers[i], NULL);
  told = 1;
  batch_queue_close(queue);
  for (int i = 0; i < THREADS; i++) pthread_join(consumers[i], NULL);
  EXPECT(blind || sums[0] + sums[1] == (long)THREADS * (BATCHES * ELEMENTS + 1), "%ld", sums[0] + sums[1]);
  batch_queue_free(queue);
}

/* Consumers share each batch: two references to the same elements, the last one gives them back. */
static void *peek_and_read(void *sum) {
  for (Batch *batch; (batch = batch_queue_peek(queue)); batch_release(batch))
    *(long *)sum += batch->input.i32[0];
  return NULL;
}

static void *take_and_read(void *sum) {
  for (Batch *batch; (batch = batch_queue_try_dequeue(queue)); batch_release(batch))
    *(long *)sum += batch->input.i32[0];
  return NULL;
}

static void use_peek(void) {
  pthread_t threads[2];
  long sums[2] = {0};
  queue = batch_queue_create(64);
  for (int i = 0; i < 64; i++) {
    Batch *batch = batch_create(1, ELEMENTS, 0);
    batch->input.i32[0] = 1;
    EXPECT(batch_queue_enqueue(queue, batch), "%s", batch_last_error()->message);
  }
  EXPECT(pthread_create(&threads[0], NULL, peek_and_read, &sums[0]) == 0, "no thread");
  EXPECT(pthread_create(&threads[1], NULL, take_and_read, &sums[1]) == 0, "no thread");
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  EXPECT(sums[1] == 64, "%ld", sums[1]);
  batch_queue_free(queue);
}

static void *enqueue_until_closed(void *sum) {
  Batch *batch;
  do batch = batch_create(1, 1, 0);
  while (batch_queue_enqueue(queue, batch));
  batch_release(batch);
  *(long *)sum += told;
  return NULL;
}

static void *look_until_closed(void *sum) {
  while (!batch_queue_is_closed(queue)) usleep(100);
  *(long *)sum += told;
  return NULL;
}

static void *allocate_until_closed(void *sum) {
  for (Batch *batch; (batch = batch_pool_allocate(pool));) batch_release(batch);
  *(long *)sum += told;
  return NULL;
}

/* Threads go on until what they use is closed, and read then what was written before. */
static void use_until_closed(void) {
  void *(*const run[])(void *) = {enqueue_until_closed, look_until_closed, allocate_until_closed};
  pthread_t threads[3];
  long sums[3] = {0};
  queue = batch_queue_create(4);
  pool = batch_pool_create(1, 1, 1, 0);
  told = 0;
  for (int i = 0; i < 3; i++) EXPECT(pthread_create(&threads[i], NULL, run[i], &sums[i]) == 0, "no thread");
  usleep(10000);
  told = 1;
  batch_queue_close(queue);
  batch_pool_close(pool);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  EXPECT(sums[0] + sums[1] + sums[2] == 3, "%ld %ld %ld", sums[0], sums[1], sums[2]);
  batch_queue_free(queue);
  batch_pool_free(pool);
}

static void *allocate_and_write(void *unused) {
  Batch *batch = batch_pool_allocate(pool);
  for (int k = 0; k < ELEMENTS; k++) batch->input.i32[k] = k;
  batch->batch_id = 1;
  batch_release(batch);
  return unused;
}

/* A thread waits for the batch that another one makes. */
static void use_resize(void) {
  pthread_t thread;
  pool = batch_pool_create(1, 1, ELEMENTS, 0);
  Batch *only = batch_pool_allocate(pool);
  EXPECT(pthread_create(&thread, NULL, allocate_and_write, NULL) == 0, "no thread");
  EXPECT(batch_pool_resize(pool, 2), "%s", batch_last_error()->message);
  pthread_join(thread, NULL);
  batch_release(only);
  batch_pool_free(pool);
}

typedef struct arena_block {
  batch_allocator from;
  int *memory;
} arena_block;

static void *write_and_give_back(void *of) {
  arena_block *block = of;
  block->memory[0] = 1;
  block->from.deallocate(block->from.context, block->memory, 64);
  return NULL;
}

/* What a thread gives back to an arena is written by the one that gets it next, and nothing else is between them. (Of pools
   the batch's header would be.) */
static void use_arena(void) {
  pthread_t thread;
  BatchArena *arena = batch_arena_create(NULL);
  arena_block block = {.from = batch_arena_allocator(arena)};
  block.memory = block.from.allocate(arena, 64, 64);
  int *wanted = block.memory, *next = NULL;
  EXPECT(pthread_create(&thread, NULL, write_and_give_back, &block) == 0, "no thread");
  while ((next = block.from.allocate(arena, 64, 64)) != wanted) {
    block.from.deallocate(arena, next, 64);
    usleep(100);
  }
  next[0] = 2;
  block.from.deallocate(arena, next, 64);
  pthread_join(thread, NULL);
  batch_arena_free(arena);
}

static bool add_one(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)random;
  batch->input.i32[(size_t)row * batch->sequence_length]++;
  return true;
}

static void *next_until_closed(void *loader) {
  for (Batch *batch; (batch = batch_loader_next(loader));) batch_release(batch);
  EXPECT(told == 1, "%ld", told);
  return NULL;
}

static void close_loader(BatchLoader *loader) {
  pthread_t thread;
  told = 0;
  EXPECT(pthread_create(&thread, NULL, next_until_closed, loader) == 0, "no thread");
  usleep(10000);
  told = 1;
  batch_loader_close(loader);
  pthread_join(thread, NULL);
}

static void use_loader(void) {
  const batch_transform transform = {add_one, NULL};
  BatchDataset *dataset = open_dataset(TEXT_PATH);
  batch_loader_options options = small_options(4, 64);
  options.workers = 2;
  options.transforms = &transform;
  options.num_transforms = 1;
  BatchLoader *loader = start_loader(dataset, &options);
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch)) batch->input.i32[1] = 7;
  EXPECT(batch_last_error()->code == BATCH_END, "%s", batch_last_error()->message);
  batch_loader_free(loader);
  options.epochs = BATCH_LOADER_ENDLESS;
  loader = start_loader(dataset, &options);
  close_loader(loader);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

static long processed[THREADS];

static void process(void *context, uint32_t sphere, Batch *batch) {
  (void)context;
  for (uint32_t i = 0; i < batch->input.total_size; i++) processed[sphere] += batch->input.i32[i];
}

static void use_spheres(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = THREADS;
  options.process = process;
  BatchSpheres *spheres = batch_spheres_start(&options);
  EXPECT(spheres, "%s", batch_last_error()->message);
  for (long i = 1; i <= 50; i++) {
    Batch *batch = batch_create(THREADS, ELEMENTS, 0);
    for (int k = 0; k < THREADS * ELEMENTS; k++) batch->input.i32[k] = 1;
    EXPECT(batch_spheres_dispatch_split(spheres, batch), "%s", batch_last_error()->message);
    batch_spheres_drain(spheres);
    EXPECT(processed[0] + processed[1] == i * THREADS * ELEMENTS, "%ld", processed[0] + processed[1]);
  }
  batch_spheres_stop(spheres);
}

int main(int argc, char **argv) {
  alarm(CASE_SECONDS);
  racing = argc > 1 && strcmp(argv[1], "race") == 0;
  blind = argc > 1 && strcmp(argv[1], "blind") == 0;
  shared = batch_create(1, 1, 0);
  pool = batch_pool_create(8, 1, ELEMENTS, 0);
  EXPECT(pool && shared, "%s", batch_last_error()->message);
  use_queue(4);
  use_queue(0);
  if (!blind) {
    use_peek();
    use_loader();
    use_spheres();
  }
  batch_pool_free(pool);
  if (!blind) {
    use_arena();
    use_resize();
    use_until_closed();
  }
  batch_release(shared);
  return 0;
}
