/* Where a loader's batches come from: a pool of its own, made as the caller says, or one of the caller's. */
#include <headrace/headrace.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "support/loader.h"
#include "support/threads.h"

TestSuite(loader_pool, .init = loader_begin, .fini = loader_end);

static BatchPool *make_pool(uint32_t size) {
  batch_pool_options o = BATCH_POOL_OPTIONS_INIT;
  o.pool_size = size;
  o.shape = (batch_shape){
      .batch_size = BATCH, .sequence_length = LENGTH, .vocab_size = 1000, .input_type = TENSOR_INT32};
  BatchPool *pool = batch_pool_create_with(&o);
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  return pool;
}

/* Three workers, so that they wait for the pool's batches beside each other. */
static batch_loader_options options_with(BatchPool *pool) {
  batch_loader_options o = small_options();
  o.workers = 3;
  o.pool = pool;
  return o;
}

static BatchLoader *start(BatchPool *pool) {
  batch_loader_options o = options_with(pool);
  return start_loader(dataset, &o);
}

/* Takes all batches that are left; returns how many. */
static uint32_t drain(BatchLoader *loader) {
  uint32_t count = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), count++)
    cr_assert(batch_validate_strict(batch), "%s", batch_last_error()->message);
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
  BatchPool *pool = make_pool(5);
  for (int round = 0; round < 20; round++) {
    BatchLoader *loader = start(pool);
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
}

Test(loader_pool, batches_that_are_elsewhere_are_not_missed) {
  BatchPool *pool = make_pool(4);
  Batch *elsewhere[3];
  for (int i = 0; i < 3; i++) elsewhere[i] = batch_pool_allocate(pool);
  BatchLoader *loader = start(pool);
  cr_assert_eq(drain(loader), STEPS);
  batch_loader_free(loader);
  for (int i = 0; i < 3; i++) batch_release(elsewhere[i]);
  assert_all_idle(pool, 4);
  batch_pool_free(pool);
}

static void drain_one(test_thread *self) {
  thread_waits(self, "in batch_loader_next");
  self->result = (void *)(uintptr_t)drain(self->context);
}

