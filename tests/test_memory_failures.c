/* What happens when memory runs out: at every single allocation of every call that makes something
   the call is refused, nothing leaks and nothing has changed. */
#include "support/failing_memory.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/watchdog.h"

/* A thread's first error makes room for its sentences, which it keeps. */
static void begin(void) {
  watchdog_on();
  check_forget_error();
}

TestSuite(memory_failures, .init = begin);

/* A call must have been refused at least once, or nothing was tested. */
static void inject(const char *name, failing_call call, void *context) {
  cr_assert_gt(inject_failures(name, call, context), 0);
}

static bool leaks_one_block(void *context) {
  void *volatile *kept = context; /* volatile: a compiler may leave out a malloc that is only freed */
  kept[0] = malloc(10);
  kept[1] = kept[0] ? malloc(10) : NULL;
  if (!kept[1]) return false; /* and kept[0] is forgotten */
  free(kept[0]);
  free(kept[1]);
  return true;
}

static void inject_into_leak(void *context) {
  size_t before = memory_live();
  memory_fails_at(2, false);
  bool done = leaks_one_block(context);
  memory_fails_at(0, false);
  _exit(!done && memory_live() == before + 1 ? 0 : 1);
}

Test(memory_failures, a_leak_is_seen) {
  void *kept[2];
  cr_assert_eq(check_end_of(inject_into_leak, kept).status, 0);
}

static bool make_tensor(void *context) {
  (void)context;
  Tensor *tensor = tensor_create((uint32_t[]){3, 5}, 2);
  tensor_free(tensor);
  return tensor;
}

static bool make_typed_tensor(void *context) {
  (void)context;
  Tensor *tensor = tensor_create_typed((uint32_t[]){3, 5}, 2, TENSOR_INT64);
  tensor_free(tensor);
  return tensor;
}

static bool copy_tensor(void *context) {
  Tensor *copy = tensor_copy(context);
  tensor_free(copy);
  return copy;
}

static bool view_tensor(void *context) {
  Tensor *view = tensor_view_rows(context, 1, 2);
  tensor_free(view);
  return view;
}

/* A struct copy needs a shape of its own; the tensor it was copied from keeps its shape. */
static bool reshape_copy(void *context) {
  Tensor *tensor = context, copy = *tensor;
  bool done = tensor_reshape(&copy, (uint32_t[]){15}, 1);
  if (done) free(copy.shape);
  cr_assert_eq(copy.ndim, done ? 1 : 2);
  cr_assert(tensor->ndim == 2 && tensor->shape[0] == 3);
  return done;
}

Test(memory_failures, tensors) {
  Tensor *tensor = tensor_create((uint32_t[]){3, 5}, 2);
  inject("tensor_create", make_tensor, NULL);
  inject("tensor_create_typed", make_typed_tensor, NULL);
  inject("tensor_copy", copy_tensor, tensor);
  inject("tensor_view_rows", view_tensor, tensor);
  inject("tensor_reshape", reshape_copy, tensor);
  tensor_free(tensor);
}

static bool make_batch(void *context) {
  (void)context;
  Batch *batch = batch_create(3, 5, 10);
  batch_free(batch);
  return batch;
}

static bool make_shaped_batch(void *context) {
  (void)context;
  Batch *batch = batch_create_with(&(batch_shape){3, 5, 10, TENSOR_INT32, TENSOR_UINT8, true, 4});
  batch_free(batch);
  return batch;
}

static bool copy_batch(void *context) {
  Batch *copy = batch_copy(context);
  batch_free(copy);
  return copy;
}

static bool merge_batches(void *context) {
  Batch *merged = batch_merge(context, 2);
  batch_free(merged);
  return merged;
}

Test(memory_failures, batches) {
  Batch *sources[2] = {batch_create(3, 5, 10), batch_create(2, 5, 10)};
  inject("batch_create", make_batch, NULL);
  inject("batch_create_with", make_shaped_batch, NULL);
  inject("batch_copy", copy_batch, sources[0]);
  inject("batch_merge", merge_batches, sources);
  for (int i = 0; i < 2; i++) {
    assert_count(sources[i], 1);
    batch_free(sources[i]);
  }
}

/* Batch headers come from memory that is never given back, so a view costs no allocation until
   that memory has to grow: keep views until it does. */
