/* How many batches there can be: each limit is said in a sentence, before any work. */
#include "core/batch_header.h"

#include <unistd.h>

#include "core/pool_memory.h"
#include "support/check.h"
#include "support/watchdog.h"

TestSuite(limits, .init = watchdog_on);

/* A batch of 2^24 rows of one column, in three bytes a row. */
static Batch *tall_batch(void) {
  Batch *batch =
      batch_create_with(&(batch_shape){1u << 24, 1, 0, TENSOR_UINT8, TENSOR_UINT8, .with_documents = false});
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  return batch;
}

Test(limits, a_split_into_more_views_than_there_can_be_is_refused_before_any_work) {
  Batch *batch = tall_batch(), *untouched = NULL;
  size_t live = batch_count_live();
  assert_refused(!batch_split(batch, 1u << 24, &untouched), BATCH_ERROR_OVERFLOW, "batch_split", "16777216",
                 "16777214", "BATCH_MAX_LIVE");
  assert_refused(!batch_split(batch, BATCH_MAX_LIVE, &untouched), BATCH_ERROR_OVERFLOW, "batch_split",
                 "16777214");
  assert_refused(!batch_distribute_to_spheres(batch, 1u << 24, &untouched), BATCH_ERROR_OVERFLOW,
                 "batch_distribute_to_spheres", "16777216", "BATCH_MAX_LIVE");
  cr_assert_null(untouched);
  cr_assert_eq(batch_count_live(), live);
  assert_count(batch, 1);
  batch_free(batch);
}

/* As if all handles were out: so many batches would be 8 GiB. */
static void use_all_handles(void) {
  atomic_store(&batch_headers.used, SLAB_MAX_HANDLE);
  cr_assert(slab_count(&batch_headers) <= SLAB_MAX_HANDLE);
}

Test(limits, with_all_batches_alive_whatever_makes_one_says_so) {
  Batch *batch = batch_create(4, 2, 0), *parts[2] = {NULL, NULL}, *pair[2] = {batch, batch};
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  cr_assert_eq(batch_count_live(), 2);
  use_all_handles();
  cr_assert_eq(batch_count_live(), BATCH_MAX_LIVE);
  assert_refused(!batch_create(1, 1, 0), BATCH_ERROR_OVERFLOW, "batch_create", "16777214", "BATCH_MAX_LIVE");
  assert_refused(!batch_create_with(&(batch_shape){.batch_size = 1, .sequence_length = 1}),
                 BATCH_ERROR_OVERFLOW, "batch_create_with", "16777214", "BATCH_MAX_LIVE");
  assert_refused(!batch_copy(batch), BATCH_ERROR_OVERFLOW, "batch_copy", "BATCH_MAX_LIVE");
  assert_refused(!batch_split(batch, 2, parts), BATCH_ERROR_OVERFLOW, "batch_split", "BATCH_MAX_LIVE");
  assert_refused(!batch_distribute_to_spheres(batch, 2, parts), BATCH_ERROR_OVERFLOW,
                 "batch_distribute_to_spheres", "BATCH_MAX_LIVE");
  assert_refused(!batch_merge(pair, 2), BATCH_ERROR_OVERFLOW, "batch_merge", "BATCH_MAX_LIVE");
  assert_refused(!batch_pool_create(1, 1, 1, 0), BATCH_ERROR_OVERFLOW, "batch_pool_create", "BATCH_MAX_LIVE");
  assert_refused(!batch_pool_resize(pool, 2), BATCH_ERROR_OVERFLOW, "batch_pool_resize", "BATCH_MAX_LIVE");
  cr_assert_null(parts[0]);
  assert_count(batch, 1);
  batch_free(batch);
  batch = batch_create(1, 1, 0); /* one is free again */
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  assert_refused(!batch_create(1, 1, 0), BATCH_ERROR_OVERFLOW, "batch_create");
  batch_free(batch);
  batch_pool_free(pool);
}

Test(limits, the_last_handle_can_be_had) {
  atomic_store(&batch_headers.used, SLAB_MAX_HANDLE - 3);
  Batch *batch = batch_create(3, 1, 0), *parts[3] = {NULL, NULL, NULL};
  assert_refused(!batch_split(batch, 3, parts), BATCH_ERROR_OVERFLOW, "batch_split", "3");
  cr_assert(batch_split(batch, 2, parts), "%s", batch_last_error()->message);
  cr_assert_eq(batch_count_live(), BATCH_MAX_LIVE);
  batch_free(parts[0]);
  batch_free(parts[1]);
  batch_free(batch);
}

/* Every page of a pool is touched, so what the machine lacks is refused at once; how much a caller's
   allocator has is its own affair. */
static void *allocate_nothing(void *context, size_t bytes, size_t alignment) {
  (void)context, (void)bytes, (void)alignment;
  return NULL;
}

static void deallocate_nothing(void *context, void *memory, size_t bytes) {
  (void)context, (void)memory, (void)bytes;
}

Test(limits, more_memory_than_the_machine_has_is_refused_of_our_own_allocators_only) {
  batch_pool_options options[3] = {BATCH_POOL_OPTIONS_INIT, BATCH_POOL_OPTIONS_INIT, BATCH_POOL_OPTIONS_INIT};
  options[1].huge_pages = true;
  options[2].allocator = (batch_allocator){allocate_nothing, deallocate_nothing, NULL};
  size_t gib = (size_t)1 << 30;
  for (int i = 0; i < 3; i++) {
    batch_allocator allocator;
    cr_assert(pool_memory_allocator("a test", &options[i], &allocator));
    cr_assert_eq(pool_memory_may_fit(&allocator, 1u << 20, gib), i == 2); /* 2^50 */
    cr_assert_eq(pool_memory_may_fit(&allocator, 2, SIZE_MAX), i == 2);
    cr_assert(pool_memory_may_fit(&allocator, 16, 4096));
  }
}