Test(loader_pool, loaders_with_a_thread_each_share_a_pool_of_one_or_more) {
  enum { LOADERS = 3 };
  for (uint32_t size = 1; size <= 4; size++) {
    BatchPool *pool = make_pool(size);
    BatchLoader *loaders[LOADERS];
    test_thread takers[LOADERS];
    for (int i = 0; i < LOADERS; i++) loaders[i] = start(pool);
    for (int i = 0; i < LOADERS; i++) threads_start(&takers[i], 1, "taker", drain_one, loaders[i]);
    threads_join(takers, LOADERS);
    for (int i = 0; i < LOADERS; i++) {
      cr_assert_eq((uintptr_t)takers[i].result, STEPS);
      batch_loader_free(loaders[i]);
    }
    assert_all_idle(pool, size);
    batch_pool_free(pool);
  }
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
  BatchPool *pool = make_pool(2);
  for (int round = 0; round < 20; round++) {
    Batch *here[2] = {batch_pool_allocate(pool), batch_pool_allocate(pool)};
    BatchLoader *loader = start(pool);
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
}

Test(loader_pool, closing_the_pool_ends_a_loader_that_needs_batches) {
  for (int round = 0; round < 20; round++) {
    BatchPool *pool = make_pool(2);
    BatchLoader *loader = start(pool);
    Batch *here[2] = {batch_loader_next(loader), batch_loader_next(loader)};
    test_thread taker[3];
    threads_start(taker, 3, "taker", take_one, loader);
    if (round % 2) threads_until_asleep(taker, 3);
    batch_pool_close(pool);
    threads_join(taker, 3);
    for (int i = 0; i < 3; i++) cr_assert_str_eq(taker[i].result, "closed");
    assert_refused(!batch_loader_next(loader), BATCH_CLOSED, "batch_loader_next: the pool is closed");
    cr_assert_eq(state_of(loader).step, 2);
    batch_loader_free(loader);
    batch_release(here[0]);
    cr_assert_eq(batch_pool_outstanding(pool), 1);
    batch_pool_free(pool);
    batch_release(here[1]);
  }
}

static int32_t too_large(uint64_t i) {
  return 1000 + (int32_t)(i % 1000);
}

/* The workers meet the closed pool at some time while the loader is asked again and again. */
Test(loader_pool, a_loader_that_a_fault_has_stopped_says_so_also_when_the_pool_is_closed) {
  BatchDataset *bad = open_dataset(write_ids("bad.bin", TOKENS, too_large), NULL);
  BatchPool *pool = make_pool(2);
  batch_loader_options o = options_with(pool);
  BatchLoader *loader = start_loader(bad, &o);
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
  batch_dataset_free(bad);
}

Test(loader_pool, closing_the_pool_takes_nothing_from_a_loader_that_needs_no_more) {
  BatchPool *pool = make_pool(3);
  batch_loader_options o = options_with(pool);
  o.steps = 3;
  BatchLoader *loader = start_loader(dataset, &o);
  while (stats_of(loader).queue_depth < 3) continue; /* the workers wait for a fourth */
  batch_pool_close(pool);
  cr_assert_eq(drain(loader), 3);
  batch_loader_free(loader);
  batch_pool_free(pool);
}

static _Atomic bool held, let_go;

/* Holds up the last step. */
static bool hold_last(const void *last, Batch *batch, uint32_t row, batch_random *random) {
  (void)row, (void)random;
  if (batch->batch_id != *(const uint64_t *)last) return true;
  atomic_store(&held, true);
  while (!atomic_load(&let_go)) sched_yield();
  return true;
}

/* Where rows come in windows of documents, who has the last step finds that out when it is filled: the others meet the closed pool
   before that. */
Test(loader_pool, closing_the_pool_takes_no_step_that_has_its_batch) {
  uint32_t lengths[40];
  for (uint32_t i = 0; i < 40; i++) lengths[i] = LENGTH + 1;
  BatchDataset *documents = make_documents("d.ds", lengths, 40);
  const uint64_t last = 40 / BATCH - 1;
  const batch_transform hold = {hold_last, &last};
  BatchPool *pool = make_pool(2);
  batch_loader_options o = options_with(pool);
  o.packing = BATCH_PACK_BEST_FIT;
  o.transforms = &hold;
  o.num_transforms = 1;
  BatchLoader *loader = start_loader(documents, &o);
  pass_batches(loader, (uint32_t)last - 1);
  Batch *before = next_batch(loader), *batch;
  while (!atomic_load(&held)) sched_yield();
  batch_pool_close(pool);
  for (int i = 0; i < 20000; i++, sched_yield())
    cr_assert_eq(batch_loader_next_until(loader, &batch, BATCH_NO_WAIT), BATCH_EMPTY, "%s",
                 batch_last_error()->message);
  atomic_store(&let_go, true);
  cr_assert_eq(drain(loader), 1);
  batch_loader_free(loader);
  batch_release(before);
  batch_pool_free(pool);
  batch_dataset_free(documents);
}

Test(loader_pool, a_pool_does_not_grow_while_a_loader_has_it) {
  BatchPool *pool = make_pool(4);
  BatchLoader *first = start(pool), *second = start(pool);
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
  resizing r = {make_pool(3), 0};
  test_thread resizer;
  threads_start(&resizer, 1, "resizer", resize_at_random, &r);
  for (int round = 0; round < 40; round++) {
    BatchLoader *loader = start(r.pool);
    cr_assert_eq(drain(loader), STEPS);
    batch_loader_free(loader);
  }
  atomic_store(&r.stop, 1);
  threads_join(&resizer, 1);
  cr_assert(batch_pool_resize(r.pool, 6));
  assert_all_idle(r.pool, 6);
  batch_pool_free(r.pool);
}

Test(loader_pool, eight_loaders_share_a_pool_and_a_ninth_is_refused_until_one_goes) {
  enum { MOST = 8 };
  BatchPool *pool = make_pool(2);
  batch_loader_options o = options_with(pool);
  BatchLoader *loaders[MOST];
  for (int i = 0; i < MOST; i++) loaders[i] = start_loader(dataset, &o);
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_OVERFLOW, "batch_loader_create",
                 "8 loaders already");
  batch_loader_free(loaders[3]);
  loaders[3] = start_loader(dataset, &o);
  for (int i = 0; i < MOST; i++) batch_loader_close(loaders[i]);
  for (int i = 0; i < MOST; i++) batch_loader_free(loaders[i]);
  assert_all_idle(pool, 2);
  batch_pool_free(pool);
}

static void free_the_pool_first(void *unused) {
  (void)unused;
  BatchPool *pool = make_pool(4);
  start(pool);
  batch_pool_free(pool);
}

Test(loader_pool, freeing_the_pool_before_the_loader_aborts) {
  assert_aborts(free_the_pool_first, NULL, "batch_pool_free: pool", "has a loader");
}