enum { MANY_VIEWS = 20000 };

static bool split_batch(void *context) {
  Batch *batch = context, *parts[4] = {NULL, NULL, NULL, NULL};
  int before = atomic_load(&batch->ref_count);
  bool done = batch_split(batch, 4, parts);
  for (int i = 0; i < 4; i++) {
    cr_assert_eq(done, parts[i] != NULL);
    batch_free(parts[i]);
  }
  assert_count(batch, before);
  return done;
}

Test(memory_failures, views_while_every_allocation_fails) {
  Batch *batch = batch_create(8, 1, 0), **kept = calloc(MANY_VIEWS, sizeof *kept);
  uint32_t n = 0;
  memory_fails_at(1, true);
  check_forget_error();
  while (n < MANY_VIEWS && batch_split(batch, 8, kept + n)) n += 8;
  if (memory_allocations() > 0) assert_error(BATCH_ERROR_OUT_OF_MEMORY, "batch_split");
  memory_fails_at(0, false);
  for (uint32_t i = n; i < MANY_VIEWS; i++) cr_assert_null(kept[i], "out was touched");
  printf("batch_split: %u views without one allocation\n", n);
  cr_assert(split_batch(batch));
  for (uint32_t i = 0; i < n; i++) batch_free(kept[i]);
  assert_count(batch, 1);
  batch_free(batch);
  free(kept);
}

static bool distribute_batch(void *context) {
  Batch *parts[4] = {NULL, NULL, NULL, NULL};
  bool done = batch_distribute_to_spheres(context, 4, parts);
  for (int i = 0; i < 4; i++) batch_free(parts[i]);
  return done;
}

static bool balance_batches(void *context) {
  uint32_t assigned[2];
  return batch_balance_distribution(context, 2, 2, assigned);
}

/* These may work without any allocation: then there is nothing to fail, and that is as good. */
Test(memory_failures, splitting_and_distributing) {
  Batch *batches[2] = {batch_create(8, 1, 0), batch_create(8, 1, 0)};
  inject_failures("batch_split", split_batch, batches[0]);
  inject_failures("batch_distribute_to_spheres", distribute_batch, batches[0]);
  inject_failures("batch_balance_distribution", balance_batches, batches);
  for (int i = 0; i < 2; i++) {
    assert_count(batches[i], 1);
    batch_free(batches[i]);
  }
}

static bool make_queue(void *context) {
  BatchQueue *queue = batch_queue_create(*(uint32_t *)context);
  batch_queue_free(queue);
  return queue;
}

Test(memory_failures, queues) {
  uint32_t capacity = 100, unlimited = 0;
  inject("batch_queue_create", make_queue, &capacity);
  inject("batch_queue_create", make_queue, &unlimited);
}

Test(memory_failures, a_bounded_queue_works_while_every_allocation_fails) {
  BatchQueue *queue = batch_queue_create(3);
  Batch *batch = check_small_batch(1);
  memory_fails_at(1, true);
  for (int i = 0; i < 100; i++) {
    cr_assert(batch_queue_enqueue(queue, batch));
    batch_release(batch_queue_peek(queue));
    cr_assert_eq(batch_queue_dequeue(queue), batch);
  }
  batch_queue_close(queue);
  cr_assert_eq(memory_allocations(), 0);
  memory_fails_at(0, false);
  batch_release(batch);
  batch_queue_free(queue);
}

Test(memory_failures, descriptors_to_poll) {
  BatchQueue *queue = batch_queue_create(1);
  memory_fails_at(1, true);
  assert_refused(batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE) == -1, BATCH_ERROR_OUT_OF_MEMORY,
                 "batch_queue_fd: ", "descriptor");
  assert_refused(batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE) == BATCH_ERROR_OUT_OF_MEMORY,
                 BATCH_ERROR_OUT_OF_MEMORY, "batch_queue_arm: ", "descriptor");
  memory_fails_at(0, false);
  cr_assert_geq(batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE), 0, "%s", batch_last_error()->message);
  batch_queue_free(queue);
}

