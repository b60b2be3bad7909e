#include <headrace/tensor.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/batch_header.h"
#include "core/tensor_internal.h"
#include "sync/thread.h"

static const struct {
  size_t size;
  const char *name;
} types[] = {
    [TENSOR_FLOAT32] = {4, "float32"}, [TENSOR_FLOAT64] = {8, "float64"}, [TENSOR_INT32] = {4, "int32"},
    [TENSOR_INT64] = {8, "int64"},     [TENSOR_UINT8] = {1, "uint8"},     [TENSOR_UINT16] = {2, "uint16"},
    [TENSOR_UINT32] = {4, "uint32"},
};

static bool type_is_known(tensor_type dtype) {
  return (unsigned)dtype < sizeof types / sizeof *types;
}

size_t tensor_type_size(tensor_type dtype) {
  return type_is_known(dtype) ? types[dtype].size : 0;
}

const char *tensor_type_name(tensor_type dtype) {
  return type_is_known(dtype) ? types[dtype].name : "?";
}

/* The number of elements and their bytes; false with an error for what is no shape. */
static bool shape_sizes(const char *function, const uint32_t *shape, uint32_t ndim, tensor_type dtype,
                        size_t *elements, size_t *bytes) {
  if (!shape)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: shape is NULL, expected %u sizes", function, ndim);
  if (ndim == 0 || ndim > TENSOR_MAX_NDIM)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: ndim is %u, expected 1 to %d", function, ndim,
                      TENSOR_MAX_NDIM);
  if (!type_is_known(dtype))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: dtype is %d, expected a tensor_type", function,
                      (int)dtype);
  *elements = 1;
  bool fits = true;
  for (uint32_t i = 0; i < ndim; i++) {
    if (shape[i] == 0)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: shape[%u] is 0, expected at least 1", function, i);
    fits = fits && memory_multiply(*elements, shape[i], elements);
  }
  if (!fits || !memory_multiply(*elements, types[dtype].size, bytes) || *bytes > PTRDIFF_MAX)
    return error_fail(BATCH_ERROR_OVERFLOW,
                      "%s: shape of %u dimensions has more elements than memory can address", function, ndim);
  return true;
}

/* Whether shape is a block of our own, with room for TENSOR_MAX_NDIM sizes. */
static bool has_made_shape(const Tensor *tensor) {
  return tensor->shape != tensor->dims && tensor->made.shape == tensor->shape;
}

static bool shape_is_of(const Tensor *tensor, size_t elements) {
  size_t product = 1;
  for (uint32_t i = 0; i < tensor->ndim; i++)
    if (!memory_multiply(product, tensor->shape[i], &product)) return false;
  return product == elements;
}

bool tensor_check(const char *function, const char *name, const Tensor *tensor) {
  if (!tensor) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, name);
  if (!tensor->raw || !tensor->shape || tensor->ndim == 0 || tensor->ndim > TENSOR_MAX_NDIM ||
      !type_is_known(tensor->dtype))
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%s: %s has data %s, shape %s, ndim %u and dtype %d, expected elements, a shape of 1 to "
        "%d dimensions and a tensor_type",
        function, name, tensor->raw ? "there" : "NULL", tensor->shape ? "there" : "NULL", tensor->ndim,
        (int)tensor->dtype, TENSOR_MAX_NDIM);
  if (!shape_is_of(tensor, tensor->total_size))
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%s: %s has a shape of %u dimensions, the first %u, whose product is not its total_size %zu",
        function, name, tensor->ndim, tensor->shape[0], tensor->total_size);
  if (has_made_shape(tensor) && tensor->raw == tensor->made.raw &&
      tensor->made.width < types[tensor->dtype].size)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: %s is %s, expected a type of at most the %zu bytes it was made with", function,
                      name, types[tensor->dtype].name, tensor->made.width);
  return true;
}

/* Describes elements, with the shape written to `sizes`. */
static void describe(Tensor *tensor, uint32_t *sizes, void *elements, const uint32_t *shape, uint32_t ndim,
                     tensor_type dtype) {
  tensor->raw = elements;
  tensor->ndim = ndim;
  tensor->dtype = dtype;
  tensor->owns_data = false;
  tensor->total_size = 1;
  for (uint32_t i = 0; i < ndim; i++) {
    sizes[i] = shape[i];
    tensor->total_size *= shape[i];
  }
  tensor->shape = sizes;
}

