/* Arenas: where blocks lie, what is told of their memory, and when it is used again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/loader.h"
#include "support/threads.h"

TestSuite(arena, .init = loader_begin, .fini = loader_end);

enum { CHUNK = 1 << 16, MOST_CHUNKS = 64 };

/* What has been attached, and is not detached. */
typedef struct telling {
  void *memory[MOST_CHUNKS];
  size_t length[MOST_CHUNKS];
  atomic_int attached, detached;
  int refuse_at; /* which attach answers false; 0: none */
  void *last;    /* refused or detached */
} telling;

static bool is_mapped(void *memory) {
  unsigned char page;
  return mincore(memory, 1, &page) == 0;
}

static bool attach(void *context, void *memory, size_t length) {
  telling *t = context;
  int at = atomic_fetch_add(&t->attached, 1);
  if (at + 1 == t->refuse_at || at == MOST_CHUNKS) {
    t->last = memory;
    return false;
  }
  memset(memory, 0xAA, length); /* as what is registered is read and written by others */
  t->memory[at] = memory;
  t->length[at] = length;
  return true;
}

static void detach(void *context, void *memory, size_t length) {
  telling *t = context;
  int at = 0;
  while (at < MOST_CHUNKS && (t->memory[at] != memory || t->length[at] != length)) at++;
  cr_assert_lt(at, MOST_CHUNKS, "%p was not attached, or is detached twice", memory);
  memset(memory, 0xBB, length);
  t->memory[at] = NULL;
  t->last = memory;
  atomic_fetch_add(&t->detached, 1);
}

static BatchArena *make_arena(telling *t, batch_arena_options options) {
  options.size = sizeof options;
  if (options.chunk_bytes == 0) options.chunk_bytes = CHUNK;
  if (t) options.attach = attach, options.detach = detach, options.context = t;
  BatchArena *arena = batch_arena_create(&options);
  cr_assert_not_null(arena, "%s", batch_last_error()->message);
  return arena;
}

/* Batches of three tensors of so many bytes each, a multiple of 64. */
static batch_pool_options options_in(BatchArena *arena, uint32_t pool_size, size_t tensor_bytes) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = pool_size;
  options.shape.batch_size = (uint32_t)(tensor_bytes / 64);
  options.shape.sequence_length = 16;
  options.allocator = batch_arena_allocator(arena);
  return options;
}

static BatchPool *make_pool(BatchArena *arena, uint32_t pool_size, size_t tensor_bytes) {
  batch_pool_options options = options_in(arena, pool_size, tensor_bytes);
  BatchPool *pool = batch_pool_create_with(&options);
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  return pool;
}

static bool is_told(const telling *t, const char *memory, size_t length) {
  for (int i = 0; i < MOST_CHUNKS; i++) {
    const char *chunk = t->memory[i];
    if (chunk && memory >= chunk && memory + length <= chunk + t->length[i]) return true;
  }
  return false;
}

/* Takes all batches of the pool, of which none is out; each begins as a batch of a pool does, lies in memory that has been
   told of, at the alignment, and not where another one lies. */
static void check_batches(BatchPool *pool, const telling *t, size_t alignment) {
  Batch *batches[64];
  uint32_t n = 0;
  size_t length;
  while (n < 64 && (batches[n] = batch_pool_try_allocate(pool))) n++;
  cr_assert_eq(n, batch_pool_size(pool));
  for (uint32_t i = 0; i < n; i++) {
    char *block = batch_block(batches[i], &length);
    cr_assert(is_told(t, block, length), "batch %u", i);
    cr_assert_eq((uintptr_t)block % alignment, 0, "batch %u", i);
    memset(block, (int)i + 1, length);
  }
  for (uint32_t i = 0; i < n; i++) {
    unsigned char *block = batch_block(batches[i], &length);
    for (size_t at = 0; at < length; at++) cr_assert_eq(block[at], i + 1, "batch %u, byte %zu", i, at);
    batch_release(batches[i]);
  }
}

Test(arena, small_batches_share_chunks_that_are_attached_once_and_detached_by_free_alone) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  cr_assert_eq(batch_arena_bytes(arena), 0);
  BatchPool *pool = make_pool(arena, 40, 1024); /* 21 of 3 KiB in a chunk of 64 KiB */
  cr_assert_eq(t.attached, 2);
  cr_assert_eq(batch_arena_bytes(arena), 2 * CHUNK);
  cr_assert_eq(batch_arena_in_use(arena), 40u * 3 * 1024);
  check_batches(pool, &t, 64);
  batch_pool_free(pool);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  cr_assert_eq(batch_arena_bytes(arena), 2 * CHUNK);
  cr_assert_eq(t.detached, 0);
  batch_arena_free(arena);
  cr_assert_eq(t.detached, 2);
}

