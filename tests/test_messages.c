/* Every message begins with the name of the function that was called, whatever that function calls itself.
   tests/scripts/messages_complete.sh looks whether each public function of the core is here. */
#include "support/batches.h"
#include "support/check.h"
#include "support/messages.h"

#include <math.h>

#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(messages, .init = watchdog_on);

static const uint32_t sizes[9] = {2, 3, 1, 1, 1, 1, 1, 1, 1}, huge[3] = {UINT32_MAX, UINT32_MAX, UINT32_MAX},
                      outside[2] = {2, 0};
static const tensor_type NO_TYPE = (tensor_type)99;

Test(messages, of_tensors) {
  Tensor *tensor = tensor_create(sizes, 2), wrong = {.ndim = 2};
  REFUSES(tensor_create, NULL, 2);
  REFUSES(tensor_create, sizes, 0);
  REFUSES(tensor_create, sizes, 9);
  REFUSES(tensor_create, outside, 2);
  REFUSES(tensor_create, huge, 3);
  REFUSES(tensor_create_typed, NULL, 2, TENSOR_INT32);
  REFUSES(tensor_create_typed, sizes, 2, NO_TYPE);
  REFUSES(tensor_copy, NULL);
  REFUSES(tensor_copy, &wrong);
  REFUSES(tensor_view_rows, NULL, 0, 1);
  REFUSES(tensor_view_rows, &wrong, 0, 1);
  REFUSES(tensor_view_rows, tensor, 1, 2);
  REFUSES(tensor_reshape, NULL, sizes, 2);
  REFUSES(tensor_reshape, &wrong, sizes, 2);
  REFUSES(tensor_reshape, tensor, NULL, 2);
  REFUSES(tensor_reshape, tensor, sizes, 1);
  REFUSES(tensor_reshape, tensor, sizes, 9);
  REFUSES(tensor_get, NULL, sizes);
  REFUSES(tensor_get, tensor, NULL);
  REFUSES(tensor_get, tensor, outside);
  REFUSES(tensor_set, NULL, sizes, 1);
  REFUSES(tensor_set, tensor, NULL, 1);
  REFUSES(tensor_set, tensor, outside, 1);
  REFUSES(tensor_fill, NULL, 1);
  REFUSES(tensor_fill, &wrong, 1);
  REFUSES(tensor_print, NULL);
  REFUSES(tensor_print, &wrong);
  TAKES(tensor_free, NULL);
  TAKES(tensor_type_size, NO_TYPE);
  TAKES(tensor_type_name, NO_TYPE);
  tensor_free(tensor);
}

Test(messages, of_batches) {
  Batch *batch = counting_batch(2, 3), *other = counting_batch(2, 4), *out[4], *none = NULL,
        *pair[2] = {batch, other};
  REFUSES(batch_create, 0, 3, 5);
  REFUSES(batch_create, 2, 0, 5);
  REFUSES(batch_create, UINT32_MAX, UINT32_MAX, 5);
  REFUSES(batch_create_with, NULL);
  REFUSES(batch_create_with, &(batch_shape){0, 3, 5, TENSOR_INT32, TENSOR_UINT8, false, 0});
  REFUSES(batch_create_with, &(batch_shape){2, 3, 5, NO_TYPE, TENSOR_UINT8, false, 0});
  REFUSES(batch_create_with, &(batch_shape){UINT32_MAX, UINT32_MAX, 5, TENSOR_INT32, TENSOR_UINT8, true, 0});
  REFUSES(batch_split, NULL, 1, out);
  REFUSES(batch_split, batch, 0, out);
  REFUSES(batch_split, batch, 3, out);
  REFUSES(batch_split, batch, 1, NULL);
  REFUSES(batch_merge, NULL, 1);
  REFUSES(batch_merge, pair, 0);
  REFUSES(batch_merge, pair, 2);
  REFUSES(batch_merge, &none, 1);
  REFUSES(batch_copy, NULL);
  REFUSES(batch_print, NULL);
  REFUSES(batch_validate, NULL);
  REFUSES(batch_validate_strict, NULL);
  REFUSES(batch_retain, NULL);
  batch->input.data[0] = NAN;
  REFUSES(batch_validate, batch);
  REFUSES(batch_validate_strict, batch);
  batch->mask.total_size = 1;
  REFUSES(batch_split, batch, 1, out);
  REFUSES(batch_merge, &batch, 1);
  REFUSES(batch_copy, batch);
  REFUSES(batch_print, batch);
  REFUSES(batch_validate, batch);
  REFUSES(batch_block, NULL, NULL);
  REFUSES(batch_block, other, NULL);
  TAKES(batch_free, NULL);
  TAKES(batch_release, NULL);
  batch_free(batch);
  batch_free(other);
}