void tensor_describe(Tensor *tensor, void *elements, const uint32_t *shape, uint32_t ndim,
                     tensor_type dtype) {
  describe(tensor, tensor->dims, elements, shape, ndim, dtype);
}

static uint32_t *shape_allocate(void) {
  return malloc(TENSOR_MAX_NDIM * sizeof(uint32_t));
}

bool tensor_own(Tensor *tensor, const uint32_t *shape, uint32_t ndim, tensor_type dtype, size_t bytes,
                bool zeroed) {
  uint32_t *sizes = shape_allocate();
  void *block = !sizes ? NULL : zeroed ? memory_allocate_zeroed(bytes) : memory_allocate(bytes);
  if (!block) {
    free(sizes);
    return false;
  }
  describe(tensor, sizes, block, shape, ndim, dtype);
  tensor->owns_data = true;
  tensor->made = (tensor_origin){tensor, sizes, block, types[dtype].size};
  return true;
}

/* A tensor that gave its elements away (owns_data set to false) still has the shape it was made with. */
void tensor_drop(Tensor *tensor) {
  bool has_shape = tensor->owns_data ? tensor->shape != tensor->dims
                                     : has_made_shape(tensor) && tensor->made.home == tensor;
  if (has_shape) free(tensor->shape); /* NOLINT(clang-analyzer-unix.Malloc): no made shape is by hand */
  if (tensor->owns_data) memory_free(tensor->raw);
}

static Tensor *tensor_make(const char *function, const uint32_t *shape, uint32_t ndim, tensor_type dtype,
                           bool zeroed) {
  size_t elements, bytes;
  if (!shape_sizes(function, shape, ndim, dtype, &elements, &bytes)) return NULL;
  Tensor *tensor = calloc(1, sizeof *tensor);
  if (tensor && tensor_own(tensor, shape, ndim, dtype, bytes, zeroed)) return tensor;
  free(tensor);
  return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu elements of %s", function, elements,
                    types[dtype].name);
}

Tensor *tensor_create(const uint32_t *shape, uint32_t ndim) {
  return tensor_make("tensor_create", shape, ndim, TENSOR_FLOAT32, true);
}

Tensor *tensor_create_typed(const uint32_t *shape, uint32_t ndim, tensor_type dtype) {
  return tensor_make("tensor_create_typed", shape, ndim, dtype, true);
}

void tensor_free(Tensor *tensor) {
  if (!tensor) return;
  bool is_by_hand = !tensor->owns_data && tensor->shape != tensor->dims && !has_made_shape(tensor);
  if (is_by_hand) free(tensor->shape);
  tensor_drop(tensor);
  free(tensor);
}

Tensor *tensor_copy(const Tensor *tensor) {
  if (!tensor_check("tensor_copy", "tensor", tensor)) return NULL;
  Tensor *copy = tensor_make("tensor_copy", tensor->shape, tensor->ndim, tensor->dtype, false);
  if (copy) memcpy(copy->raw, tensor->raw, copy->total_size * types[copy->dtype].size);
  return copy;
}

Tensor *tensor_view_rows(const Tensor *tensor, uint32_t first, uint32_t count) {
  if (!tensor_check("tensor_view_rows", "tensor", tensor)) return NULL;
  if (count == 0 || first >= tensor->shape[0] || count > tensor->shape[0] - first)
    return error_null(BATCH_ERROR_OUT_OF_RANGE,
                      "tensor_view_rows: first is %u and count %u, expected rows of the tensor's %u", first,
                      count, tensor->shape[0]);
  Tensor *view = calloc(1, sizeof *view);
  if (!view) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "tensor_view_rows: no memory for a tensor");
  size_t row = tensor->total_size / tensor->shape[0] * types[tensor->dtype].size;
  tensor_describe(view, tensor->u8 + first * row, tensor->shape, tensor->ndim, tensor->dtype);
  view->total_size = view->total_size / tensor->shape[0] * count;
  view->shape[0] = count;
  return view;
}

/* Whether the shape that the library made is this tensor's: the one it was made for, or one that was put
   into a batch, which is its owner then. */
static bool is_at_home(const Tensor *tensor) {
  size_t offset;
  return tensor->made.home == tensor || (tensor->owns_data && batch_header_around(tensor, &offset));
}

/* Where the tensor's next shape goes. In place where the room is known and this tensor's alone. A struct
   copy must not write to a shape that the tensor it was copied from still has, nor free it; only a tensor
   made by hand says with owns_data that its shape is its own. NULL: no memory. */