/* Whatever is in memory that was used before. */
Test(arena, new_batches_are_zero_with_a_mask_of_ones) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  for (int round = 0; round < 2; round++) {
    BatchPool *pool = make_pool(arena, 10, 1024);
    Batch *batch = batch_pool_allocate(pool);
    for (size_t i = 0; i < batch->input.total_size; i++)
      cr_assert(batch->input.data[i] == 0 && batch->target.data[i] == 0 && batch->mask.data[i] == 1);
    batch_release(batch);
    check_batches(pool, &t, 64);
    batch_pool_free(pool);
  }
  cr_assert_eq(t.attached, 1);
  batch_arena_free(arena);
}

Test(arena, what_pools_give_back_is_used_again_by_pools_of_any_shape) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  for (int round = 0; round < 1000; round++) {
    BatchPool *pool = make_pool(arena, 1 + round % 5, 64 * (1 + (size_t)round % 60));
    if (round % 100 == 0) check_batches(pool, &t, 64);
    batch_pool_free(pool);
  }
  cr_assert_eq(t.attached, 1, "chunks: %d", t.attached);
  batch_arena_free(arena);
}

Test(arena, a_block_that_is_larger_than_a_chunk_gets_one_of_its_own_size) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  BatchPool *pool = make_pool(arena, 3, CHUNK);
  cr_assert_eq(t.attached, 3);
  cr_assert_eq(batch_arena_bytes(arena), 3u * 3 * CHUNK);
  check_batches(pool, &t, 64);
  batch_pool_free(pool);
  pool = make_pool(arena, 20, 1024); /* fits into one of them */
  cr_assert_eq(t.attached, 3);
  check_batches(pool, &t, 64);
  batch_pool_free(pool);
  batch_arena_free(arena);
  cr_assert_eq(t.detached, 3);
}

Test(arena, several_pools_share_it) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  BatchPool *pools[6];
  for (int i = 0; i < 6; i++) pools[i] = make_pool(arena, 5, 64u << i);
  for (int i = 0; i < 6; i++) check_batches(pools[i], &t, 64);
  for (int i = 0; i < 6; i += 2) batch_pool_free(pools[i]);
  for (int i = 1; i < 6; i += 2) check_batches(pools[i], &t, 64);
  for (int i = 0; i < 6; i += 2) check_batches(pools[i] = make_pool(arena, 3, 64u << i), &t, 64);
  for (int i = 0; i < 6; i++) batch_pool_free(pools[i]);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  batch_arena_free(arena);
}

Test(arena, batches_are_aligned_as_asked_for_beyond_pages_too) {
  for (size_t alignment = 64; alignment <= (size_t)4 << 20; alignment *= 8) {
    static telling t;
    t = (telling){.refuse_at = 0};
    BatchArena *arena = make_arena(&t, (batch_arena_options){0});
    BatchPool *odd = make_pool(arena, 1, 64); /* so that the next block does not begin where a chunk does */
    batch_pool_options options = options_in(arena, 3, 512);
    options.alignment = alignment;
    BatchPool *pool = batch_pool_create_with(&options);
    cr_assert_not_null(pool, "%zu: %s", alignment, batch_last_error()->message);
    check_batches(pool, &t, alignment);
    batch_pool_free(pool);
    batch_pool_free(odd);
    batch_arena_free(arena);
  }
}

Test(arena, huge_pages_are_a_wish_and_chunks_are_whole_ones) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){.huge_pages = true});
  BatchPool *pool = make_pool(arena, 5, CHUNK);
  cr_assert_eq(t.length[0] % (2u << 20), 0);
  cr_assert_eq((uintptr_t)t.memory[0] % (2u << 20), 0);
  check_batches(pool, &t, 64);
  batch_pool_free(pool);
  batch_arena_free(arena);
}

Test(arena, a_numa_node_is_used_or_refused_with_the_reason) {
  static telling t;
  batch_arena_options options = {.size = sizeof options, .numa_node = BATCH_NUMA_NODE(0)};
  BatchArena *arena = batch_arena_create(&options);
  if (arena) {
    batch_arena_free(arena);
    arena = make_arena(&t, options);
    BatchPool *pool = make_pool(arena, 5, 1024);
    check_batches(pool, &t, 64);
    batch_pool_free(pool);
    batch_arena_free(arena);
  } else {
    assert_error(BATCH_ERROR_UNSUPPORTED, "batch_arena_create", "numa");
  }
  options.numa_node = BATCH_NUMA_NODE(1 << 20);
  assert_refused(!batch_arena_create(&options), BATCH_ERROR_UNSUPPORTED, "batch_arena_create", "numa_node");
}

