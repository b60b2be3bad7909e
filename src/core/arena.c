/* An arena: a list of chunks of memory, which only grows until the arena is freed, so that whoever looks for room, or for
   the chunk of a block, walks along it without a lock. What is taken of a chunk is in arena_chunk.h.

   The pairs of memory orders, beside the one there:
     CHUNK  add: release CAS of the list  ->  walk: acquire load: the chunk
     IDLE   deallocate: release sub of in_use  ->  batch_arena_in_use, batch_arena_free: acquire load: all that was done
            with the arena, whose memory may go when nothing of it is in use any more */
#include <headrace/arena.h>

#include <stdlib.h>

#include "base/error.h"
#include "base/live.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/sanitizers.h"
#include "core/arena_chunk.h"
#include "core/arena_internal.h"
#include "core/pool_memory.h"
#include "sync/thread.h"

#define CHUNK_DEFAULT ((size_t)16 << 20)

typedef struct arena_chunk arena_chunk;

struct arena_chunk {
  /* Whoever takes or gives back a block writes it, see arena_chunk.h. */
  _Atomic uint64_t word;
  /* Written before the chunk is in the list. */
  char *memory;
  size_t bytes;
  arena_chunk *next; /* older */
};

struct BatchArena {
  /* Written before the arena is shared. */
  batch_arena_options options;
  batch_allocator pages;
  /* Newest first. Whoever makes a chunk CASes it. */
  _Atomic(arena_chunk *) chunks;
  _Atomic size_t bytes;  /* of all chunks; whoever makes one adds */
  _Atomic size_t in_use; /* whoever takes a block adds, whoever gives one back subtracts, last of all */
};

static arena_chunk *arena_chunks(const BatchArena *arena) {
  /* CHUNK: acquire; pairs with the CAS in arena_add: each chunk of the list. */
  return atomic_load_explicit(&arena->chunks, memory_order_acquire);
}

static bool options_check(const char *function, batch_arena_options *options, batch_allocator *pages) {
  size_t unit = memory_page_bytes(options->huge_pages);
  if (options->chunk_bytes == 0) options->chunk_bytes = CHUNK_DEFAULT;
  if (options->chunk_bytes > ARENA_CHUNK_MOST)
    return error_fail(BATCH_ERROR_OVERFLOW, "%s: options.chunk_bytes is %zu, expected at most %zu", function,
                      options->chunk_bytes, ARENA_CHUNK_MOST);
  memory_round_up(options->chunk_bytes, unit, &options->chunk_bytes);
  return pool_memory_pages(function, options->numa_node, options->huge_pages, pages);
}

BatchArena *batch_arena_create(const batch_arena_options *given) {
  static const char function[] = "batch_arena_create";
  static const options_type type = OPTIONS_TYPE_RESERVED(batch_arena_options, BATCH_ARENA_OPTIONS_INIT);
  static const batch_arena_options defaults = BATCH_ARENA_OPTIONS_INIT;
  batch_arena_options options;
  batch_allocator pages;
  if (!options_read(&type, function, "options", given ? given : &defaults, &options) ||
      !options_check(function, &options, &pages))
    return NULL;
  BatchArena *arena = malloc(sizeof *arena);
  if (!arena) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for an arena", function);
  *arena = (BatchArena){.options = options, .pages = pages};
  live_enter(arena);
  return arena;
}

/* Takes a block of a chunk; NULL: there is no room. */
static void *chunk_take(arena_chunk *chunk, size_t bytes, size_t alignment) {
  uint64_t at;
  if (!arena_chunk_take(&chunk->word, (uintptr_t)chunk->memory / ARENA_UNIT, chunk->bytes / ARENA_UNIT,
                        bytes / ARENA_UNIT, alignment / ARENA_UNIT, &at))
    return NULL;
  handed_over(chunk); /* by those who had this memory before */
  return chunk->memory + at * ARENA_UNIT;
}

static void *arena_find(BatchArena *arena, size_t bytes, size_t alignment) {
  void *block = NULL;
  for (arena_chunk *chunk = arena_chunks(arena); chunk && !block; chunk = chunk->next)
    block = chunk_take(chunk, bytes, alignment);
  return block;
}

/* Makes a chunk that has room for a block of so many bytes, and that the caller has been told of. */
static arena_chunk *chunk_make(BatchArena *arena, size_t bytes, size_t alignment) {
  const batch_arena_options *o = &arena->options;
  const batch_allocator *pages = &arena->pages;
  arena_chunk *chunk = malloc(sizeof *chunk);
  if (bytes < o->chunk_bytes) bytes = o->chunk_bytes;
  if (!chunk || bytes > ARENA_CHUNK_MOST ||
      !memory_round_up(bytes, memory_page_bytes(o->huge_pages), &bytes)) {
    free(chunk);
    return NULL;
  }
  *chunk = (arena_chunk){.bytes = bytes, .memory = pages->allocate(pages->context, bytes, alignment)};
  if (chunk->memory && (!o->attach || o->attach(o->context, chunk->memory, bytes))) return chunk;
  if (chunk->memory) pages->deallocate(pages->context, chunk->memory, bytes);
  free(chunk);
  return NULL;
}