static uint32_t *room_for_shape(Tensor *tensor) {
  bool is_made = has_made_shape(tensor);
  if (tensor->shape == tensor->dims || (is_made && is_at_home(tensor))) return tensor->shape;
  if (!tensor->owns_data) return tensor->dims;
  uint32_t *sizes = shape_allocate();
  if (!sizes) return NULL;
  if (is_made) {
    tensor->made.home = tensor;
    tensor->made.shape = sizes;
  } else {
    tensor->made = (tensor_origin){.home = tensor, .shape = sizes};
  }
  return sizes;
}

bool tensor_reshape(Tensor *tensor, const uint32_t *shape, uint32_t ndim) {
  size_t elements, bytes;
  if (!tensor_check("tensor_reshape", "tensor", tensor)) return false;
  if (!shape_sizes("tensor_reshape", shape, ndim, tensor->dtype, &elements, &bytes)) return false;
  if (elements != tensor->total_size)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "tensor_reshape: shape has %zu elements, expected the tensor's %zu", elements,
                      tensor->total_size);
  bool frees_old = tensor->owns_data && !has_made_shape(tensor);
  uint32_t *old = tensor->shape, *sizes = room_for_shape(tensor);
  if (!sizes) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "tensor_reshape: no memory for a shape");
  memmove(sizes, shape, ndim * sizeof *shape);
  if (frees_old && old != sizes) free(old);
  tensor->shape = sizes;
  tensor->ndim = ndim;
  return true;
}

/* The row-major offset of an element; false with an error when an index is out of its dimension. */
static bool element_offset(const char *function, const Tensor *tensor, const uint32_t *indices,
                           size_t *offset) {
  if (!tensor_check(function, "tensor", tensor)) return false;
  if (!indices)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: indices is NULL, expected %u of them", function,
                      tensor->ndim);
  *offset = 0;
  for (uint32_t i = 0; i < tensor->ndim; i++) {
    if (indices[i] >= tensor->shape[i])
      return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%s: indices[%u] is %u, expected less than %u", function, i,
                        indices[i], tensor->shape[i]);
    *offset = *offset * tensor->shape[i] + indices[i];
  }
  return true;
}

void tensor_element_text(const Tensor *tensor, size_t offset, int digits, char text[TENSOR_ELEMENT_TEXT]) {
  bool is_float = tensor->dtype == TENSOR_FLOAT32 || tensor->dtype == TENSOR_FLOAT64;
  if (tensor->dtype == TENSOR_INT64)
    snprintf(text, TENSOR_ELEMENT_TEXT, "%lld", (long long)tensor->i64[offset]);
  else
    snprintf(text, TENSOR_ELEMENT_TEXT, is_float ? "%.*g" : "%.*f", is_float ? digits : 0,
             tensor_load(tensor, offset));
}

float tensor_get(const Tensor *tensor, const uint32_t *indices) {
  size_t offset;
  if (!element_offset("tensor_get", tensor, indices, &offset)) return 0.0f;
  return (float)tensor_load(tensor, offset);
}

void tensor_set(Tensor *tensor, const uint32_t *indices, float value) {
  size_t offset;
  if (element_offset("tensor_set", tensor, indices, &offset)) tensor_store(tensor, offset, 1, (double)value);
}

void tensor_fill(Tensor *tensor, float value) {
  if (tensor_check("tensor_fill", "tensor", tensor))
    tensor_store(tensor, 0, tensor->total_size, (double)value);
}

void tensor_print_named(const char *name, const Tensor *tensor) {
  enum { SHOWN = 8, DIGITS = 6 };
  printf("%s %s [", name, types[tensor->dtype].name);
  for (uint32_t i = 0; i < tensor->ndim; i++) printf(i ? ", %u" : "%u", tensor->shape[i]);
  printf("]%s:", tensor->owns_data ? "" : " view");
  for (size_t i = 0; i < tensor->total_size && i < SHOWN; i++) {
    char text[TENSOR_ELEMENT_TEXT];
    tensor_element_text(tensor, i, DIGITS, text);
    printf(" %s", text);
  }
  puts(tensor->total_size > SHOWN ? " ..." : "");
}

void tensor_print(const Tensor *tensor) {
  HOLD_CANCELLATION;
  if (tensor_check("tensor_print", "tensor", tensor)) tensor_print_named("tensor", tensor);
}
