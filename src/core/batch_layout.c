#include "core/batch_layout.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/batch_header.h"
#include "core/tensor_internal.h"

const char *batch_tensor_name(unsigned i) {
  static const char *const names[BATCH_TENSORS] = {"input", "target", "mask", "documents", "positions"};
  return names[i];
}

static bool shape_check(const char *function, const batch_shape *shape) {
  if (shape->batch_size == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch_size is 0, expected at least 1", function);
  if (shape->sequence_length == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: sequence_length is 0, expected at least 1",
                      function);
  if (tensor_type_size(shape->input_type) == 0 || tensor_type_size(shape->mask_type) == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: input_type is %d and mask_type %d, expected tensor types", function,
                      (int)shape->input_type, (int)shape->mask_type);
  return true;
}

/* Lays the tensors out whose number, types and shape are known. */
static bool layout_finish(const char *function, batch_layout *layout) {
  bool fits = memory_multiply(layout->shape.batch_size, layout->shape.sequence_length, &layout->elements);
  for (unsigned i = 0; i < layout->tensors; i++) {
    size_t bytes = 0;
    layout->offset[i] = layout->bytes;
    fits = fits && memory_multiply(layout->elements, tensor_type_size(layout->type[i]), &bytes);
    layout->shown += bytes;
    fits = fits && memory_round_up(bytes, MEMORY_ALIGNMENT, &bytes) &&
           !__builtin_add_overflow(layout->bytes, bytes, &layout->bytes);
  }
  if (!fits || layout->bytes > PTRDIFF_MAX)
    return error_fail(BATCH_ERROR_OVERFLOW,
                      "%s: %u rows of %u columns are more bytes than memory can address", function,
                      layout->shape.batch_size, layout->shape.sequence_length);
  return true;
}

bool batch_layout_make(const char *function, const batch_shape *shape, batch_layout *layout) {
  if (!shape_check(function, shape)) return false;
  *layout = (batch_layout){
      .shape = *shape,
      .type = {shape->input_type, shape->input_type, shape->mask_type, TENSOR_INT32, TENSOR_INT32},
      .tensors = shape->with_documents ? BATCH_TENSORS : 3,
  };
  return layout_finish(function, layout);
}

bool batch_layout_like(const char *function, const Batch *batch, uint32_t rows, batch_layout *layout) {
  *layout = (batch_layout){
      .shape = {.batch_size = rows,
                .sequence_length = batch->sequence_length,
                .vocab_size = batch->vocab_size},
      .tensors = batch_tensor_count(batch),
  };
  for (unsigned i = 0; i < layout->tensors; i++)
    layout->type[i] = batch_tensor((Batch *)(uintptr_t)batch, i)->dtype;
  return layout_finish(function, layout);
}

static void write_sizes(const batch_layout *layout, Batch *batch) {
  batch->batch_size = layout->shape.batch_size;
  batch->sequence_length = layout->shape.sequence_length;
  batch->vocab_size = layout->shape.vocab_size;
  batch->total_memory = layout->shown;
}

bool batch_layout_own(const batch_layout *layout, Batch *batch, bool zeroed) {
  const uint32_t shape[2] = {layout->shape.batch_size, layout->shape.sequence_length};
  for (unsigned i = 0; i < layout->tensors; i++) {
    size_t bytes = layout->elements * tensor_type_size(layout->type[i]);
    if (tensor_own(batch_tensor(batch, i), shape, 2, layout->type[i], bytes, zeroed)) continue;
    while (i-- > 0) tensor_drop(batch_tensor(batch, i));
    return false;
  }
  write_sizes(layout, batch);
  batch_header_remember(batch_header_of(batch));
  return true;
}

void batch_layout_drop(Batch *batch) {
  for (unsigned i = 0; i < BATCH_TENSORS; i++) tensor_drop(batch_tensor(batch, i));
}

void batch_layout_apply(const batch_layout *layout, Batch *batch, void *block) {
  const uint32_t shape[2] = {layout->shape.batch_size, layout->shape.sequence_length};
  batch_layout_drop(batch);
  for (unsigned i = 0; i < layout->tensors; i++)
    tensor_describe(batch_tensor(batch, i), (char *)block + layout->offset[i], shape, 2, layout->type[i]);
  for (unsigned i = layout->tensors; i < BATCH_TENSORS; i++) *batch_tensor(batch, i) = (Tensor){0};
  write_sizes(layout, batch);
  batch_header_remember(batch_header_of(batch));
}

void batch_layout_fill(const batch_layout *layout, Batch *batch, void *block) {
  memset(block, 0, layout->bytes);
  tensor_fill(&batch->mask, 1.0f);
}