/* The unlimited queue refuses what it cannot store, keeps what it has, and goes on later. */
Test(memory_failures, the_unlimited_queue_refuses_and_recovers) {
  enum { MANY = 100000 };
  BatchQueue *queue = batch_queue_create(0);
  Batch *batch = check_small_batch(1);
  uint32_t in = 0, refused = 0;
  memory_fails_at(1, true);
  for (uint32_t i = 0; i < MANY; i++) {
    batch_retain(batch);
    check_forget_error();
    if (batch_queue_try_enqueue(queue, batch)) {
      in++;
      continue;
    }
    assert_error(BATCH_ERROR_OUT_OF_MEMORY, "batch_queue_try_enqueue");
    batch_release(batch);
    if (++refused == 10) break;
  }
  cr_assert_eq(refused, 10);
  assert_refused(!batch_queue_enqueue(queue, batch), BATCH_ERROR_OUT_OF_MEMORY, "batch_queue_enqueue");
  assert_refused(batch_queue_enqueue_until(queue, batch, BATCH_FOREVER) == BATCH_ERROR_OUT_OF_MEMORY,
                 BATCH_ERROR_OUT_OF_MEMORY, "batch_queue_enqueue_until");
  assert_refused(batch_queue_enqueue_many(queue, &batch, 1) == 0, BATCH_ERROR_OUT_OF_MEMORY,
                 "batch_queue_enqueue_many");
  assert_refused(batch_queue_enqueue_many_wait(queue, &batch, 1) == 0, BATCH_ERROR_OUT_OF_MEMORY,
                 "batch_queue_enqueue_many_wait");
  assert_count(batch, (int)(1 + in));
  cr_assert_eq(batch_queue_size(queue), in);
  cr_assert_not(batch_queue_is_closed(queue));
  memory_fails_at(0, false);
  batch_retain(batch);
  cr_assert(batch_queue_enqueue(queue, batch));
  cr_assert_eq(batch_queue_size(queue), in + 1);
  for (uint32_t i = 0; i <= in; i++) {
    cr_assert_eq(batch_queue_dequeue(queue), batch);
    batch_release(batch);
  }
  batch_queue_close(queue);
  cr_assert_null(batch_queue_dequeue(queue));
  assert_count(batch, 1);
  batch_release(batch);
  batch_queue_free(queue);
  printf("batch_queue_try_enqueue: %u refused after %u that went in\n", refused, in);
}

Test(memory_failures, without_memory_for_a_group_several_go_in_one_by_one) {
  BatchQueue *queue = batch_queue_create(8);
  Batch *batches[3], *taken[3];
  for (uint64_t i = 0; i < 3; i++) batches[i] = check_small_batch(i);
  memory_fails_at(1, true);
  for (int i = 0; i < 3; i++) cr_assert_eq(batch_queue_enqueue_many(queue, batches + i, (size_t)(3 - i)), 1);
  memory_fails_at(0, false);
  cr_assert_eq(batch_queue_dequeue_many(queue, taken, 3), 3);
  for (int i = 0; i < 3; i++) cr_assert_eq(taken[i], batches[i]);
  cr_assert_eq(batch_queue_enqueue_many(queue, batches, 3), 3);
  batch_queue_free(queue);
}

static bool make_pool(void *context) {
  (void)context;
  BatchPool *pool = batch_pool_create(5, 3, 4, 10);
  batch_pool_free(pool);
  return pool;
}

static bool make_pool_with(void *context) {
  (void)context;
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 4;
  options.shape = (batch_shape){3, 5, 10, TENSOR_INT32, TENSOR_UINT8, true, 0};
  options.alignment = 4096;
  options.huge_pages = true;
  BatchPool *pool = batch_pool_create_with(&options);
  batch_pool_free(pool);
  return pool;
}

static bool grow_pool(void *context) {
  BatchPool *pool = context;
  bool done = batch_pool_resize(pool, 9);
  cr_assert_eq(batch_pool_size(pool), done ? 9 : 4);
  if (done) cr_assert(batch_pool_resize(pool, 4));
  return done;
}

static bool make_arena(void *context) {
  (void)context;
  BatchArena *arena = batch_arena_create(NULL);
  batch_arena_free(arena);
  return arena;
}

/* Two chunks and a block. */
static bool make_pool_in_arena(void *arena) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape.batch_size = 30;
  options.shape.sequence_length = 10;
  options.allocator = batch_arena_allocator(arena);
  BatchPool *pool = batch_pool_create_with(&options);
  batch_pool_free(pool);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  return pool;
}

