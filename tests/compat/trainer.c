/* A trainer written for the system whose functions Headrace implements: its header name, its public
   fields, its functions, and nothing else. It is compiled with -std=c11 -Wall -Wextra alone. */
#include "ai/cllm_batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                \
      failures++;                                                                                            \
    }                                                                                                        \
  } while (0)

static void use_tensors(void) {
  uint32_t shape[2] = {3, 4}, other[2] = {2, 6}, wrong[1] = {11}, at[2] = {1, 2};
  Tensor *tensor = tensor_create(shape, 2);
  CHECK(tensor != NULL);
  CHECK(tensor->ndim == 2 && tensor->shape[0] == 3 && tensor->shape[1] == 4);
  CHECK(tensor->total_size == 12 && tensor->owns_data);
  for (size_t i = 0; i < tensor->total_size; i++) CHECK(tensor->data[i] == 0.0f);
  tensor_set(tensor, at, 3.5f);
  CHECK(tensor_get(tensor, at) == 3.5f && tensor->data[6] == 3.5f);
  Tensor *copy = tensor_copy(tensor);
  CHECK(copy->data != tensor->data && copy->data[6] == 3.5f);
  CHECK(tensor_reshape(tensor, other, 2) && tensor->shape[1] == 6);
  CHECK(!tensor_reshape(tensor, wrong, 1));
  tensor_fill(tensor, 2.0f);
  CHECK(tensor->data[0] == 2.0f && tensor->data[11] == 2.0f && copy->data[0] == 0.0f);
  tensor_print(tensor);
  tensor_free(tensor);
  tensor_free(copy);
  tensor_free(NULL);
}

/* Tensors are structs with malloc memory in them: moved out of their wrapper, ended by hand, put together by
   hand. */
static void take_tensors_apart(void) {
  uint32_t shape[2] = {2, 3}, line[1] = {6}, at[2] = {1, 2};
  Tensor *wrapper = tensor_create(shape, 2), moved = *wrapper;
  free(wrapper);
  tensor_fill(&moved, 4.0f);
  CHECK(moved.shape[0] == 2 && moved.shape[1] == 3 && tensor_get(&moved, at) == 4.0f);
  free(moved.data);
  free(moved.shape);

  Tensor *mine = calloc(1, sizeof *mine);
  mine->data = calloc(6, sizeof *mine->data);
  mine->shape = malloc(sizeof shape);
  mine->shape[0] = 2;
  mine->shape[1] = 3;
  mine->ndim = 2;
  mine->total_size = 6;
  mine->owns_data = true;
  tensor_set(mine, at, 1.0f);
  CHECK(mine->data[5] == 1.0f && tensor_reshape(mine, line, 1) && mine->shape[0] == 6);
  tensor_free(mine);

  Batch *batch = batch_create(2, 3, 100);
  CHECK(batch->input.owns_data);
  wrapper = tensor_create(shape, 2);
  free(batch->input.data);
  free(batch->input.shape);
  batch->input = *wrapper;
  free(wrapper);
  batch->target.data[0] = -100.0f; /* ignored */
  batch->mask.data[1] = -1e9f;     /* additive */
  CHECK(tensor_reshape(&batch->input, line, 1) && batch_validate(batch));
  batch_free(batch);
}

static void fill_input(Tensor *input) {
  for (uint32_t row = 0; row < input->shape[0]; row++)
    for (uint32_t column = 0; column < input->shape[1]; column++)
      input->data[row * input->shape[1] + column] = (float)(row * input->shape[1] + column);
}

static void use_batches(void) {
  Batch *batch = batch_create(4, 8, 1000);
  CHECK(batch->batch_size == 4 && batch->sequence_length == 8 && batch->vocab_size == 1000);
  CHECK(!batch->is_pooled && !batch->is_processed && batch->processing_time == 0.0);
  CHECK(batch->total_memory >= 3 * 4 * 8 * sizeof(float));
  CHECK(atomic_load(&batch->ref_count) == 1);
  CHECK(batch->mask.data[31] == 1.0f);
  fill_input(&batch->input);
  batch->batch_id = 17;
  batch->epoch_id = 2;
  CHECK(batch_validate(batch));
  batch_print(batch);

  Batch *copy = batch_copy(batch);
  CHECK(copy->batch_id == 17 && copy->input.data[31] == 31.0f && copy->input.data != batch->input.data);
  Batch *pair[2] = {batch, copy}, *merged = batch_merge(pair, 2);
  CHECK(merged->batch_size == 8 && merged->input.data[63] == 31.0f && merged->input.ndim == 2);
  batch_free(merged);
  batch_free(copy);

  batch_retain(batch);
  CHECK(atomic_load(&batch->ref_count) == 2);
  batch_release(batch);
  CHECK(atomic_load(&batch->ref_count) == 1);

  Batch *views[2], *late[2];
  CHECK(batch_split((const Batch *)batch, 2, views));
  CHECK(views[1]->batch_size == 2 && views[1]->input.data == batch->input.data + 16);
  batch_free(views[0]); /* before the parent */
  CHECK(batch_split(batch, 2, late));
  batch_free(batch);
  CHECK(views[1]->input.data[15] == 31.0f);
  batch_free(views[1]); /* after the parent */
  batch_free(late[1]);
  CHECK(late[0]->input.data[15] == 15.0f);
  batch_free(late[0]);
  batch_free(NULL);
}

