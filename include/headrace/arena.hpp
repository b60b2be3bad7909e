/* An arena: memory for pools in few large chunks, each told of once. See arena.h.

   Usage:
       batch_arena_options told = BATCH_ARENA_OPTIONS_INIT;
       told.attach = [](void *, void *memory, size_t bytes) {
         std::printf("%zu bytes at %p\n", bytes, memory);
         return true;
       };
       headrace::arena arena(told);
       batch_pool_options pooling = BATCH_POOL_OPTIONS_INIT;
       pooling.pool_size = 8;
       pooling.shape.batch_size = 32;
       pooling.shape.sequence_length = 1024;
       pooling.allocator = arena.allocator();
       headrace::pool pool(pooling); // it must not outlive the arena

   Threads: all calls, from any number, at the same time; the arena is destroyed last, after the batches of its pools. */
#ifndef HEADRACE_ARENA_HPP
#define HEADRACE_ARENA_HPP

#include "arena.h"
#include "pool.hpp"

namespace headrace {

class arena : public detail::handle<arena, BatchArena, batch_arena_free> {
public:
  arena() noexcept = default;
  /* attach and detach must not throw: they are called from C. */
  explicit arena(const batch_arena_options &options) : handle(detail::check(batch_arena_create(&options))) {}

  /* For batch_pool_options.allocator. */
  batch_allocator allocator() {
    batch_allocator functions = batch_arena_allocator(get());
    detail::check(functions.context != nullptr);
    return functions;
  }
  size_t bytes() const { return batch_arena_bytes(get()); }
  size_t in_use() const { return batch_arena_in_use(get()); }
};

} // namespace headrace

#endif