Test(messages, of_queues) {
  Batch *batch = check_small_batch(1), *out[2], *pair[2] = {batch, NULL}, *one;
  BatchQueue *empty = batch_queue_create(1), *full = batch_queue_create(1), *closed = batch_queue_create(1);
  uint64_t soon = batch_deadline_after(1000);
  size_t count;
  cr_assert(batch_queue_enqueue(full, check_small_batch(2)));
  batch_queue_close(closed);
  REFUSES(batch_queue_create, UINT32_MAX);
  REFUSES(batch_queue_enqueue, NULL, batch);
  REFUSES(batch_queue_enqueue, empty, NULL);
  REFUSES(batch_queue_enqueue, closed, batch);
  REFUSES(batch_queue_try_enqueue, NULL, batch);
  REFUSES(batch_queue_try_enqueue, empty, NULL);
  REFUSES(batch_queue_try_enqueue, full, batch);
  REFUSES(batch_queue_try_enqueue, closed, batch);
  REFUSES(batch_queue_enqueue_until, NULL, batch, soon);
  REFUSES(batch_queue_enqueue_until, empty, NULL, soon);
  REFUSES(batch_queue_enqueue_until, full, batch, soon);
  REFUSES(batch_queue_enqueue_until, full, batch, BATCH_NO_WAIT);
  REFUSES(batch_queue_enqueue_until, closed, batch, soon);
  REFUSES(batch_queue_enqueue_many, NULL, pair, 1);
  REFUSES(batch_queue_enqueue_many, empty, NULL, 1);
  REFUSES(batch_queue_enqueue_many, empty, pair + 1, 1);
  REFUSES(batch_queue_enqueue_many, full, pair, 1);
  REFUSES(batch_queue_enqueue_many, closed, pair, 1);
  REFUSES(batch_queue_enqueue_many_wait, NULL, pair, 1);
  REFUSES(batch_queue_enqueue_many_wait, empty, NULL, 1);
  REFUSES(batch_queue_enqueue_many_wait, empty, pair + 1, 1);
  REFUSES(batch_queue_enqueue_many_wait, closed, pair, 1);
  REFUSES(batch_queue_enqueue_many_until, NULL, pair, 1, soon, &count);
  REFUSES(batch_queue_enqueue_many_until, empty, NULL, 1, soon, &count);
  REFUSES(batch_queue_enqueue_many_until, empty, pair + 1, 1, soon, &count);
  REFUSES(batch_queue_enqueue_many_until, empty, pair, 1, soon, NULL);
  REFUSES(batch_queue_enqueue_many_until, full, pair, 1, soon, &count);
  REFUSES(batch_queue_enqueue_many_until, full, pair, 1, BATCH_NO_WAIT, &count);
  REFUSES(batch_queue_enqueue_many_until, closed, pair, 1, soon, &count);
  REFUSES(batch_queue_fd, NULL, BATCH_QUEUE_DEQUEUE);
  REFUSES(batch_queue_fd, empty, (batch_queue_side)7);
  REFUSES(batch_queue_arm, NULL, BATCH_QUEUE_DEQUEUE);
  REFUSES(batch_queue_arm, empty, (batch_queue_side)7);
  REFUSES(batch_queue_arm, full, BATCH_QUEUE_DEQUEUE);
  REFUSES(batch_queue_arm, closed, BATCH_QUEUE_DEQUEUE);
  REFUSES(batch_queue_arm, closed, BATCH_QUEUE_ENQUEUE);
  REFUSES(batch_queue_dequeue, NULL);
  REFUSES(batch_queue_dequeue, closed);
  REFUSES(batch_queue_try_dequeue, NULL);
  REFUSES(batch_queue_try_dequeue, empty);
  REFUSES(batch_queue_try_dequeue, closed);
  REFUSES(batch_queue_dequeue_until, NULL, &one, soon);
  REFUSES(batch_queue_dequeue_until, empty, NULL, soon);
  REFUSES(batch_queue_dequeue_until, empty, &one, soon);
  REFUSES(batch_queue_dequeue_until, empty, &one, BATCH_NO_WAIT);
  REFUSES(batch_queue_dequeue_until, closed, &one, soon);
  REFUSES(batch_queue_dequeue_many, NULL, out, 2);
  REFUSES(batch_queue_dequeue_many, full, NULL, 2);
  REFUSES(batch_queue_dequeue_many, empty, out, 2);
  REFUSES(batch_queue_dequeue_many, closed, out, 2);
  REFUSES(batch_queue_dequeue_many_wait, NULL, out, 2);
  REFUSES(batch_queue_dequeue_many_wait, full, NULL, 2);
  REFUSES(batch_queue_dequeue_many_wait, closed, out, 2);
  REFUSES(batch_queue_dequeue_many_until, NULL, out, 2, soon, &count);
  REFUSES(batch_queue_dequeue_many_until, full, NULL, 2, soon, &count);
  REFUSES(batch_queue_dequeue_many_until, full, out, 2, soon, NULL);
  REFUSES(batch_queue_dequeue_many_until, empty, out, 2, soon, &count);
  REFUSES(batch_queue_dequeue_many_until, empty, out, 2, BATCH_NO_WAIT, &count);
  REFUSES(batch_queue_dequeue_many_until, closed, out, 2, soon, &count);
  REFUSES(batch_queue_peek, NULL);
  REFUSES(batch_queue_peek, empty);
  REFUSES(batch_queue_peek, closed);
  REFUSES(batch_queue_capacity, NULL);
  REFUSES(batch_queue_size, NULL);
  REFUSES(batch_queue_is_empty, NULL);
  REFUSES(batch_queue_is_full, NULL);
  REFUSES(batch_queue_is_closed, NULL);
  REFUSES(batch_queue_close, NULL);
  REFUSES(batch_queue_clear, NULL);
  TAKES(batch_queue_free, NULL);
  batch_free(batch);
  batch_queue_free(empty);
  batch_queue_free(full);
  batch_queue_free(closed);
}