static void use_queue(void) {
  BatchQueue *queue = batch_queue_create(2);
  Batch *batches[3];
  for (int i = 0; i < 3; i++) {
    batches[i] = batch_create(1, 1, 10);
    batches[i]->batch_id = (uint64_t)i;
  }
  CHECK(batch_queue_is_empty(queue));
  CHECK(batch_queue_try_enqueue(queue, batches[0]));
  CHECK(batch_queue_enqueue(queue, batches[1]));
  CHECK(batch_queue_is_full(queue) && batch_queue_size(queue) == 2);
  CHECK(!batch_queue_try_enqueue(queue, batches[2]));
  Batch *front = batch_queue_peek(queue);
  CHECK(front == batches[0]);
  batch_release(front);
  CHECK(batch_queue_dequeue(queue) == batches[0]);
  CHECK(batch_queue_try_dequeue(queue) == batches[1]);
  CHECK(batch_queue_try_dequeue(queue) == NULL);
  CHECK(batch_queue_enqueue(queue, batches[0]) && batch_queue_enqueue(queue, batches[1]));
  batch_queue_clear(queue);
  CHECK(batch_queue_size(queue) == 0);
  batch_queue_close(queue);
  CHECK(!batch_queue_enqueue(queue, batches[2]));
  CHECK(batch_queue_dequeue(queue) == NULL);
  batch_free(batches[2]);
  batch_queue_free(queue);
}

static void use_pool(void) {
  BatchPool *pool = batch_pool_create(2, 4, 8, 100);
  Batch *first = batch_pool_allocate(pool), *second = batch_pool_try_allocate(pool);
  CHECK(first && second && first != second && first->is_pooled);
  CHECK(atomic_load(&first->ref_count) == 1);
  CHECK(batch_pool_try_allocate(pool) == NULL);
  batch_pool_release(pool, first);
  batch_pool_release(pool, second);
  uint64_t allocations, releases, hits, misses;
  batch_pool_get_stats(pool, &allocations, &releases, &hits, &misses);
  CHECK(allocations == 2 && releases == 2 && hits == 2 && misses == 1);
  CHECK(batch_pool_resize(pool, 3));
  Batch *three[3];
  for (int i = 0; i < 3; i++) CHECK((three[i] = batch_pool_try_allocate(pool)) != NULL);
  for (int i = 0; i < 3; i++) batch_pool_release(pool, three[i]);
  batch_pool_print_stats(pool);
  batch_pool_free(pool);
}

static void use_spheres(void) {
  Batch *batch = batch_create(5, 2, 100), *parts[7] = {NULL}, *four[4];
  uint32_t assignments[4];
  CHECK(!batch_distribute_to_spheres(batch, 7, parts) && parts[0] == NULL);
  const Batch *shown = batch;
  CHECK(batch_distribute_to_spheres(shown, 5, parts));
  CHECK(batch_assign_to_group(batch, 11) && batch->batch_id >> 60 == 11);
  CHECK(!batch_assign_to_group(batch, 12));
  for (int i = 0; i < 4; i++) four[i] = parts[i];
  CHECK(batch_balance_distribution(four, 4, 2, assignments));
  CHECK(assignments[0] == 0 && assignments[1] == 1 && assignments[2] == 0 && assignments[3] == 1);
  for (int i = 0; i < 5; i++) batch_free(parts[i]);
  batch_free(batch);
}

typedef struct Training {
  BatchPool *pool;
  BatchQueue *queue;
  atomic_ullong tokens;
} Training;

static void *load(void *argument) {
  Training *training = argument;
  for (uint64_t step = 0; step < 2000; step++) {
    Batch *batch = batch_pool_allocate(training->pool);
    batch->batch_id = step;
    fill_input(&batch->input);
    batch->input.data[0] = (float)(step % 100);
    if (!batch_queue_enqueue(training->queue, batch)) batch_pool_release(training->pool, batch);
  }
  batch_queue_close(training->queue);
  return NULL;
}

static void *train(void *argument) {
  Training *training = argument;
  Batch *batch;
  while ((batch = batch_queue_dequeue(training->queue)) != NULL) {
    if (batch->input.data[0] == (float)(batch->batch_id % 100))
      atomic_fetch_add(&training->tokens, batch->input.total_size);
    batch->is_processed = true;
    batch_pool_release(training->pool, batch);
  }
  return NULL;
}

static void run_training(void) {
  Training training = {batch_pool_create(4, 2, 8, 1000), batch_queue_create(3), 0};
  pthread_t loader, trainers[3];
  CHECK(pthread_create(&loader, NULL, load, &training) == 0);
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&trainers[i], NULL, train, &training) == 0);
  pthread_join(loader, NULL);
  for (int i = 0; i < 3; i++) pthread_join(trainers[i], NULL);
  CHECK(atomic_load(&training.tokens) == 2000ull * 16);
  uint64_t allocations, releases;
  batch_pool_get_stats(training.pool, &allocations, &releases, NULL, NULL);
  CHECK(allocations == 2000 && releases == 2000);
  batch_queue_free(training.queue);
  batch_pool_free(training.pool);
}

int main(void) {
  use_tensors();
  take_tensors_apart();
  use_batches();
  use_queue();
  use_pool();
  use_spheres();
  run_training();
  printf("%d failures\n", failures);
  return failures != 0;
}
