#include <headrace/batch.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/batch_layout.h"
#include "core/pool_internal.h"
#include "core/tensor_internal.h"
#include "sync/thread.h"

/* A tensor that still shows the elements it was made with must not read them as a wider type. */
static bool width_check(const char *function, const batch_header *header, unsigned i) {
  const Tensor *tensor = batch_tensor((Batch *)(uintptr_t)&header->batch, i);
  if (tensor->raw != header->elements[i] || tensor_type_size(tensor->dtype) <= header->width[i]) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: %s is %s, expected a type of at most the %u bytes it was made with", function,
                    batch_tensor_name(i), tensor_type_name(tensor->dtype), header->width[i]);
}

static bool sequences_check(const char *function, const Batch *batch) {
  const Tensor *tensor = &batch->cu_seqlens;
  const char *name = batch_tensor_name(BATCH_CU_SEQLENS);
  if (!tensor->raw) return true;
  if (!tensor_check(function, name, tensor)) return false;
  if (tensor->dtype != TENSOR_INT32)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is %s, expected int32", function, name,
                      tensor_type_name(tensor->dtype));
  return (tensor->total_size > 1 && tensor->total_size <= INT32_MAX &&
          batch->num_sequences < tensor->total_size) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: %s has %zu elements, expected 2 to 2^31 - 1, more than its %u sequences", function,
                    name, tensor->total_size, batch->num_sequences);
}

bool batch_check(const char *function, const Batch *batch) {
  if (!batch) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch is NULL", function);
  bool is_ours = batch_header_is_ours(batch);
  if (is_ours && batch_header_is_free(batch))
    error_abort("%s: batch %p is already free", function, (const void *)batch);
  size_t elements;
  if (!memory_multiply(batch->batch_size, batch->sequence_length, &elements)) elements = 0;
  for (unsigned i = 0; i < batch_grid_count(batch); i++) {
    const Tensor *tensor = batch_tensor((Batch *)(uintptr_t)batch, i);
    const char *name = batch_tensor_name(i);
    if (!tensor_check(function, name, tensor)) return false;
    if (elements == 0 || tensor->total_size != elements)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s has %zu elements, expected %u rows of %u",
                        function, name, tensor->total_size, batch->batch_size, batch->sequence_length);
    if (is_ours && !width_check(function, batch_header_of(batch), i)) return false;
  }
  return sequences_check(function, batch);
}

batch_header *batch_header_create(const char *function, const batch_layout *layout, bool zeroed) {
  batch_header *header = batch_header_allocate(function);
  if (!header || batch_layout_own(layout, &header->batch, zeroed)) return header;
  batch_header_free(header);
  return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes of elements", function,
                    layout->bytes);
}

Batch *batch_create_named(const char *function, const batch_shape *shape) {
  batch_layout layout;
  if (!batch_layout_make(function, shape, &layout)) return NULL;
  batch_header *header = batch_header_create(function, &layout, true);
  if (!header) return NULL;
  tensor_fill(&header->batch.mask, 1.0f);
  batch_header_publish(header);
  return &header->batch;
}

Batch *batch_create(uint32_t batch_size, uint32_t sequence_length, uint32_t vocab_size) {
  return batch_create_named(
      "batch_create",
      &(batch_shape){.batch_size = batch_size, .sequence_length = sequence_length, .vocab_size = vocab_size});
}

Batch *batch_create_with(const batch_shape *shape) {
  if (!shape) return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with: shape is NULL");
  return batch_create_named("batch_create_with", shape);
}

void batch_copy_metadata(Batch *to, const Batch *from) {
  to->batch_id = from->batch_id;
  to->epoch_id = from->epoch_id;
  to->is_processed = from->is_processed;
  to->processing_time = from->processing_time;
  to->status = from->status;
}

