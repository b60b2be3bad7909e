#include "support/check.h"
#include "support/watchdog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

TestSuite(pool_options, .init = watchdog_on);

static batch_pool_options options_of(uint32_t pool_size) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = pool_size;
  options.shape.batch_size = 3;
  options.shape.sequence_length = 5;
  options.shape.vocab_size = 100;
  return options;
}

/* Fills and releases every batch of the pool, and frees it. */
static void use_up(BatchPool *pool) {
  Batch *batches[16];
  uint32_t n = 0;
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  while (n < 16 && (batches[n] = batch_pool_try_allocate(pool))) {
    tensor_fill(&batches[n]->input, 7);
    tensor_fill(&batches[n]->target, 7);
    tensor_fill(&batches[n++]->mask, 1);
  }
  cr_assert_eq(n, batch_pool_size(pool));
  for (uint32_t i = 0; i < n; i++) {
    cr_assert(batch_validate(batches[i]), "%s", batch_last_error()->message);
    batch_release(batches[i]);
  }
  batch_pool_free(pool);
}

Test(pool_options, the_defaults_are_those_of_create) {
  batch_pool_options options = options_of(2);
  BatchPool *pool = batch_pool_create_with(&options);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->input.dtype, TENSOR_FLOAT32);
  cr_assert_eq(batch->documents.ndim, 0);
  batch_release(batch);
  use_up(pool);
}

Test(pool_options, types_and_optional_tensors) {
  batch_pool_options options = options_of(2);
  options.shape.input_type = TENSOR_UINT16;
  options.shape.mask_type = TENSOR_UINT8;
  options.shape.with_documents = true;
  BatchPool *pool = batch_pool_create_with(&options);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->input.dtype, TENSOR_UINT16);
  cr_assert_eq(batch->mask.dtype, TENSOR_UINT8);
  cr_assert_eq(batch->documents.dtype, TENSOR_INT32);
  cr_assert_eq(batch->positions.total_size, 15);
  cr_assert_eq(batch->total_memory, 15u * (2 + 2 + 1 + 4 + 4));
  tensor_fill(&batch->documents, 1);
  tensor_fill(&batch->positions, 1);
  batch_release(batch);
  use_up(pool);
}

Test(pool_options, elements_are_aligned_as_asked_for) {
  for (size_t alignment = 64; alignment <= 1 << 21; alignment *= 8) {
    batch_pool_options options = options_of(3);
    options.alignment = alignment;
    BatchPool *pool = batch_pool_create_with(&options);
    cr_assert_not_null(pool, "%s", batch_last_error()->message);
    Batch *batches[3];
    for (int i = 0; i < 3; i++) {
      batches[i] = batch_pool_allocate(pool);
      cr_assert_eq((uintptr_t)batches[i]->input.raw % alignment, 0);
    }
    for (int i = 0; i < 3; i++) batch_release(batches[i]);
    use_up(pool);
  }
}

Test(pool_options, an_alignment_that_is_no_power_of_two_is_refused) {
  static const size_t bad[] = {3, 65, 96, 4095, SIZE_MAX};
  for (int i = 0; i < 5; i++) {
    batch_pool_options options = options_of(1);
    options.alignment = bad[i];
    char value[32];
    snprintf(value, sizeof value, "%zu", bad[i]);
    assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                   "alignment", value);
  }
}

Test(pool_options, huge_pages_are_a_wish) {
  batch_pool_options options = options_of(2);
  options.huge_pages = true;
  options.shape.batch_size = 64;
  options.shape.sequence_length = 8192;
  use_up(batch_pool_create_with(&options));
}