/* Takes a block of a new chunk, before others see that. Two who find no room at the same time make one each. */
static void *arena_add(BatchArena *arena, size_t bytes, size_t alignment) {
  arena_chunk *chunk = chunk_make(arena, bytes, alignment);
  if (!chunk) return NULL;
  void *block = chunk_take(chunk, bytes, alignment);
  atomic_fetch_add_explicit(&arena->bytes, chunk->bytes, memory_order_relaxed);
  chunk->next = atomic_load_explicit(&arena->chunks, memory_order_relaxed);
  /* CHUNK: release; pairs with the load in arena_chunks. Those before it were released by their own CASes, which this
     one goes on with. */
  while (!atomic_compare_exchange_weak_explicit(&arena->chunks, &chunk->next, chunk, memory_order_release,
                                                memory_order_relaxed)) {
  }
  return block;
}

void *arena_allocate(void *context, size_t bytes, size_t alignment) {
  BatchArena *arena = context;
  size_t rounded;
  if (!arena || !memory_round_up(bytes, ARENA_UNIT, &rounded)) return NULL;
  void *block = arena_find(arena, rounded, alignment);
  if (!block) block = arena_add(arena, rounded, alignment);
  if (!block) return NULL;
  atomic_fetch_add_explicit(&arena->in_use, bytes, memory_order_relaxed);
  MEMORY_UNPOISON(block, bytes);
  return block;
}

static arena_chunk *arena_chunk_of(const BatchArena *arena, const char *block) {
  arena_chunk *chunk = arena_chunks(arena);
  while (chunk && (uintptr_t)block - (uintptr_t)chunk->memory >= chunk->bytes) chunk = chunk->next;
  return chunk;
}

/* Wherever the last batch of a pool is released: no lock, no system call, nothing is allocated or freed. */
static void arena_deallocate(void *context, void *block, size_t bytes) {
  BatchArena *arena = context;
  arena_chunk *chunk = arena_chunk_of(arena, block);
  MEMORY_POISON(block, bytes);
  hand_over(chunk);
  if (!chunk || !arena_chunk_give_back(&chunk->word))
    error_abort("batch_arena_allocator: %p is no block of arena %p", block, context);
  hand_over(arena);
  /* IDLE: release; pairs with the load in batch_arena_in_use. The arena may be gone after it. */
  atomic_fetch_sub_explicit(&arena->in_use, bytes, memory_order_release);
}

batch_allocator batch_arena_allocator(BatchArena *arena) {
  if (!arena) error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_arena_allocator: arena is NULL");
  return (batch_allocator){arena_allocate, arena_deallocate, arena};
}

size_t batch_arena_bytes(const BatchArena *arena) {
  if (arena) return atomic_load_explicit(&arena->bytes, memory_order_relaxed);
  error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_arena_bytes: arena is NULL");
  return 0;
}

size_t batch_arena_in_use(const BatchArena *arena) {
  if (!arena) {
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_arena_in_use: arena is NULL");
    return 0;
  }
  /* IDLE: acquire; pairs with the subtraction in arena_deallocate: who sees 0 may free the arena. */
  size_t in_use = atomic_load_explicit(&arena->in_use, memory_order_acquire);
  handed_over(arena);
  return in_use;
}

static void idle_check(const char *function, const BatchArena *arena) {
  size_t in_use = batch_arena_in_use(arena);
  if (in_use == 0) return;
  uint64_t blocks = 0;
  for (const arena_chunk *chunk = arena_chunks(arena); chunk; chunk = chunk->next)
    blocks += arena_blocks(atomic_load_explicit(&chunk->word, memory_order_relaxed));
  error_abort("%s: arena %p has %zu bytes in use by %llu batches: free their pools and release them first",
              function, (const void *)arena, in_use, (unsigned long long)blocks);
}

void batch_arena_free(BatchArena *arena) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_arena_free";
  if (!arena) return;
  live_leave(function, arena);
  idle_check(function, arena);
  const batch_arena_options *o = &arena->options;
  for (arena_chunk *chunk = arena_chunks(arena), *next; chunk; chunk = next) {
    next = chunk->next;
    MEMORY_UNPOISON(chunk->memory, chunk->bytes);
    if (o->detach) o->detach(o->context, chunk->memory, chunk->bytes);
    arena->pages.deallocate(arena->pages.context, chunk->memory, chunk->bytes);
    free(chunk);
  }
  free(arena);
}