Test(arena, sizes_that_cannot_be_are_refused) {
  batch_arena_options options = {.size = sizeof options, .chunk_bytes = SIZE_MAX};
  char most[32];
  snprintf(most, sizeof most, "%zu", SIZE_MAX);
  assert_refused(!batch_arena_create(&options), BATCH_ERROR_OVERFLOW, "batch_arena_create", "chunk_bytes",
                 most);
  BatchArena *arena = batch_arena_create(NULL);
  batch_allocator a = batch_arena_allocator(arena);
  cr_assert_null(a.allocate(a.context, SIZE_MAX, 64));
  cr_assert_null(a.allocate(a.context, SIZE_MAX / 2 + 2, 64));
  if (SIZE_MAX > UINT32_MAX) cr_assert_null(a.allocate(a.context, 64, SIZE_MAX / 2 + 1));
  cr_assert_eq(batch_arena_bytes(arena), 0);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  /* More than the machine has is refused before a page is touched. */
  batch_pool_options pool = options_in(arena, UINT32_C(1) << 23, 1 << 20);
  assert_refused(!batch_pool_create_with(&pool), BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_create_with");
  cr_assert_eq(batch_arena_bytes(arena), 0);
  batch_arena_free(arena);
}

Test(arena, where_attach_refuses_there_is_no_pool_and_the_memory_is_gone) {
  static telling t;
  t.refuse_at = 3;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  batch_pool_options options = options_in(arena, 60, 1024); /* three chunks */
  assert_refused(!batch_pool_create_with(&options), BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_create_with");
  cr_assert(!is_mapped(t.last));
  cr_assert_eq(t.attached, 3);
  cr_assert_eq(batch_arena_bytes(arena), 2 * CHUNK);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  BatchPool *pool = make_pool(arena, 40, 1024); /* goes on with the two that there are */
  cr_assert_eq(t.attached, 3);
  check_batches(pool, &t, 64);
  t.refuse_at = 4;
  assert_refused(!batch_pool_resize(pool, 60), BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_resize");
  check_batches(pool, &t, 64);
  cr_assert(batch_pool_resize(pool, 60), "%s", batch_last_error()->message);
  check_batches(pool, &t, 64);
  batch_pool_free(pool);
  batch_arena_free(arena);
  cr_assert_eq(t.detached, 3, "the one that was refused is not detached");
  cr_assert(!is_mapped(t.last));
}

/* What is between blocks that are in use is not used again, but each chunk that there is has one of those. */
Test(arena, resizing_again_and_again_does_not_take_more_and_more) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  BatchPool *pool = make_pool(arena, 10, 1024);
  for (int round = 0; round < 1000; round++) {
    cr_assert(batch_pool_resize(pool, 10 + (uint32_t)round % 7));
    if (round % 100 == 0) check_batches(pool, &t, 64);
  }
  cr_assert_leq(t.attached, 16 + 1, "chunks: %d", t.attached);
  batch_pool_free(pool);
  batch_arena_free(arena);
}

Test(arena, is_in_use_until_the_last_batch_of_a_freed_pool_is_back) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  BatchPool *pool = make_pool(arena, 4, 1024);
  Batch *batch = batch_pool_allocate(pool), *view;
  cr_assert(batch_split(batch, 1, &view));
  batch_pool_free(pool);
  cr_assert_eq(batch_arena_in_use(arena), 3 * 1024);
  batch_release(batch);
  tensor_fill(&view->input, 3);
  BatchPool *next = make_pool(arena, 10, 1024); /* it leaves that one alone */
  check_batches(next, &t, 64);
  cr_assert_eq(view->input.data[5], 3);
  batch_release(view);
  batch_pool_free(next);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  batch_arena_free(arena);
}

static void free_arena(void *arena) {
  batch_arena_free(arena);
}

Test(arena, freed_while_in_use_aborts_and_says_how_much) {
  BatchArena *arena = make_arena(NULL, (batch_arena_options){0});
  BatchPool *pool = make_pool(arena, 4, 1024);
  assert_aborts(free_arena, arena, "batch_arena_free", "12288 bytes in use by 4 batches");
  Batch *batch = batch_pool_allocate(pool);
  batch_pool_free(pool);
  assert_aborts(free_arena, arena, "batch_arena_free", "3072 bytes in use by 1 batches");
  batch_release(batch);
  batch_arena_free(arena);
}

static void give_back_twice(void *context) {
  batch_allocator a = batch_arena_allocator(context);
  void *block = a.allocate(a.context, 64, 64);
  a.deallocate(a.context, block, 64);
  a.deallocate(a.context, block, 64);
}

static void give_back_another_s(void *context) {
  batch_allocator a = batch_arena_allocator(context);
  a.deallocate(a.context, aligned_alloc(64, 64), 64);
}

Test(arena, what_is_no_block_of_it_is_not_taken_back) {
  BatchArena *arena = make_arena(NULL, (batch_arena_options){0});
  assert_aborts(give_back_twice, arena, "batch_arena_allocator", "is no block of arena");
  assert_aborts(give_back_another_s, arena, "batch_arena_allocator", "is no block of arena");
  batch_arena_free(arena);
}

Test(arena, loaders_of_a_run_have_their_batches_in_it_one_after_the_other) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  batch_pool_options in_arena = BATCH_POOL_OPTIONS_INIT;
  in_arena.allocator = batch_arena_allocator(arena);
  static noted_rows plain, rows;
  batch_loader_options options = small_options();
  options.workers = 3;
  note_epoch(&plain, dataset, &options);
  options.pool_options = &in_arena;
  for (int round = 0; round < 20; round++) {
    memset(&rows, 0, sizeof rows);
    note_epoch(&rows, dataset, &options);
    assert_same_rows(&plain, &rows, "in an arena");
    BatchLoader *loader = start_loader(dataset, &options);
    Batch *kept = next_batch(loader);
    size_t length;
    void *block = batch_block(kept, &length);
    cr_assert(is_told(&t, block, length));
    batch_loader_free(loader);
    cr_assert_eq(batch_arena_in_use(arena), length);
    batch_release(kept);
    cr_assert_eq(batch_arena_in_use(arena), 0);
  }
  cr_assert_leq(t.attached, 3);
  batch_arena_free(arena);
}