Test(messages, of_pools) {
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  Batch *only = batch_pool_allocate(pool), *foreign = check_small_batch(1), *batch;
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  uint64_t soon = batch_deadline_after(1000), count;
  REFUSES(batch_pool_create, 0, 1, 1, 0);
  REFUSES(batch_pool_create, 1, 0, 1, 0);
  REFUSES(batch_pool_create, 1, UINT32_MAX, UINT32_MAX, 0);
  REFUSES(batch_pool_create, UINT32_MAX, 1, 1, 0);
  REFUSES(batch_pool_create_with, NULL);
  REFUSES(batch_pool_create_with, &options);
  options.pool_size = options.shape.batch_size = options.shape.sequence_length = 1;
  options.alignment = 3;
  REFUSES(batch_pool_create_with, &options);
  options.alignment = 0;
  options.numa_node = -1;
  REFUSES(batch_pool_create_with, &options);
  options.numa_node = 0;
  options.shape.mask_type = NO_TYPE;
  REFUSES(batch_pool_create_with, &options);
  REFUSES(batch_pool_allocate, NULL);
  REFUSES(batch_pool_try_allocate, NULL);
  REFUSES(batch_pool_try_allocate, pool);
  REFUSES(batch_pool_allocate_until, NULL, &batch, soon);
  REFUSES(batch_pool_allocate_until, pool, NULL, soon);
  REFUSES(batch_pool_allocate_until, pool, &batch, soon);
  REFUSES(batch_pool_allocate_until, pool, &batch, BATCH_NO_WAIT);
  REFUSES(batch_pool_release, NULL, only);
  REFUSES(batch_pool_release, pool, NULL);
  REFUSES(batch_pool_release, pool, foreign);
  REFUSES(batch_pool_resize, NULL, 1);
  REFUSES(batch_pool_resize, pool, UINT32_MAX);
  REFUSES(batch_pool_size, NULL);
  REFUSES(batch_pool_get_stats, NULL, &count, NULL, NULL, NULL);
  REFUSES(batch_pool_print_stats, NULL);
  REFUSES(batch_pool_close, NULL);
  REFUSES(batch_pool_outstanding, NULL);
  TAKES(batch_pool_outstanding, pool);
  cr_assert_geq(batch_count_live(), 2);
  TAKES(batch_pool_free, NULL);
  batch_free(only);
  REFUSES(batch_pool_fd, NULL);
  REFUSES(batch_pool_arm, NULL);
  batch_pool_close(pool);
  REFUSES(batch_pool_arm, pool);
  REFUSES(batch_pool_allocate, pool);
  REFUSES(batch_pool_try_allocate, pool);
  batch_free(foreign);
  batch_pool_free(pool);
}