Test(pool_options, a_numa_node_is_used_or_refused_with_the_reason) {
  batch_pool_options options = options_of(2);
  options.numa_node = BATCH_NUMA_NODE(0);
  check_forget_error();
  BatchPool *pool = batch_pool_create_with(&options);
  if (pool)
    use_up(pool);
  else
    assert_error(BATCH_ERROR_UNSUPPORTED, "batch_pool_create_with", "numa");
  static const int bad[] = {BATCH_NUMA_NODE(1 << 20), -1};
  for (int i = 0; i < 2; i++) {
    options.numa_node = bad[i];
    check_forget_error();
    cr_assert_null(batch_pool_create_with(&options));
    cr_assert(batch_last_error()->code == BATCH_ERROR_INVALID_ARGUMENT ||
              batch_last_error()->code == BATCH_ERROR_UNSUPPORTED);
    assert_says(batch_last_error()->message, "batch_pool_create_with", "numa_node");
  }
}

Test(pool_options, bad_sizes_and_types_are_refused) {
  batch_pool_options options = options_of(0);
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "pool_size");
  options = options_of(1);
  options.shape.sequence_length = 0;
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "sequence_length");
  options = options_of(1);
  options.shape.input_type = (tensor_type)55;
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "input_type", "55");
}

typedef struct test_arena {
  int live, made, fail_at; /* fail_at: which allocation answers NULL; 0: none */
  size_t bytes, smallest_alignment;
} test_arena;

static void *arena_allocate(void *context, size_t bytes, size_t alignment) {
  test_arena *arena = context;
  void *memory = NULL;
  if (++arena->made == arena->fail_at || posix_memalign(&memory, alignment, bytes)) return NULL;
  arena->live++;
  arena->bytes += bytes;
  if (!arena->smallest_alignment || alignment < arena->smallest_alignment)
    arena->smallest_alignment = alignment;
  return memory;
}

static void arena_deallocate(void *context, void *memory, size_t bytes) {
  test_arena *arena = context;
  arena->live--;
  arena->bytes -= bytes;
  free(memory);
}

Test(pool_options, elements_come_from_the_callers_allocator_and_go_back) {
  test_arena arena = {0};
  batch_pool_options options = options_of(4);
  options.allocator = (batch_allocator){arena_allocate, arena_deallocate, &arena};
  options.alignment = 256;
  BatchPool *pool = batch_pool_create_with(&options);
  cr_assert_not_null(pool);
  cr_assert_geq(arena.bytes, 4u * 15 * 12);
  cr_assert_geq(arena.smallest_alignment, 256);
  cr_assert(batch_pool_resize(pool, 6));
  cr_assert_geq(arena.bytes, 6u * 15 * 12);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert_eq((uintptr_t)batch->input.raw % 256, 0);
  batch_pool_free(pool);
  cr_assert_gt(arena.live, 0);
  batch_release(batch);
  cr_assert_eq(arena.live, 0);
  cr_assert_eq(arena.bytes, 0);
}

Test(pool_options, when_the_callers_allocator_refuses_nothing_stays) {
  for (int fail_at = 1;; fail_at++) {
    test_arena arena = {.fail_at = fail_at};
    batch_pool_options options = options_of(4);
    options.allocator = (batch_allocator){arena_allocate, arena_deallocate, &arena};
    check_forget_error();
    BatchPool *pool = batch_pool_create_with(&options);
    if (arena.made < fail_at) {
      batch_pool_free(pool);
      cr_assert_gt(fail_at, 1);
      break;
    }
    cr_assert_null(pool);
    assert_error(BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_create_with");
    cr_assert_eq(arena.live, 0);
  }
}

Test(pool_options, when_the_callers_allocator_refuses_a_resize_nothing_changes) {
  test_arena arena = {0};
  batch_pool_options options = options_of(2);
  options.allocator = (batch_allocator){arena_allocate, arena_deallocate, &arena};
  BatchPool *pool = batch_pool_create_with(&options);
  int live = arena.live;
  arena.fail_at = arena.made + 1;
  assert_refused(!batch_pool_resize(pool, 5), BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_resize");
  cr_assert_eq(arena.live, live);
  cr_assert_eq(batch_pool_size(pool), 2);
  use_up(pool);
  cr_assert_eq(arena.live, 0);
}

/* Which would not be on that node, nor have large pages, and nobody would say so. */
Test(pool_options, a_node_or_huge_pages_of_what_the_caller_allocates_are_refused) {
  batch_pool_options options = options_of(1);
  options.allocator = (batch_allocator){arena_allocate, arena_deallocate, NULL};
  options.huge_pages = true;
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "huge_pages", "allocator");
  options.huge_pages = false;
  options.numa_node = BATCH_NUMA_NODE(0);
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "numa_node", "allocator");
}

