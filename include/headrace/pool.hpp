/* A pool of batches of one shape, and allocators for its elements. See pool.h.

   Usage:
       headrace::pool pool(8, 32, 1024, 50257);
       headrace::batch batch = pool.allocate(); // waits while all are out
       // it goes back at the end of its life

       // the end: and all threads are joined
       pool.close();

   Threads: all calls, from any number, at the same time; the pool is destroyed last. Batches may be out then. */
#ifndef HEADRACE_POOL_HPP
#define HEADRACE_POOL_HPP

#include "batch.hpp"
#include "pool.h"

namespace headrace {

/* Where the elements of a pool come from, when not from the library: derive from it. It must outlive the pools and their
   batches, which lend it.
   Usage:  class pinned : public headrace::allocator { ... } memory;
           options.allocator = memory.functions();
   Threads: both are called from any, at the same time. */
class allocator {
public:
  /* As batch_allocator: alignment is a power of two >= 64. What it throws, and nullptr, is BATCH_ERROR_OUT_OF_MEMORY. */
  virtual void *allocate(size_t bytes, size_t alignment) = 0;
  virtual void deallocate(void *memory, size_t bytes) noexcept = 0;

  batch_allocator functions() noexcept {
    return {[](void *self, size_t bytes, size_t alignment) -> void * {
              return detail::guarded(static_cast<void *>(nullptr), [=] {
                return static_cast<allocator *>(self)->allocate(bytes, alignment);
              });
            },
            [](void *self, void *memory, size_t bytes) {
              static_cast<allocator *>(self)->deallocate(memory, bytes);
            },
            this};
  }

  virtual ~allocator() = default;
  allocator(const allocator &) = delete;
  allocator &operator=(const allocator &) = delete;

protected:
  allocator() = default;
};

/* What batch_pool_get_stats gives. */
struct pool_stats {
  uint64_t allocations, releases, cache_hits, cache_misses;
};

class pool : public detail::handle<pool, BatchPool, batch_pool_free> {
public:
  pool() noexcept = default;
  pool(uint32_t pool_size, uint32_t batch_size, uint32_t sequence_length, uint32_t vocab_size = 0)
      : handle(detail::check(batch_pool_create(pool_size, batch_size, sequence_length, vocab_size))) {}
  explicit pool(const batch_pool_options &options)
      : handle(detail::check(batch_pool_create_with(&options))) {}

  /* Waits for a batch. Returns an empty one when the pool is closed. */
  HEADRACE_NODISCARD batch allocate() {
    batch taken = batch::adopt(batch_pool_allocate(get()));
    if (!taken) detail::check_outcome(BATCH_CLOSED);
    return taken;
  }
  /* BATCH_OK and a batch, else `taken` empty and BATCH_EMPTY, BATCH_CLOSED or an error. What `taken` had is dropped first. */
  HEADRACE_NODISCARD batch_status try_allocate(batch &taken) noexcept {
    return allocate_until(taken, BATCH_NO_WAIT);
  }
  HEADRACE_NODISCARD batch_status allocate_until(batch &taken, uint64_t deadline) noexcept {
    taken.reset();
    Batch *raw = nullptr;
    batch_status status = batch_pool_allocate_until(get(), &raw, deadline);
    taken = batch::adopt(raw);
    return status;
  }

  /* Drops a reference to a batch of this pool, or to a view of one; throws, and keeps it, when it is of another. */
  void release(batch &&given) {
    batch_clear_error();
    batch_pool_release(get(), given.get());
    detail::check_outcome(BATCH_OK);
    (void)given.detach();
  }
  void close() noexcept { batch_pool_close(get()); }
  void resize(uint32_t new_size) { detail::check(batch_pool_resize(get(), new_size)); }
  uint32_t size() const { return batch_pool_size(get()); }
  uint32_t outstanding() const { return batch_pool_outstanding(get()); }
  pool_stats get_stats() const {
    pool_stats stats = {};
    batch_pool_get_stats(get(), &stats.allocations, &stats.releases, &stats.cache_hits, &stats.cache_misses);
    return stats;
  }
  void print_stats() const { batch_pool_print_stats(get()); }

  /* For event loops. */
  int fd() {
    int descriptor = batch_pool_fd(get());
    detail::check(descriptor >= 0);
    return descriptor;
  }
  HEADRACE_NODISCARD batch_status arm() noexcept { return batch_pool_arm(get()); }
};

} // namespace headrace

#endif
