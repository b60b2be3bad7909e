/* The contract with trainers written for the original system: every function of it has exactly this type, and
   every public field. Compiles as C11 and as C++17; with TYPES_CONTROL it must not. */
#include <headrace/headrace.h>

#ifdef __cplusplus
typedef std::atomic<int> count_type;
#else
typedef atomic_int count_type;
#endif

/* A pointer to the function takes it only when return type and arguments are the same, const included. */
#define HAS_TYPE(function, result, ...)                                                                      \
  do {                                                                                                       \
    result (*pointer)(__VA_ARGS__) = function;                                                               \
    (void)pointer;                                                                                           \
  } while (0)

void contract_functions(void);
void contract_functions(void) {
  HAS_TYPE(tensor_create, Tensor *, const uint32_t *, uint32_t);
  HAS_TYPE(tensor_free, void, Tensor *);
  HAS_TYPE(tensor_copy, Tensor *, const Tensor *);
  HAS_TYPE(tensor_reshape, bool, Tensor *, const uint32_t *, uint32_t);
  HAS_TYPE(tensor_get, float, const Tensor *, const uint32_t *);
  HAS_TYPE(tensor_set, void, Tensor *, const uint32_t *, float);
  HAS_TYPE(tensor_fill, void, Tensor *, float);
  HAS_TYPE(tensor_print, void, const Tensor *);

  HAS_TYPE(batch_create, Batch *, uint32_t, uint32_t, uint32_t);
  HAS_TYPE(batch_free, void, Batch *);
  HAS_TYPE(batch_copy, Batch *, const Batch *);
  HAS_TYPE(batch_split, bool, const Batch *, uint32_t, Batch **);
  HAS_TYPE(batch_merge, Batch *, Batch **, uint32_t);
  HAS_TYPE(batch_retain, void, Batch *);
  HAS_TYPE(batch_release, void, Batch *);
  HAS_TYPE(batch_print, void, const Batch *);
  HAS_TYPE(batch_validate, bool, const Batch *);

  HAS_TYPE(batch_queue_create, BatchQueue *, uint32_t);
  HAS_TYPE(batch_queue_free, void, BatchQueue *);
  HAS_TYPE(batch_queue_enqueue, bool, BatchQueue *, Batch *);
  HAS_TYPE(batch_queue_try_enqueue, bool, BatchQueue *, Batch *);
  HAS_TYPE(batch_queue_dequeue, Batch *, BatchQueue *);
  HAS_TYPE(batch_queue_try_dequeue, Batch *, BatchQueue *);
  HAS_TYPE(batch_queue_peek, Batch *, BatchQueue *);
  HAS_TYPE(batch_queue_size, uint32_t, const BatchQueue *);
  HAS_TYPE(batch_queue_is_empty, bool, const BatchQueue *);
  HAS_TYPE(batch_queue_is_full, bool, const BatchQueue *);
  HAS_TYPE(batch_queue_close, void, BatchQueue *);
  HAS_TYPE(batch_queue_clear, void, BatchQueue *);

  HAS_TYPE(batch_pool_create, BatchPool *, uint32_t, uint32_t, uint32_t, uint32_t);
  HAS_TYPE(batch_pool_free, void, BatchPool *);
  HAS_TYPE(batch_pool_allocate, Batch *, BatchPool *);
  HAS_TYPE(batch_pool_try_allocate, Batch *, BatchPool *);
  HAS_TYPE(batch_pool_release, void, BatchPool *, Batch *);
  HAS_TYPE(batch_pool_resize, bool, BatchPool *, uint32_t);
  HAS_TYPE(batch_pool_get_stats, void, const BatchPool *, uint64_t *, uint64_t *, uint64_t *, uint64_t *);
  HAS_TYPE(batch_pool_print_stats, void, const BatchPool *);

  HAS_TYPE(batch_distribute_to_spheres, bool, const Batch *, uint32_t, Batch **);
  HAS_TYPE(batch_assign_to_group, bool, Batch *, uint32_t);
  HAS_TYPE(batch_balance_distribution, bool, Batch **, uint32_t, uint32_t, uint32_t *);
#ifdef TYPES_CONTROL
  HAS_TYPE(batch_copy, Batch *, Batch *);
#endif
}

void contract_tensor(Tensor *tensor);
void contract_tensor(Tensor *tensor) {
  float **data = &tensor->data;
  uint32_t **shape = &tensor->shape, *ndim = &tensor->ndim;
  size_t *total_size = &tensor->total_size;
  bool *owns_data = &tensor->owns_data;
  (void)data, (void)shape, (void)ndim, (void)total_size, (void)owns_data;
}

void contract_batch(Batch *batch);
void contract_batch(Batch *batch) {
  uint64_t *batch_id = &batch->batch_id;
  uint32_t *numbers[] = {&batch->epoch_id, &batch->batch_size, &batch->sequence_length, &batch->vocab_size};
  Tensor *tensors[] = {&batch->input, &batch->target, &batch->mask};
  size_t *total_memory = &batch->total_memory;
  bool *flags[] = {&batch->is_pooled, &batch->is_processed};
  double *processing_time = &batch->processing_time;
  count_type *ref_count = &batch->ref_count;
  (void)batch_id, (void)numbers, (void)tensors, (void)total_memory, (void)flags, (void)processing_time;
  (void)ref_count;
}