static bool make_arena_and_pool(void *context) {
  (void)context;
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.chunk_bytes = 8000;
  BatchArena *arena = batch_arena_create(&options);
  bool done = arena && make_pool_in_arena(arena);
  batch_arena_free(arena);
  return done;
}

Test(memory_failures, arenas) {
  inject("batch_arena_create", make_arena, NULL);
  inject("no memory", make_arena_and_pool, NULL); /* for the one or the other */
}

Test(memory_failures, pools) {
  BatchPool *pool = batch_pool_create(4, 3, 5, 10);
  inject("batch_pool_create", make_pool, NULL);
  inject("batch_pool_create_with", make_pool_with, NULL);
  inject("batch_pool_resize", grow_pool, pool);
  Batch *batches[5];
  for (int i = 0; i < 4; i++) cr_assert_not_null(batches[i] = batch_pool_try_allocate(pool));
  cr_assert_null(batch_pool_try_allocate(pool));
  for (int i = 0; i < 4; i++) batch_release(batches[i]);
  batch_pool_free(pool);
}

Test(memory_failures, a_pool_works_while_every_allocation_fails) {
  BatchPool *pool = batch_pool_create(2, 3, 5, 10);
  memory_fails_at(1, true);
  for (int i = 0; i < 100; i++) {
    Batch *first = batch_pool_allocate(pool), *second = batch_pool_allocate(pool);
    cr_assert(first && second && !batch_pool_try_allocate(pool));
    batch_release(first);
    batch_pool_release(pool, second);
  }
  cr_assert_eq(memory_allocations(), 0);
  memory_fails_at(0, false);
  batch_pool_free(pool);
}

/* Batch headers: they come from segments that are kept for ever, so each case starts in a child
   process in which the headers that there are have run out */

typedef struct header_case {
  const char *name;
  failing_call call;
  void *context;
  unsigned failing; /* which allocation fails */
} header_case;

static void without_headers(void *context) {
  header_case *c = context;
  Batch *batch = batch_create(1, 1, 0), *part;
  memory_fails_at(1, true);
  while (batch_split(batch, 1, &part)) continue; /* kept: no header comes back */
  size_t before = memory_live();
  memory_fails_at(c->failing, false);
  bool done = c->call(c->context);
  unsigned tried = memory_allocations();
  memory_fails_at(0, false);
  if (tried < c->failing) _exit(2); /* all allocations have had their turn */
  if (done || batch_last_error()->code != BATCH_ERROR_OUT_OF_MEMORY) _exit(3);
  if (!c->call(c->context)) _exit(4);
  _exit(memory_live() == before + 1 ? 0 : 5); /* one segment more, and nothing else */
}

Test(memory_failures, when_headers_run_out_nothing_leaks) {
  Batch *batch = batch_create(8, 1, 10), *pair[2] = {batch, batch};
  header_case cases[] = {
      {"batch_create", make_batch, NULL, 0},  {"batch_create_with", make_shaped_batch, NULL, 0},
      {"batch_copy", copy_batch, batch, 0},   {"batch_merge", merge_batches, pair, 0},
      {"batch_split", split_batch, batch, 0}, {"batch_pool_create", make_pool, NULL, 0}};
  make_pool(NULL); /* what pools keep for ever is made before, so that only a segment of headers comes */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int status;
    do {
      cases[i].failing++;
      status = check_end_of(without_headers, &cases[i]).status;
      cr_assert(status == 0 || status == 2, "%s with allocation %u failing: %d", cases[i].name,
                cases[i].failing, status);
    } while (status == 0);
    cr_assert_gt(cases[i].failing, 1, "%s: nothing failed", cases[i].name);
    printf("%s without headers: %u allocation failures injected\n", cases[i].name, cases[i].failing - 1);
  }
  batch_free(batch);
}

static void ignore(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static bool start_spheres(void *context) {
  (void)context;
  batch_spheres_options options = {
      .size = sizeof options, .num_spheres = 3, .lane_capacity = 4, .process = ignore};
  BatchSpheres *spheres = batch_spheres_start(&options);
  batch_spheres_stop(spheres);
  return spheres;
}

Test(memory_failures, spheres) {
  inject("batch_spheres_start", start_spheres, NULL);
}