/* Pools are made, used, resized and freed, and the last of their batches released by whoever has them. */
static void make_and_free_pools(test_thread *self) {
  BatchArena *arena = self->context;
  for (uint32_t round = 0; round < 300; round++) {
    BatchPool *pool = make_pool(arena, 1 + round % 4, 64u << ((round + self->number) % 8));
    Batch *first = batch_pool_allocate(pool), *second = batch_pool_try_allocate(pool);
    size_t length;
    unsigned char *block = batch_block(first, &length);
    memset(block, (int)self->number + 1, length);
    batch_pool_resize(pool, 1 + round % 6);
    batch_pool_free(pool);
    batch_release(second);
    for (size_t i = 0; i < length; i++) cr_assert_eq(block[i], self->number + 1);
    batch_release(first);
  }
}

Test(arena, several_threads_make_and_free_pools_at_the_same_time) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  test_thread threads[4];
  threads_start(threads, 4, "owner", make_and_free_pools, arena);
  threads_join(threads, 4);
  cr_assert_eq(batch_arena_in_use(arena), 0);
  cr_assert_leq(t.attached, MOST_CHUNKS);
  batch_arena_free(arena);
  cr_assert_eq(t.detached, t.attached);
}

/* The child's copy is as usable as a pool's, whatever other threads were doing in the parent. */
Test(arena, a_forked_child_goes_on_with_its_copy) {
  static telling t;
  BatchArena *arena = make_arena(&t, (batch_arena_options){0});
  test_thread threads[2];
  threads_start(threads, 2, "owner", make_and_free_pools, arena);
  for (int i = 0; i < 10; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      BatchPool *pool = make_pool(arena, 5, 1024);
      check_batches(pool, &t, 64);
      batch_pool_free(pool);
      _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
  }
  threads_join(threads, 2);
  batch_arena_free(arena);
}

#ifdef CHECK_UNDER_ASAN
static void read_after_the_pool(void *batch) {
  volatile float *elements = ((Batch *)batch)->input.data;
  batch_release(batch);
  _exit(elements[3] > 0);
}

/* What has gone back to an arena is hidden as what has been freed is. */
Test(arena, elements_that_are_read_after_the_last_release_are_reported) {
  BatchArena *arena = make_arena(NULL, (batch_arena_options){0});
  BatchPool *pool = make_pool(arena, 1, 1024);
  Batch *batch = batch_pool_allocate(pool);
  batch_pool_free(pool);
  check_ending ending = check_end_of(read_after_the_pool, batch);
  cr_assert_neq(ending.status, 0);
  assert_says(ending.message, "use-after-poison");
  batch_release(batch);
  batch_arena_free(arena);
}
#endif
