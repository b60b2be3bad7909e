/* Several pools in the place of one: whoever takes from one of them alone gets back what it has had before. */
#include "base/error.h"
#include "core/pool_memory.h"
#include "core/pool_parts.h"

/* Whether there may be memory for all of them together, which each alone cannot tell. */
static bool may_fit(const char *function, const batch_pool_options *options) {
  batch_layout layout;
  batch_allocator allocator;
  return batch_layout_make(function, &options->shape, &layout) &&
         pool_memory_allocator(function, options, &allocator) &&
         pool_may_fit(function, &allocator, layout.bytes, options->pool_size, options->pool_size);
}

bool pool_create_several(const char *function, const batch_pool_options *options, BatchPool **pools,
                         uint32_t n) {
  bool good = n == 1 || may_fit(function, options);
  for (uint32_t i = 0; i < n; i++) {
    batch_pool_options part = *options;
    part.pool_size = options->pool_size / n + (i < options->pool_size % n);
    pools[i] = good ? pool_create(function, &part) : NULL;
    good = pools[i];
  }
  return good;
}