Test(pool_options, half_an_allocator_is_refused) {
  batch_pool_options options = options_of(1);
  options.allocator.allocate = arena_allocate;
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "allocator");
  options.allocator = (batch_allocator){NULL, arena_deallocate, NULL};
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "allocator");
}

/* Limits of the process; AddressSanitizer's own memory is beyond any. */

#ifndef CHECK_UNDER_ASAN

static void *shared_allocate(void *context, size_t bytes, size_t alignment) {
  (void)context, (void)alignment;
  int descriptor = memfd_create("pool", 0);
  bool sized = descriptor >= 0 && ftruncate(descriptor, (off_t)bytes) == 0;
  void *memory = sized ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  if (descriptor >= 0) close(descriptor);
  return memory == MAP_FAILED ? NULL : memory;
}

static void shared_deallocate(void *context, void *memory, size_t bytes) {
  (void)context;
  munmap(memory, bytes);
}

static void limit(int resource, size_t bytes) {
  if (setrlimit(resource, &(struct rlimit){bytes, bytes}) != 0) _exit(10);
}

/* Bytes of the process's own data, which RLIMIT_DATA counts. */
static size_t data_bytes(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  bool read = file && fscanf(file, "%*u %*u %*u %*u %*u %lu", &pages) == 1;
  if (file) fclose(file);
  if (!read) _exit(11);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static long pages_touched(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/* 4 batches of 12 MiB of shared memory, where malloc could not give one. */
static void make_shared_pool_under_a_limit(void *context) {
  (void)context;
  batch_pool_options options = options_of(4);
  options.shape.batch_size = options.shape.sequence_length = 1024;
  options.allocator = (batch_allocator){shared_allocate, shared_deallocate, NULL};
  limit(RLIMIT_DATA, data_bytes() + ((size_t)8 << 20));
  BatchPool *pool = batch_pool_create_with(&options);
  if (!pool) fputs(batch_last_error()->message, stderr);
  if (!pool || !batch_pool_resize(pool, 6) || batch_pool_outstanding(pool) != 0) _exit(1);
  batch_pool_free(pool);
  _exit(0);
}

/* 64 batches of 12 MiB where there are addresses for 512 MiB: what is refused was not written to. */
static void make_pool_beyond_a_limit(void *context) {
  batch_pool_options *options = context;
  limit(RLIMIT_AS, (size_t)512 << 20);
  long before = pages_touched();
  BatchPool *pool = batch_pool_create_with(options);
  long touched = pages_touched() - before;
  if (pool || batch_last_error()->code != BATCH_ERROR_OUT_OF_MEMORY) _exit(1);
  if (touched > 2000) fprintf(stderr, "%ld pages were touched", touched);
  _exit(touched > 2000);
}

Test(pool_options, the_callers_allocator_alone_decides_how_much_there_is) {
  check_ending ending = check_end_of(make_shared_pool_under_a_limit, NULL);
  cr_assert_eq(ending.status, 0, "%s", ending.message);
}

Test(pool_options, a_pool_that_a_limit_forbids_is_refused_before_a_page_is_touched) {
  check_needs_limits_of_memory();
  batch_pool_options options = options_of(64);
  options.shape.batch_size = options.shape.sequence_length = 1024;
  for (int huge = 0; huge < 2; huge++) {
    options.huge_pages = huge;
    check_ending ending = check_end_of(make_pool_beyond_a_limit, &options);
    cr_assert_eq(ending.status, 0, "status %d: %s", ending.status, ending.message);
  }
}
#endif
