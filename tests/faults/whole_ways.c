/* The other ways into and out of queues and pools, and what only answers. */
#include <inttypes.h>
#include <stdio.h>

#include "whole.h"

enum { BATCHES = 6 };

/* They are the queue's now. */
static size_t given(Batch **batches, size_t n) {
  for (size_t i = 0; i < n; i++) batches[i] = NULL;
  return n;
}

static bool put_one(BatchQueue *queue, Batch **batch) {
  return batch_queue_enqueue(queue, *batch) && given(batch, 1) == 1;
}

/* Where there is no memory for a note of several, one goes in. */
static bool put(BatchQueue *queue, Batch **batches) {
  if (!batch_queue_try_enqueue(queue, batches[0])) return false;
  given(batches, 1);
  if (batch_queue_enqueue_until(queue, batches[1], BATCH_FOREVER) != BATCH_OK) return false;
  given(batches + 1, 1);
  size_t several = given(batches + 2, batch_queue_enqueue_many(queue, batches + 2, 2));
  if (several == 0 || (several == 1 && !put_one(queue, batches + 3))) return false;
  return given(batches + 4, batch_queue_enqueue_many_wait(queue, batches + 4, 2)) == 2;
}

static bool look(BatchQueue *queue) {
  Batch *oldest = batch_queue_peek(queue);
  if (!oldest) return false;
  printf("%u of %u: %d %d %d\n", batch_queue_size(queue), batch_queue_capacity(queue),
         batch_queue_is_empty(queue), batch_queue_is_full(queue), batch_queue_is_closed(queue));
  batch_release(oldest);
  return true;
}

static bool take(BatchQueue *queue) {
  Batch *out[5];
  size_t n = 0, taken = 0;
  bool good = batch_queue_dequeue_until(queue, out, BATCH_FOREVER) == BATCH_OK;
  if (good) n = 1 + batch_queue_dequeue_many(queue, out + 1, 2);
  good = good && batch_queue_dequeue_many_until(queue, out + n, 1, BATCH_FOREVER, &taken) == BATCH_OK;
  n += taken;
  if (good) n += batch_queue_dequeue_many_wait(queue, out + n, 1);
  for (size_t i = 0; i < n; i++) batch_release(out[i]);
  batch_queue_clear(queue);
  if (good) printf("some taken, %u left\n", batch_queue_size(queue));
  return good;
}

static bool use_queue(uint32_t capacity) {
  Batch *batches[BATCHES] = {NULL};
  BatchQueue *queue = batch_queue_create(capacity);
  bool good = queue != NULL;
  for (size_t i = 0; good && i < BATCHES; i++) good = (batches[i] = batch_create(ROWS, COLUMNS, 100)) != NULL;
  good = good && put(queue, batches) && look(queue) && take(queue);
  if (queue) batch_queue_free(queue);
  for (size_t i = 0; i < BATCHES; i++) batch_release(batches[i]);
  return good;
}

bool whole_queue_ways(void) {
  return use_queue(BATCHES) && use_queue(0);
}

static bool use_idle(BatchPool *pool) {
  size_t bytes = 0;
  uint64_t counts[4];
  Batch *one = batch_pool_try_allocate(pool), *two = NULL;
  bool good = one && batch_pool_allocate_until(pool, &two, BATCH_FOREVER) == BATCH_OK;
  if (good) {
    batch_retain(two);
    batch_release(two);
    good = batch_block(two, &bytes) != NULL;
  }
  if (two) batch_pool_release(pool, two);
  if (one) batch_pool_release(pool, one);
  batch_pool_get_stats(pool, counts, counts + 1, counts + 2, counts + 3);
  if (good) printf("%zu bytes, %" PRIu64 " and %" PRIu64 "\n", bytes, counts[0], counts[1]);
  return good;
}

bool whole_pool_ways(void) {
  BatchPool *pool = batch_pool_create(3, ROWS, COLUMNS, 100);
  if (!pool) return false;
  bool good = use_idle(pool);
  if (good) batch_pool_print_stats(pool);
  batch_pool_close(pool);
  batch_pool_free(pool);
  return good;
}

static void print_names(void) {
  printf("%s %d\n", batch_version(), batch_version_number());
  printf("%s %s %s %s %s %zu\n", batch_status_name(BATCH_CLOSED), batch_format_name(BATCH_FORMAT_NPY),
         batch_bottleneck_name(BATCH_BOTTLENECK_DATA), tensor_type_name(TENSOR_UINT8),
         batch_token_type_name(BATCH_TOKEN_U16), batch_token_type_size(BATCH_TOKEN_U16));
}

/* Nothing of this can fail. */
bool whole_answers(void) {
  uint32_t rank, world;
  batch_random random = batch_random_start(7);
  print_names();
  printf("%" PRIu64 " %u %g %g\n", batch_random_next(&random), batch_random_below(&random, 100),
         (double)batch_random_uniform(&random), (double)batch_random_normal(&random));
  printf("%d %d\n", batch_launcher_rank(&rank, &world), *batch_features() != '\0');
  printf("%d\n", batch_deadline_after(1000000000) > batch_deadline_after(0));
  batch_clear_error();
  return true;
}
