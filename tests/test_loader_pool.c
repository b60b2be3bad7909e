/* Where a loader's batches come from: a pool of its own, made as the caller says, or one of the caller's. */
#include <headrace/headrace.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/dataset_check.h"
#include "support/files.h"
#include "support/threads.h"
#include "support/watchdog.h"

static void begin(void) {
  watchdog_on();
  files_begin();
}

TestSuite(loader_pool, .init = begin, .fini = files_end);

enum {
  TOKENS = 5003,
  LENGTH = 16,
  ROWS = (TOKENS - 2) / LENGTH + 1,
  BATCH = 4,
  STEPS = (ROWS + BATCH - 1) / BATCH
};

static const char *write_tokens_from(uint16_t first) {
  bytes b = {0};
  for (uint32_t i = 0; i < TOKENS; i++) put_u16(&b, (uint16_t)(first + i % 1000));
  return write_bytes("t.bin", &b);
}

static const char *write_tokens(void) {
  return write_tokens_from(0);
}

static batch_loader_options small_options(void) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = BATCH;
  o.sequence_length = LENGTH;
  o.vocab_size = 1000;
  o.workers = 3;
  return o;
}

static BatchPool *make_pool(uint32_t size) {
  batch_pool_options o = BATCH_POOL_OPTIONS_INIT;
  o.pool_size = size;
  o.shape = (batch_shape){
      .batch_size = BATCH, .sequence_length = LENGTH, .vocab_size = 1000, .input_type = TENSOR_INT32};
  BatchPool *pool = batch_pool_create_with(&o);
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  return pool;
}

static BatchLoader *start(const BatchDataset *dataset, BatchPool *pool) {
  batch_loader_options o = small_options();
  o.pool = pool;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  return loader;
}

/* Takes all batches that are left; returns how many. */
static uint32_t drain(BatchLoader *loader) {
  uint32_t count = 0;
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch), count++)
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
  cr_assert_eq(batch_last_error()->code, BATCH_END, "%s", batch_last_error()->message);
  return count;
}

/* The pool is open, and exactly `size` of its batches can be had. */
static void assert_all_idle(BatchPool *pool, uint32_t size) {
  Batch *taken[16];
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  for (uint32_t i = 0; i < size; i++)
    cr_assert_not_null(taken[i] = batch_pool_try_allocate(pool), "%s", batch_last_error()->message);
  assert_refused(!batch_pool_try_allocate(pool), BATCH_EMPTY, "out");
  for (uint32_t i = 0; i < size; i++) batch_release(taken[i]);
}

Test(loader_pool, a_loader_uses_the_callers_pool_and_leaves_it_as_it_was) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(5);
  for (int round = 0; round < 20; round++) {
    BatchLoader *loader = start(dataset, pool);
    Batch *kept = batch_loader_next(loader);
    cr_assert_eq(batch_pool_outstanding(pool) >= 1, true);
    for (int i = 0; i < round; i++) batch_release(batch_loader_next(loader));
    if (round == 0) cr_assert_eq(drain(loader), STEPS - 1);
    batch_loader_free(loader);
    cr_assert_eq(batch_pool_outstanding(pool), 1, "what the caller has, and nothing else");
    batch_pool_release(pool, kept);
    assert_all_idle(pool, 5);
  }
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

Test(loader_pool, batches_that_are_elsewhere_are_not_missed) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(4);
  Batch *elsewhere[3];
  for (int i = 0; i < 3; i++) elsewhere[i] = batch_pool_allocate(pool);
  BatchLoader *loader = start(dataset, pool);
  cr_assert_eq(drain(loader), STEPS);
  batch_loader_free(loader);
  for (int i = 0; i < 3; i++) batch_release(elsewhere[i]);
  assert_all_idle(pool, 4);
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

static void drain_one(test_thread *self) {
  thread_waits(self, "in batch_loader_next");
  self->result = (void *)(uintptr_t)drain(self->context);
}

Test(loader_pool, loaders_with_a_thread_each_share_a_pool_of_one_or_more) {
  enum { LOADERS = 3 };
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  for (uint32_t size = 1; size <= 4; size++) {
    BatchPool *pool = make_pool(size);
    BatchLoader *loaders[LOADERS];
    test_thread takers[LOADERS];
    for (int i = 0; i < LOADERS; i++) loaders[i] = start(dataset, pool);
    for (int i = 0; i < LOADERS; i++) threads_start(&takers[i], 1, "taker", drain_one, loaders[i]);
    threads_join(takers, LOADERS);
    for (int i = 0; i < LOADERS; i++) {
      cr_assert_eq((uintptr_t)takers[i].result, STEPS);
      batch_loader_free(loaders[i]);
    }
    assert_all_idle(pool, size);
    batch_pool_free(pool);
  }
  batch_dataset_free(dataset);
}

static void take_one(test_thread *self) {
  thread_waits(self, "in batch_loader_next");
  Batch *batch = batch_loader_next(self->context);
  self->result = batch ? "a batch" : batch_last_error()->code == BATCH_CLOSED ? "closed" : "?";
}

