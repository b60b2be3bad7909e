/* batch_block: all elements of a pooled batch in one piece. */
#include "support/check.h"
#include "support/watchdog.h"

#include <string.h>

TestSuite(batch_block, .init = watchdog_on);

enum { ROWS = 3, COLUMNS = 5, SEQUENCES = 4, MOST = 6 };

/* Tensors of every size that is no multiple of 64 bytes. */
static BatchPool *make_pool(void) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 2;
  options.shape = (batch_shape){ROWS, COLUMNS, 100, TENSOR_UINT16, TENSOR_UINT8, true, SEQUENCES};
  BatchPool *pool = batch_pool_create_with(&options);
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  return pool;
}

static void list_tensors(Batch *batch, Tensor *tensors[MOST]) {
  Tensor *const all[MOST] = {&batch->input,     &batch->target,    &batch->mask,
                             &batch->documents, &batch->positions, &batch->cu_seqlens};
  memcpy(tensors, all, sizeof all);
}

Test(batch_block, has_every_tensor_in_order_at_multiples_of_64_bytes) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool);
  Tensor *tensors[MOST];
  size_t bytes = 1, at = 0;
  unsigned char *block = batch_block(batch, &bytes);
  cr_assert_not_null(block, "%s", batch_last_error()->message);
  cr_assert_eq(batch_block(batch, NULL), block);
  list_tensors(batch, tensors);
  for (int i = 0; i < MOST; i++) {
    cr_assert_eq(tensors[i]->u8, block + at, "tensor %d", i);
    at = (at + tensors[i]->total_size * tensor_type_size(tensors[i]->dtype) + 63) / 64 * 64;
  }
  cr_assert_eq(bytes, at);
  batch_release(batch);
  batch_pool_free(pool);
}

/* What a device gets by one copy, cut at the offsets of another batch of the pool. */
Test(batch_block, is_copied_at_once_with_the_offsets_of_any_batch_of_the_pool) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool), *other = batch_pool_allocate(pool);
  Tensor *tensors[MOST], *of_other[MOST];
  unsigned char device[1024];
  size_t bytes;
  list_tensors(batch, tensors);
  list_tensors(other, of_other);
  for (int i = 0; i < MOST; i++) tensor_fill(tensors[i], (float)(i + 1));
  void *block = batch_block(batch, &bytes);
  cr_assert(block && bytes <= sizeof device);
  memcpy(device, block, bytes);
  for (int i = 0; i < MOST; i++) {
    size_t offset = (size_t)(of_other[i]->u8 - other->input.u8);
    size_t length = tensors[i]->total_size * tensor_type_size(tensors[i]->dtype);
    cr_assert_eq(memcmp(device + offset, tensors[i]->raw, length), 0, "tensor %d", i);
    cr_assert_eq(device[offset], i + 1);
  }
  batch_release(batch);
  batch_release(other);
  batch_pool_free(pool);
}

Test(batch_block, of_no_pool_and_of_views_is_refused) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool), *own = batch_create(1, 1, 0), *view;
  size_t bytes = 7;
  assert_refused(!batch_block(own, &bytes), BATCH_ERROR_INVALID_ARGUMENT, "batch_block", "of no pool");
  cr_assert_eq(bytes, 0);
  cr_assert(batch_split(batch, 1, &view));
  bytes = 7;
  assert_refused(!batch_block(view, &bytes), BATCH_ERROR_INVALID_ARGUMENT, "batch_block", "a view");
  cr_assert_eq(bytes, 0);
  assert_refused(!batch_block(NULL, &bytes), BATCH_ERROR_INVALID_ARGUMENT, "batch_block", CHECK_NULL);
  batch_free(own);
  batch_free(view);
  cr_assert_not_null(batch_block(batch, &bytes));
  batch_release(batch);
  batch_pool_free(pool);
}

/* Elements that are not in the block would stay behind. */
Test(batch_block, is_refused_while_a_tensor_shows_other_elements) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool);
  Tensor pools_own = batch->mask, *mine = tensor_create_typed((uint32_t[]){ROWS, COLUMNS}, 2, TENSOR_UINT8);
  batch->mask = *mine;
  batch->mask.owns_data = false;
  assert_refused(!batch_block(batch, NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_block", "mask");
  batch->mask = pools_own;
  batch->cu_seqlens = (Tensor){0};
  assert_refused(!batch_block(batch, NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_block", "cu_seqlens");
  batch_release(batch);
  batch = batch_pool_allocate(pool); /* as the pool makes it */
  cr_assert_not_null(batch_block(batch, NULL), "%s", batch_last_error()->message);
  batch_release(batch);
  tensor_free(mine);
  batch_pool_free(pool);
}

Test(batch_block, stays_where_it_is_when_tensors_are_reshaped_or_shown_as_another_type) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool);
  void *block = batch_block(batch, NULL);
  cr_assert(tensor_reshape(&batch->input, (uint32_t[]){COLUMNS * ROWS}, 1));
  batch->target.dtype = TENSOR_UINT8;
  cr_assert_eq(batch_block(batch, NULL), block);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(batch_block, of_a_batch_that_outlives_its_pool) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool);
  size_t before, after;
  void *block = batch_block(batch, &before);
  batch_pool_free(pool);
  cr_assert_eq(batch_block(batch, &after), block);
  cr_assert_eq(after, before);
  batch_release(batch);
}

static void block_of_a_free_batch(void *batch) {
  batch_block(batch, NULL);
}

Test(batch_block, of_a_free_batch_aborts) {
  BatchPool *pool = make_pool();
  Batch *batch = batch_pool_allocate(pool);
  batch_release(batch);
  assert_aborts(block_of_a_free_batch, batch, "batch_block", "already free");
  batch_pool_free(pool);
}