static bool attach_none(void *context, void *memory, size_t bytes) {
  (void)context, (void)memory, (void)bytes;
  return false;
}

static void arena_free_in_use(void *arena) {
  batch_arena_free(arena);
}

static void arena_deallocate_foreign(void *arena) {
  static char foreign[64];
  batch_allocator allocator = batch_arena_allocator(arena);
  allocator.deallocate(allocator.context, foreign, sizeof foreign);
}

Test(messages, of_arenas) {
  BatchArena *arena = batch_arena_create(NULL);
  batch_arena_options bad = BATCH_ARENA_OPTIONS_INIT;
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = options.shape.batch_size = options.shape.sequence_length = 1;
  bad.chunk_bytes = SIZE_MAX;
  REFUSES(batch_arena_create, &bad);
  bad = (batch_arena_options){.size = sizeof bad, .numa_node = -1};
  REFUSES(batch_arena_create, &bad);
  REFUSES(batch_arena_allocator, NULL);
  REFUSES(batch_arena_bytes, NULL);
  REFUSES(batch_arena_in_use, NULL);
  options.allocator = batch_arena_allocator(NULL);
  REFUSES(batch_pool_create_with, &options);
  bad = (batch_arena_options){.size = sizeof bad, .attach = attach_none};
  BatchArena *none = batch_arena_create(&bad);
  options.allocator = batch_arena_allocator(none);
  REFUSES(batch_pool_create_with, &options);
  TAKES(batch_arena_free, none);
  TAKES(batch_arena_free, NULL);
  options.allocator = batch_arena_allocator(arena);
  BatchPool *pool = batch_pool_create_with(&options);
  ABORTS(batch_arena_free, arena_free_in_use, arena);
  ABORTS(batch_arena_allocator, arena_deallocate_foreign, arena);
  batch_pool_free(pool);
  batch_arena_free(arena);
}

Test(messages, of_distribution) {
  Batch *batch = counting_batch(2, 3), *out[4], *none = NULL;
  uint32_t assigned[2];
  REFUSES(batch_distribute_to_spheres, NULL, 1, out);
  REFUSES(batch_distribute_to_spheres, batch, 0, out);
  REFUSES(batch_distribute_to_spheres, batch, 3, out);
  REFUSES(batch_distribute_to_spheres, batch, 1, NULL);
  REFUSES(batch_assign_to_group, NULL, 1);
  REFUSES(batch_assign_to_group, batch, BATCH_SYMMETRY_GROUPS);
  cr_assert_eq(batch_symmetry_group(NULL), 0);
  cr_assert(begins_with(batch_last_error()->message, "batch_symmetry_group"));
  REFUSES(batch_balance_distribution, NULL, 1, 1, assigned);
  REFUSES(batch_balance_distribution, &batch, 0, 1, assigned);
  REFUSES(batch_balance_distribution, &batch, 1, 0, assigned);
  REFUSES(batch_balance_distribution, &batch, 1, 1, NULL);
  REFUSES(batch_balance_distribution, &none, 1, 1, assigned);
  batch->mask.total_size = 1;
  REFUSES(batch_distribute_to_spheres, batch, 1, out);
  REFUSES(batch_balance_distribution, &batch, 1, 1, assigned);
  batch_free(batch);
}