static void allocate_one(test_thread *self) {
  thread_waits(self, "in batch_pool_allocate");
  self->result = batch_pool_allocate(self->context);
}

/* All batches are here, so that the workers wait in the pool, beside somebody else. */
Test(loader_pool, closing_a_loader_wakes_its_workers_and_nobody_else_misses_a_batch) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(2);
  for (int round = 0; round < 20; round++) {
    Batch *here[2] = {batch_pool_allocate(pool), batch_pool_allocate(pool)};
    BatchLoader *loader = start(dataset, pool);
    test_thread taker[2], other;
    threads_start(taker, 2, "taker", take_one, loader);
    threads_start(&other, 1, "other", allocate_one, pool);
    threads_until_asleep(taker, 2);
    threads_until_asleep(&other, 1);
    batch_loader_close(loader);
    threads_join(taker, 2);
    for (int i = 0; i < 2; i++) cr_assert_str_eq(taker[i].result, "closed");
    assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "batch_loader_next: the loader is closed");
    batch_loader_free(loader);
    batch_release(here[0]);
    threads_join(&other, 1);
    cr_assert_eq(other.result, here[0]);
    batch_release(here[1]);
    batch_release(other.result);
    assert_all_idle(pool, 2);
  }
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

Test(loader_pool, closing_the_pool_ends_a_loader_that_needs_batches) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  for (int round = 0; round < 20; round++) {
    BatchPool *pool = make_pool(2);
    BatchLoader *loader = start(dataset, pool);
    Batch *here[2] = {batch_loader_next(loader), batch_loader_next(loader)};
    batch_loader_state state;
    test_thread taker[3];
    threads_start(taker, 3, "taker", take_one, loader);
    if (round % 2) threads_until_asleep(taker, 3);
    batch_pool_close(pool);
    threads_join(taker, 3);
    for (int i = 0; i < 3; i++) cr_assert_str_eq(taker[i].result, "closed");
    assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "batch_loader_next: the pool is closed");
    cr_assert(batch_loader_get_state(loader, &state));
    cr_assert_eq(state.step, 2);
    batch_loader_free(loader);
    batch_release(here[0]);
    cr_assert_eq(batch_pool_outstanding(pool), 1);
    batch_pool_free(pool);
    batch_release(here[1]);
  }
  batch_dataset_free(dataset);
}

/* The workers meet the closed pool at some time while the loader is asked again and again. */
Test(loader_pool, a_loader_that_a_fault_has_stopped_says_so_also_when_the_pool_is_closed) {
  BatchDataset *dataset = open_dataset(write_tokens_from(1000), NULL);
  BatchPool *pool = make_pool(2);
  BatchLoader *loader = start(dataset, pool);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_next: ");
  batch_pool_close(pool);
  for (int i = 0; i < 20000; i++, sched_yield()) {
    cr_assert_null(batch_loader_next(loader));
    cr_assert_eq(batch_last_error()->code, BATCH_ERROR_OUT_OF_RANGE, "%s", batch_last_error()->message);
  }
  batch_loader_close(loader);
  assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "batch_loader_next: the loader is closed");
  batch_loader_free(loader);
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

Test(loader_pool, closing_the_pool_takes_nothing_from_a_loader_that_needs_no_more) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(3);
  batch_loader_options o = small_options();
  o.pool = pool;
  o.steps = 3;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  while (stats.queue_depth < 3)
    cr_assert(batch_loader_get_stats(loader, &stats)); /* the workers wait for a fourth */
  batch_pool_close(pool);
  cr_assert_eq(drain(loader), 3);
  batch_loader_free(loader);
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

Test(loader_pool, a_pool_does_not_grow_while_a_loader_has_it) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(4);
  BatchLoader *first = start(dataset, pool), *second = start(dataset, pool);
  assert_refused(!batch_pool_resize(pool, 5), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_pool_resize: new_size is 5", "at most the pool's 4", "loader");
  cr_assert_eq(batch_pool_size(pool), 4);
  batch_loader_free(first);
  cr_assert(batch_pool_resize(pool, 4), "as it is: %s", batch_last_error()->message);
  cr_assert(batch_pool_resize(pool, 2), "%s", batch_last_error()->message);
  assert_refused(!batch_pool_resize(pool, 4), BATCH_ERROR_INVALID_ARGUMENT, "new_size is 4",
                 "at most the pool's 2");
  cr_assert_eq(drain(second), STEPS);
  batch_loader_free(second);
  assert_all_idle(pool, 2);
  cr_assert(batch_pool_resize(pool, 7), "%s", batch_last_error()->message);
  assert_all_idle(pool, 7);
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

/* Growing and shrinking from other threads while loaders come and go: a loader is never given more than it has room
   for, and what is refused changes nothing. */
typedef struct resizing {
  BatchPool *pool;
  _Atomic int stop;
} resizing;

static void resize_at_random(test_thread *self) {
  resizing *r = self->context;
  for (uint32_t i = 0; !atomic_load(&r->stop); i++) {
    thread_waits(self, "in batch_pool_resize");
    batch_pool_resize(r->pool, 1 + i * 2654435761u % 6);
  }
}

Test(loader_pool, loaders_come_and_go_while_others_resize_their_pool) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  resizing r = {make_pool(3), 0};
  test_thread resizer;
  threads_start(&resizer, 1, "resizer", resize_at_random, &r);
  for (int round = 0; round < 40; round++) {
    BatchLoader *loader = start(dataset, r.pool);
    cr_assert_eq(drain(loader), STEPS);
    batch_loader_free(loader);
  }
  atomic_store(&r.stop, 1);
  threads_join(&resizer, 1);
  cr_assert(batch_pool_resize(r.pool, 6));
  assert_all_idle(r.pool, 6);
  batch_pool_free(r.pool);
  batch_dataset_free(dataset);
}

