#include "core/batch_layout.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/batch_header.h"
#include "core/tensor_internal.h"

const char *batch_tensor_name(unsigned i) {
  static const char *const names[BATCH_TENSORS] = {"input",     "target",    "mask",
                                                   "documents", "positions", "cu_seqlens"};
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
  return shape->max_sequences < INT32_MAX ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: max_sequences is %u, expected at most 2^31 - 2",
                    function, shape->max_sequences);
}

static size_t elements_of(const batch_layout *layout, unsigned i) {
  return i == BATCH_CU_SEQLENS ? (size_t)layout->shape.max_sequences + 1 : layout->elements;
}

/* Lays the tensors out whose number, types and shape are known. */
static bool layout_finish(const char *function, batch_layout *layout) {
  bool fits = memory_multiply(layout->shape.batch_size, layout->shape.sequence_length, &layout->elements);
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    size_t bytes = 0;
    if (!batch_layout_has(layout, i)) continue;
    layout->offset[i] = layout->bytes;
    fits = fits && memory_multiply(elements_of(layout, i), tensor_type_size(layout->type[i]), &bytes);
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
      .type = {shape->input_type, shape->input_type, shape->mask_type, TENSOR_INT32, TENSOR_INT32,
               TENSOR_INT32},
      .grids = shape->with_documents ? BATCH_GRIDS : 3,
  };
  return layout_finish(function, layout);
}

bool batch_layout_like(const char *function, const Batch *batch, uint32_t rows, uint32_t max_sequences,
                       batch_layout *layout) {
  *layout = (batch_layout){
      .shape = {.batch_size = rows,
                .sequence_length = batch->sequence_length,
                .vocab_size = batch->vocab_size,
                .max_sequences = max_sequences},
      .type[BATCH_CU_SEQLENS] = TENSOR_INT32,
      .grids = batch_grid_count(batch),
  };
  for (unsigned i = 0; i < layout->grids; i++)
    layout->type[i] = batch_tensor((Batch *)(uintptr_t)batch, i)->dtype;
  return layout_finish(function, layout);
}

/* The shape of tensor number i; returns its dimensions. */
static uint32_t shape_of(const batch_layout *layout, unsigned i, uint32_t shape[2]) {
  shape[0] = i == BATCH_CU_SEQLENS ? layout->shape.max_sequences + 1 : layout->shape.batch_size;
  shape[1] = layout->shape.sequence_length;
  return i == BATCH_CU_SEQLENS ? 1 : 2;
}

static void write_sizes(const batch_layout *layout, Batch *batch) {
  batch->batch_size = layout->shape.batch_size;
  batch->sequence_length = layout->shape.sequence_length;
  batch->vocab_size = layout->shape.vocab_size;
  batch->total_memory = layout->shown;
}

bool batch_layout_own(const batch_layout *layout, Batch *batch, bool zeroed) {
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    if (!batch_layout_has(layout, i)) continue;
    uint32_t shape[2], dimensions = shape_of(layout, i, shape);
    size_t bytes = elements_of(layout, i) * tensor_type_size(layout->type[i]);
    if (tensor_own(batch_tensor(batch, i), shape, dimensions, layout->type[i], bytes, zeroed)) continue;
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
  batch_layout_drop(batch);
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    Tensor *tensor = batch_tensor(batch, i);
    uint32_t shape[2], dimensions = shape_of(layout, i, shape);
    if (batch_layout_has(layout, i))
      tensor_describe(tensor, (char *)block + layout->offset[i], shape, dimensions, layout->type[i]);
    else
      *tensor = (Tensor){0};
  }
  write_sizes(layout, batch);
  batch_header_remember(batch_header_of(batch));
}

void batch_layout_fill(const batch_layout *layout, Batch *batch, void *block) {
  memset(block, 0, layout->bytes);
  tensor_fill(&batch->mask, 1.0f);
}