void batch_copy_rows(Batch *to, uint32_t rows, const Batch *from) {
  for (unsigned i = 0; i < batch_grid_count(to); i++) {
    Tensor *target = batch_tensor(to, i);
    const Tensor *source = batch_tensor((Batch *)(uintptr_t)from, i);
    size_t element = tensor_type_size(target->dtype);
    memcpy(target->u8 + (size_t)rows * to->sequence_length * element, source->raw,
           source->total_size * element);
  }
}

static void copy_sequences(Batch *to, const Batch *from) {
  if (from->cu_seqlens.raw)
    memcpy(to->cu_seqlens.i32, from->cu_seqlens.i32, from->cu_seqlens.total_size * sizeof(int32_t));
  to->num_sequences = from->num_sequences;
  to->max_seqlen = from->max_seqlen;
}

Batch *batch_copy(const Batch *batch) {
  if (!batch_check("batch_copy", batch)) return NULL;
  batch_layout layout;
  if (!batch_layout_like("batch_copy", batch, batch->batch_size, batch_max_sequences(batch), &layout))
    return NULL;
  batch_header *header = batch_header_create("batch_copy", &layout, false);
  if (!header) return NULL;
  batch_copy_rows(&header->batch, 0, batch);
  copy_sequences(&header->batch, batch);
  batch_copy_metadata(&header->batch, batch);
  batch_header_publish(header);
  return &header->batch;
}

void batch_retain(Batch *batch) {
  if (!batch)
    error_note(BATCH_ERROR_INVALID_ARGUMENT, "batch_retain", "batch is NULL");
  else
    batch_header_retain(batch_header_check("batch_retain", batch), "batch_retain");
}

void batch_release(Batch *batch) {
  if (batch) batch_header_release(batch_header_check("batch_release", batch), "batch_release");
}

void batch_free(Batch *batch) {
  if (batch) batch_header_release(batch_header_check("batch_free", batch), "batch_free");
}

size_t batch_count_live(void) {
  return slab_count(&batch_headers);
}

/* Whether a pooled batch shows what its pool gave it, and nothing else. */
static bool block_check(const char *function, const batch_header *header) {
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    const Tensor *tensor = batch_tensor((Batch *)(uintptr_t)&header->batch, i);
    if (tensor->raw != header->elements[i])
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "%s: %s is at %p, expected %p: where the pool has put it", function,
                        batch_tensor_name(i), tensor->raw, header->elements[i]);
  }
  return true;
}

void *batch_block(const Batch *batch, size_t *bytes) {
  static const char function[] = "batch_block";
  size_t unused;
  if (!bytes) bytes = &unused;
  *bytes = 0;
  if (!batch) return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch is NULL", function);
  batch_header_check_held(function, batch);
  const batch_header *header = batch_header_of(batch);
  if (!header->pool)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch %p is %s, expected one of a pool", function,
                      (const void *)batch, header->parent ? "a view" : "of no pool");
  if (!block_check(function, header)) return NULL;
  *bytes = pool_layout(header->pool)->bytes;
  return header->block;
}

void batch_print(const Batch *batch) {
  HOLD_CANCELLATION;
  if (!batch_check("batch_print", batch)) return;
  printf("batch %llu epoch %u: %u x %u, vocabulary %u, %zu bytes, %d references, %s%s%s\n",
         (unsigned long long)batch->batch_id, batch->epoch_id, batch->batch_size, batch->sequence_length,
         batch->vocab_size, batch->total_memory,
         atomic_load_explicit(&batch->ref_count, memory_order_relaxed), batch_status_name(batch->status),
         batch->is_pooled ? ", pooled" : "", batch->is_processed ? ", processed" : "");
  if (batch->cu_seqlens.raw)
    printf("  %u sequences, the longest of %u\n", batch->num_sequences, batch->max_seqlen);
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    if (!batch_has_tensor(batch, i)) continue;
    printf("  ");
    tensor_print_named(batch_tensor_name(i), batch_tensor((Batch *)(uintptr_t)batch, i));
  }
}