static void free_the_pool_first(void *dataset) {
  BatchPool *pool = make_pool(4);
  start(dataset, pool);
  batch_pool_free(pool);
}

Test(loader_pool, freeing_the_pool_before_the_loader_aborts) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  assert_aborts(free_the_pool_first, dataset, "batch_pool_free: pool", "has a loader");
  batch_dataset_free(dataset);
}

Test(loader_pool, refuses_a_pool_that_does_not_fit_by_what_does_not) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  BatchPool *pool = make_pool(2);
  batch_pool_options mine = BATCH_POOL_OPTIONS_INIT;
  batch_loader_options good = small_options(), o;
  good.pool = pool;
#define REFUSED(field, value, ...)                                                                           \
  o = good;                                                                                                  \
  o.field = value;                                                                                           \
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT,                            \
                 "batch_loader_create: ", __VA_ARGS__)
  REFUSED(batch_size, 5, "the pool's batches have batch_size 4, expected the options' 5");
  REFUSED(sequence_length, 17, "sequence_length 16, expected the options' 17");
  REFUSED(vocab_size, 1001, "vocab_size 1000, expected the options' 1001");
  REFUSED(id_type, BATCH_IDS_INT64, "input_type int32, expected the options' int64");
  REFUSED(mask_type, TENSOR_UINT8, "mask_type float32, expected the options' uint8");
  REFUSED(with_documents, true, "with_documents 0, expected the options' 1");
  REFUSED(pool_size, 2, "pool_size is 2, expected 0");
  REFUSED(pool_options, &mine, "pool and pool_options");
  good.pool = NULL;
  good.pool_options = &mine;
  mine.pool_size = 3;
  REFUSED(pool_size, 3, "pool_options->pool_size is 3");
  mine.pool_size = 0;
  mine.shape.batch_size = BATCH;
  REFUSED(pool_size, 3, "pool_options->shape");
  mine = (batch_pool_options)BATCH_POOL_OPTIONS_INIT;
  mine.alignment = 3;
  REFUSED(pool_size, 3, "alignment is 3");
  cr_assert_null(strstr(batch_last_error()->message, "batch_pool"), "%s", batch_last_error()->message);
  good.pool_options = NULL;
  good.pool = pool;
  batch_pool_resize(pool, 0);
  REFUSED(workers, 1, "no batches");
  cr_assert(batch_pool_resize(pool, 1), "nothing that was refused keeps the pool: %s",
            batch_last_error()->message);
  batch_pool_close(pool);
  assert_refused(!batch_loader_create(dataset, &good), BATCH_CLOSED,
                 "batch_loader_create: the pool is closed");
  batch_pool_free(pool);
  batch_dataset_free(dataset);
}

typedef struct counted {
  _Atomic uint32_t allocations, frees;
  _Atomic size_t alignment;
} counted;

static void *count_allocation(void *context, size_t size, size_t alignment) {
  counted *c = context;
  atomic_fetch_add(&c->allocations, 1);
  atomic_store(&c->alignment, alignment);
  return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_free(void *context, void *memory, size_t size) {
  (void)size;
  counted *c = context;
  atomic_fetch_add(&c->frees, 1);
  free(memory);
}

Test(loader_pool, the_loaders_own_pool_is_made_as_the_caller_says) {
  BatchDataset *dataset = open_dataset(write_tokens(), NULL);
  static counted c;
  batch_pool_options mine = BATCH_POOL_OPTIONS_INIT;
  mine.alignment = 4096;
  mine.allocator = (batch_allocator){count_allocation, count_free, &c};
  batch_loader_options o = small_options();
  o.pool_options = &mine;
  o.pool_size = 6;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  Batch *kept = batch_loader_next(loader);
  cr_assert_eq((uintptr_t)kept->input.raw % 4096, 0);
  drain(loader);
  cr_assert(c.allocations == 6 && c.frees == 0 && c.alignment == 4096, "%u allocations, %u frees",
            c.allocations, c.frees);
  batch_loader_free(loader);
  cr_assert_eq(c.frees, 5, "all but the one that is out");
  batch_release(kept);
  cr_assert(c.allocations == 6 && c.frees == 6, "%u allocations, %u frees", c.allocations, c.frees);
  batch_dataset_free(dataset);
}
