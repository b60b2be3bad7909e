/* Tensors, batches, queues, pools, arenas, spheres. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "whole.h"

enum { BATCHES = 6 };

static void drop(Batch **batches, size_t n) {
  for (size_t i = 0; i < n; i++) batch_release(batches[i]);
}

static bool make(Batch **batches, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!(batches[i] = batch_create(ROWS, COLUMNS, 100))) return false;
  return true;
}

bool whole_tensors(void) {
  static const uint32_t shape[] = {4, 6}, other[] = {3, 8}, at[] = {1, 2};
  Tensor *one = tensor_create(shape, 2), *bytes = tensor_create_typed(shape, 2, TENSOR_UINT8),
         *view = one ? tensor_view_rows(one, 1, 2) : NULL, *copy = view ? tensor_copy(view) : NULL;
  bool good = one && bytes && view && copy && tensor_reshape(one, other, 2);
  if (good) {
    tensor_fill(one, 3);
    tensor_set(one, at, 7);
    tensor_print(one);
    printf("%g\n", (double)tensor_get(one, at));
  }
  tensor_free(copy);
  tensor_free(view);
  tensor_free(bytes);
  tensor_free(one);
  return good;
}

static bool hand_out(Batch *batch) {
  Batch *views[2];
  if (!batch_distribute_to_spheres(batch, 2, views)) return false;
  printf("%u rows, group %u, %d\n", views[1]->batch_size, batch_symmetry_group(batch),
         batch_validate_strict(batch));
  drop(views, 2);
  return true;
}

static bool cut_and_join(Batch *batch, Batch **parts, Batch **joined) {
  uint32_t spheres[2];
  if (!batch_split(batch, 2, parts) || !(*joined = batch_merge(parts, 2))) return false;
  if (!batch_balance_distribution(parts, 2, 2, spheres)) return false;
  printf("%d %016" PRIx64 "\n", batch_validate(batch), whole_sum_batch(0, *joined));
  batch_print(batch);
  return true;
}

bool whole_batches(void) {
  batch_shape shape = {
      .batch_size = ROWS, .sequence_length = COLUMNS, .with_documents = true, .max_sequences = 9};
  Batch *batch = batch_create_with(&shape), *copy = batch ? batch_copy(batch) : NULL,
        *parts[2] = {NULL, NULL}, *joined = NULL;
  bool good = copy && batch_assign_to_group(copy, 7) && hand_out(copy) && cut_and_join(copy, parts, &joined);
  batch_release(joined);
  drop(parts, 2);
  batch_release(copy);
  if (batch) batch_free(batch);
  printf("%zu live\n", batch_count_live());
  return good;
}

static bool through(BatchQueue *queue, Batch **batches) {
  uint32_t sum = 0;
  bool good = batch_queue_enqueue(queue, batches[0]);
  if (good) batches[0] = NULL;
  for (size_t i = 1; good && i < BATCHES; i++) {
    good = batch_queue_enqueue_many_until(queue, batches + i, 1, BATCH_FOREVER, &(size_t){0}) == BATCH_OK;
    if (good) batches[i] = NULL;
  }
  for (size_t i = 0; good && i < BATCHES - 1; i++) {
    Batch *batch = batch_queue_dequeue(queue);
    sum += batch->batch_size;
    batch_release(batch);
  }
  if (good) printf("%u rows, %u left\n", sum, batch_queue_size(queue));
  return good;
}

static bool watch(BatchQueue *queue) {
  Batch *batch;
  int fd = batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE);
  if (fd < 0 || batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE) >= BATCH_ERROR_INVALID_ARGUMENT) return false;
  if (batch_queue_arm(queue, BATCH_QUEUE_ENQUEUE) >= BATCH_ERROR_INVALID_ARGUMENT) return false;
  printf("readable: %d\n", whole_poll(fd));
  while ((batch = batch_queue_try_dequeue(queue))) batch_release(batch);
  batch_queue_close(queue);
  return true;
}

static bool use_queue(uint32_t capacity) {
  Batch *batches[BATCHES] = {NULL};
  BatchQueue *queue = batch_queue_create(capacity);
  bool good = queue && make(batches, BATCHES) && through(queue, batches) && watch(queue);
  if (queue) batch_queue_free(queue);
  drop(batches, BATCHES);
  return good;
}

bool whole_queue(void) {
  return use_queue(BATCHES);
}

bool whole_unlimited_queue(void) {
  return use_queue(0);
}

static bool use_pool(const batch_pool_options *options) {
  BatchPool *pool = batch_pool_create_with(options);
  Batch *batch = pool ? batch_pool_allocate(pool) : NULL;
  bool good = batch && batch_pool_fd(pool) >= 0 && batch_pool_arm(pool) < BATCH_ERROR_INVALID_ARGUMENT &&
              batch_pool_resize(pool, 5) && batch_pool_resize(pool, 1);
  if (good) printf("%u of %u out\n", batch_pool_outstanding(pool), batch_pool_size(pool));
  batch_release(batch);
  if (pool) batch_pool_free(pool);
  return good;
}

bool whole_pool(void) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape = (batch_shape){.batch_size = ROWS, .sequence_length = COLUMNS};
  options.huge_pages = true;
  return use_pool(&options);
}

bool whole_arena(void) {
  batch_arena_options making = BATCH_ARENA_OPTIONS_INIT;
  making.chunk_bytes = 1 << 16;
  making.huge_pages = true;
  BatchArena *arena = batch_arena_create(&making);
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape = (batch_shape){.batch_size = ROWS, .sequence_length = COLUMNS};
  if (arena) options.allocator = batch_arena_allocator(arena);
  bool good = arena && use_pool(&options) && use_pool(&options);
  if (good) printf("%zu of %zu bytes\n", batch_arena_in_use(arena), batch_arena_bytes(arena));
  batch_arena_free(arena);
  return good;
}

static atomic_uint processed;

static void count(void *unused, uint32_t sphere, Batch *batch) {
  (void)unused;
  (void)sphere;
  processed += batch->batch_size;
}

static bool dispatch(BatchSpheres *spheres, Batch **batches) {
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  if (!batch_spheres_dispatch(spheres, BATCH_SPHERES_ANY, batches[0])) return false;
  batches[0] = NULL;
  if (!batch_spheres_dispatch_many(spheres, NULL, batches + 1, BATCHES - 2)) return false;
  if (!batch_spheres_dispatch_split(spheres, batches[BATCHES - 1])) return false;
  batches[BATCHES - 1] = NULL;
  batch_spheres_drain(spheres);
  if (!batch_spheres_get_stats(spheres, 0, &stats)) return false;
  printf("%u rows\n", processed);
  return true;
}

bool whole_spheres(void) {
  Batch *batches[BATCHES] = {NULL};
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = count;
  BatchSpheres *spheres = batch_spheres_start(&options);
  bool good = spheres && make(batches, BATCHES) && dispatch(spheres, batches);
  if (spheres) batch_spheres_stop(spheres);
  drop(batches, BATCHES);
  return good;
}