static void process_nothing(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

Test(messages, of_spheres) {
  batch_spheres_options options = {.size = sizeof options,
                                   .num_spheres = 2,
                                   .lane_capacity = 1,
                                   .process = process_nothing},
                        wrong = options;
  BatchSpheres *spheres = batch_spheres_start(&options);
  Batch *batch = counting_batch(2, 3), *none = NULL;
  const uint32_t bad_lane = 2;
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  REFUSES(batch_spheres_start, NULL);
  wrong.num_spheres = 0;
  REFUSES(batch_spheres_start, &wrong);
  wrong.num_spheres = 2;
  wrong.lane_capacity = UINT32_MAX;
  REFUSES(batch_spheres_start, &wrong);
  REFUSES(batch_spheres_dispatch, NULL, 0, batch);
  REFUSES(batch_spheres_dispatch, spheres, 0, NULL);
  REFUSES(batch_spheres_dispatch, spheres, 2, batch);
  REFUSES(batch_spheres_dispatch_many, NULL, &bad_lane, &batch, 1);
  REFUSES(batch_spheres_dispatch_many, spheres, &bad_lane, &batch, 1);
  REFUSES(batch_spheres_dispatch_many, spheres, NULL, NULL, 1);
  REFUSES(batch_spheres_dispatch_many, spheres, NULL, &none, 1);
  REFUSES(batch_spheres_dispatch_split, NULL, batch);
  REFUSES(batch_spheres_dispatch_split, spheres, NULL);
  batch->mask.total_size = 1;
  REFUSES(batch_spheres_dispatch_split, spheres, batch);
  REFUSES(batch_spheres_drain, NULL);
  REFUSES(batch_spheres_get_stats, NULL, 0, &stats);
  REFUSES(batch_spheres_get_stats, spheres, 2, &stats);
  REFUSES(batch_spheres_get_stats, spheres, 0, NULL);
  TAKES(batch_spheres_stop, NULL);
  batch_free(batch);
  batch_spheres_stop(spheres);
}

static void release_free(void *batch) {
  batch_release(batch);
  batch_release(batch);
}
static void free_free(void *batch) {
  batch_free(batch);
  batch_free(batch);
}
static void retain_free(void *batch) {
  batch_free(batch);
  batch_retain(batch);
}
static void copy_free(void *batch) {
  batch_free(batch);
  batch_copy(batch);
}
static void print_free(void *batch) {
  batch_free(batch);
  batch_print(batch);
}
static void validate_free(void *batch) {
  batch_free(batch);
  (void)!batch_validate(batch);
}
static void validate_strict_free(void *batch) {
  batch_free(batch);
  (void)!batch_validate_strict(batch);
}
static void split_free(void *batch) {
  Batch *part;
  batch_free(batch);
  batch_split(batch, 1, &part);
}
static void merge_free(void *context) {
  Batch *batch = context;
  batch_free(batch);
  batch_merge(&batch, 1);
}
static void distribute_free(void *batch) {
  Batch *part;
  batch_free(batch);
  batch_distribute_to_spheres(batch, 1, &part);
}
static void balance_free(void *context) {
  Batch *batch = context;
  uint32_t assigned;
  batch_free(batch);
  batch_balance_distribution(&batch, 1, 1, &assigned);
}

/* A queue that has a batch inside which is free. */
static BatchQueue *queue_with_free(Batch *batch) {
  BatchQueue *queue = batch_queue_create(1);
  batch_queue_enqueue(queue, batch);
  batch_free(batch);
  return queue;
}
static void peek_free(void *batch) {
  batch_queue_peek(queue_with_free(batch));
}
static void clear_free(void *batch) {
  batch_queue_clear(queue_with_free(batch));
}
static void queue_free_free(void *batch) {
  batch_queue_free(queue_with_free(batch));
}

static void pool_release_free(void *unused) {
  (void)unused;
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  Batch *batch = batch_pool_allocate(pool);
  batch_pool_release(pool, batch);
  batch_pool_release(pool, batch);
}

static void release_it(void *context, uint32_t sphere, Batch *batch) {
  process_nothing(context, sphere, NULL);
  batch_release(batch);
}
static void dispatch_to_release(void *batch) {
  BatchSpheres *spheres = batch_spheres_start(&(batch_spheres_options){
      .size = sizeof(batch_spheres_options), .num_spheres = 1, .lane_capacity = 0, .process = release_it});
  batch_spheres_dispatch(spheres, 0, batch);
  batch_spheres_stop(spheres);
}
/* What a caller has put together; what is looked at behind it is not another copy's header either. */
static _Alignas(64) union {
  Batch batch;
  char room[1024];
} by_hand;

static void dispatch_by_hand(void *unused) {
  (void)unused;
  BatchSpheres *spheres = batch_spheres_start(&(batch_spheres_options){.size = sizeof(batch_spheres_options),
                                                                       .num_spheres = 1,
                                                                       .lane_capacity = 0,
                                                                       .process = process_nothing});
  batch_spheres_dispatch(spheres, 0, &by_hand.batch);
}
static void dispatch_many_by_hand(void *unused) {
  (void)unused;
  Batch *batch = &by_hand.batch;
  BatchSpheres *spheres = batch_spheres_start(&(batch_spheres_options){.size = sizeof(batch_spheres_options),
                                                                       .num_spheres = 1,
                                                                       .lane_capacity = 0,
                                                                       .process = process_nothing});
  batch_spheres_dispatch_many(spheres, NULL, &batch, 1);
}
static void dispatch_split_free(void *batch) {
  BatchSpheres *spheres = batch_spheres_start(&(batch_spheres_options){.size = sizeof(batch_spheres_options),
                                                                       .num_spheres = 1,
                                                                       .lane_capacity = 0,
                                                                       .process = process_nothing});
  batch_free(batch);
  batch_spheres_dispatch_split(spheres, batch);
}

static void free_queue_twice(void *queue) {
  batch_queue_free(queue);
  batch_queue_free(queue);
}

static void free_pool_twice(void *pool) {
  batch_pool_free(pool);
  batch_pool_free(pool);
}

Test(messages, of_frees_that_come_twice) {
  BatchQueue *queue = batch_queue_create(1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  ABORTS(batch_queue_free, free_queue_twice, queue);
  ABORTS(batch_pool_free, free_pool_twice, pool);
  batch_queue_free(queue);
  batch_pool_free(pool);
}

Test(messages, of_aborts) {
  Batch *batch = counting_batch(2, 3);
  ABORTS(batch_release, release_free, batch);
  ABORTS(batch_free, free_free, batch);
  ABORTS(batch_retain, retain_free, batch);
  ABORTS(batch_copy, copy_free, batch);
  ABORTS(batch_print, print_free, batch);
  ABORTS(batch_validate, validate_free, batch);
  ABORTS(batch_validate_strict, validate_strict_free, batch);
  ABORTS(batch_split, split_free, batch);
  ABORTS(batch_merge, merge_free, batch);
  ABORTS(batch_distribute_to_spheres, distribute_free, batch);
  ABORTS(batch_balance_distribution, balance_free, batch);
  ABORTS(batch_queue_peek, peek_free, batch);
  ABORTS(batch_queue_clear, clear_free, batch);
  ABORTS(batch_queue_free, queue_free_free, batch);
  ABORTS(batch_pool_release, pool_release_free, NULL);
  ABORTS(batch_spheres_start, dispatch_to_release, batch);
  ABORTS(batch_spheres_dispatch, dispatch_by_hand, NULL);
  ABORTS(batch_spheres_dispatch_many, dispatch_many_by_hand, NULL);
  ABORTS(batch_spheres_dispatch_split, dispatch_split_free, batch);
  batch_free(batch);
}
