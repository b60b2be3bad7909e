#include "core/batch_layout.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/tensor_internal.h"

const char *batch_tensor_name(unsigned i) {
  static const char *const names[BATCH_TENSORS] = {"input", "target", "mask", "documents", "positions"};
  return names[i];
}

static bool shape_check(const char *function, const batch_shape *shape) {
  if (shape->batch_size == 0)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: batch_size is 0, expected at least 1", function);
  if (shape->sequence_length == 0)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: sequence_length is 0, expected at least 1", function);
  if (tensor_type_size(shape->input_type) == 0 || tensor_type_size(shape->mask_type) == 0)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: input_type is %d and mask_type %d, expected tensor types",
                      function, (int)shape->input_type, (int)shape->mask_type);
  return true;
}

bool batch_layout_make(const char *function, const batch_shape *shape, batch_layout *layout) {
  if (!shape_check(function, shape)) return false;
  *layout = (batch_layout){
      .shape = *shape,
      .type = {shape->input_type, shape->input_type, shape->mask_type, TENSOR_INT32, TENSOR_INT32},
      .tensors = shape->with_documents ? BATCH_TENSORS : 3,
  };
  bool fits = true;
  for (unsigned i = 0; i < layout->tensors; i++) {
    size_t bytes;
    layout->offset[i] = layout->bytes;
    fits = fits && memory_multiply(shape->batch_size, shape->sequence_length, &bytes) &&
           memory_multiply(bytes, tensor_type_size(layout->type[i]), &bytes) &&
           memory_round_up(bytes, MEMORY_ALIGNMENT, &bytes) &&
           !__builtin_add_overflow(layout->bytes, bytes, &layout->bytes);
  }
  if (!fits || layout->bytes > PTRDIFF_MAX)
    return error_fail(BATCH_OVERFLOW, "%s: %u rows of %u columns are more bytes than memory can address",
                      function, shape->batch_size, shape->sequence_length);
  return true;
}

void batch_layout_apply(const batch_layout *layout, Batch *batch, void *block) {
  const uint32_t shape[2] = {layout->shape.batch_size, layout->shape.sequence_length};
  batch->batch_size = layout->shape.batch_size;
  batch->sequence_length = layout->shape.sequence_length;
  batch->vocab_size = layout->shape.vocab_size;
  batch->total_memory = 0;
  for (unsigned i = 0; i < layout->tensors; i++) {
    Tensor *tensor = batch_tensor(batch, i);
    tensor_describe(tensor, (char *)block + layout->offset[i], shape, 2, layout->type[i]);
    batch->total_memory += tensor->total_size * tensor_type_size(tensor->dtype);
  }
}

static bool tensor_holds(const batch_layout *layout, const Tensor *tensor, const char *elements,
                         tensor_type type) {
  size_t rows = layout->shape.batch_size, columns = layout->shape.sequence_length;
  return tensor->u8 == (const uint8_t *)elements && tensor->shape == tensor->dims && tensor->ndim == 2 &&
         tensor->dims[0] == rows && tensor->dims[1] == columns && tensor->total_size == rows * columns &&
         tensor->dtype == type && !tensor->owns_data;
}

bool batch_layout_holds(const batch_layout *layout, const Batch *batch, const void *block) {
  const char *start = block;
  const Tensor *const tensors[BATCH_TENSORS] = {&batch->input, &batch->target, &batch->mask,
                                                &batch->documents, &batch->positions};
  for (unsigned i = 0; i < layout->tensors; i++)
    if (!tensor_holds(layout, tensors[i], start + layout->offset[i], layout->type[i])) return false;
  return batch->batch_size == layout->shape.batch_size &&
         batch->sequence_length == layout->shape.sequence_length &&
         batch->vocab_size == layout->shape.vocab_size;
}

void batch_layout_fill(const batch_layout *layout, Batch *batch, void *block) {
  memset(block, 0, layout->bytes);
  tensor_fill(&batch->mask, 1.0f);
}