Test(loader_pool, refuses_a_pool_that_does_not_fit_by_what_does_not) {
  BatchPool *pool = make_pool(2);
  batch_pool_options mine = BATCH_POOL_OPTIONS_INIT;
  batch_loader_options good = options_with(pool);
  assert_loader_refused(good, batch_size, 5, "the pool's batches have batch_size 4, expected the options' 5");
  assert_loader_refused(good, sequence_length, 17, "sequence_length 16, expected the options' 17");
  assert_loader_refused(good, vocab_size, 1001, "vocab_size 1000, expected the options' 1001");
  assert_loader_refused(good, id_type, BATCH_IDS_INT64, "input_type int32, expected the options' int64");
  assert_loader_refused(good, mask_type, TENSOR_UINT8, "mask_type float32, expected the options' uint8");
  assert_loader_refused(good, with_documents, true, "with_documents 0, expected the options' 1");
  assert_loader_refused(good, pool_size, 2, "pool_size is 2, expected 0");
  assert_loader_refused(good, pool_options, &mine, "pool and pool_options");
  good.pool = NULL;
  good.pool_options = &mine;
  mine.pool_size = 3;
  assert_loader_refused(good, pool_size, 3, "pool_options->pool_size is 3");
  mine.pool_size = 0;
  mine.shape.batch_size = BATCH;
  assert_loader_refused(good, pool_size, 3, "pool_options->shape");
  mine = (batch_pool_options)BATCH_POOL_OPTIONS_INIT;
  mine.alignment = 3;
  assert_loader_refused(good, pool_size, 3, "alignment is 3");
  cr_assert_null(strstr(batch_last_error()->message, "batch_pool"), "%s", batch_last_error()->message);
  good.pool_options = NULL;
  good.pool = pool;
  batch_pool_resize(pool, 0);
  assert_loader_refused(good, workers, 1, "no batches");
  cr_assert(batch_pool_resize(pool, 1), "nothing that was refused keeps the pool: %s",
            batch_last_error()->message);
  batch_pool_close(pool);
  assert_refused(!batch_loader_create(dataset, &good), BATCH_CLOSED,
                 "batch_loader_create: the pool is closed");
  batch_pool_free(pool);
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
  static counted c;
  batch_pool_options mine = BATCH_POOL_OPTIONS_INIT;
  mine.alignment = 4096;
  mine.allocator = (batch_allocator){count_allocation, count_free, &c};
  batch_loader_options o = options_with(NULL);
  o.pool_options = &mine;
  o.pool_size = 6;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *kept = batch_loader_next(loader);
  cr_assert_eq((uintptr_t)kept->input.raw % 4096, 0);
  drain(loader);
  cr_assert(c.allocations == 6 && c.frees == 0 && c.alignment == 4096, "%u allocations, %u frees",
            c.allocations, c.frees);
  batch_loader_free(loader);
  cr_assert_eq(c.frees, 5, "all but the one that is out");
  batch_release(kept);
  cr_assert(c.allocations == 6 && c.frees == 6, "%u allocations, %u frees", c.allocations, c.frees);
}

/* Each worker has a share of the pool, or several have one together. */
Test(loader_pool, all_its_batches_can_be_out_whatever_the_workers) {
  for (uint32_t workers = 1; workers <= 5; workers++)
    for (uint32_t size = 1; size <= 8; size++) {
      batch_loader_options o = options_with(NULL);
      o.workers = workers;
      o.pool_size = size;
      BatchLoader *loader = start_loader(dataset, &o);
      cr_assert_eq(stats_of(loader).pool_size, size);
      Batch *out[8], *more;
      for (uint32_t i = 0; i < size; i++) {
        out[i] = next_batch(loader);
        cr_assert(out[i] && out[i]->batch_id == i, "%u workers, batch %u of %u", workers, i, size);
      }
      cr_assert_eq(batch_loader_next_until(loader, &more, BATCH_NO_WAIT), BATCH_EMPTY);
      for (uint32_t i = 0; i < size; i++) batch_release(out[i]);
      cr_assert_eq(drain(loader), STEPS - size);
      batch_loader_free(loader);
    }
}

/* With less address space than a worker's share would need: who looked at shares alone would speak of one. */
Test(loader_pool, batches_that_fit_in_memory_apart_but_not_together_are_refused) {
  struct sysinfo machine;
  const struct rlimit no_more = {(rlim_t)1 << 30, RLIM_INFINITY};
  (void)no_more;
  sysinfo(&machine);
  batch_loader_options o = options_with(NULL);
  o.workers = 8;
  o.batch_size = o.sequence_length = 1024;
  o.pool_size =
      (uint32_t)((machine.totalram + machine.totalswap) * machine.mem_unit / (1024 * 1024 * 12) * 2);
  char size[32];
  snprintf(size, sizeof size, "a size of %u batches", o.pool_size);
#ifndef CHECK_UNDER_ASAN /* whose shadow is larger */
  check_needs_limits_of_memory();
  cr_assert_eq(setrlimit(RLIMIT_AS, &no_more), 0);
#endif
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_OUT_OF_MEMORY,
                 "batch_loader_create: no memory", size);
}
