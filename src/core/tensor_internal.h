/* What batches use of tensors beyond the public functions. */
#ifndef HEADRACE_CORE_TENSOR_INTERNAL_H
#define HEADRACE_CORE_TENSOR_INTERNAL_H

#include <headrace/tensor.h>

/* Reports an error in the name of `function` unless tensor, which messages call `name`, has elements, a
   known type, and a shape of total_size elements that are no more than it was made with. */
bool tensor_check(const char *function, const char *name, const Tensor *tensor);

/* Makes tensor describe elements that it does not own. shape: [ndim], checked by the caller. */
void tensor_describe(Tensor *tensor, void *elements, const uint32_t *shape, uint32_t ndim, tensor_type dtype);

/* Gives tensor elements and a shape of its own, `bytes` in all as checked by the caller; without an
   error it returns false when memory runs out, and leaves tensor as it was. */
bool tensor_own(Tensor *tensor, const uint32_t *shape, uint32_t ndim, tensor_type dtype, size_t bytes,
                bool zeroed);

/* Frees what the tensor owns, but not the struct. */
void tensor_drop(Tensor *tensor);

/* The element at a row-major offset; int64 beyond 2^53 is rounded. */
static inline double tensor_load(const Tensor *tensor, size_t offset) {
  switch (tensor->dtype) {
  case TENSOR_FLOAT32:
    return (double)tensor->data[offset];
  case TENSOR_FLOAT64:
    return tensor->f64[offset];
  case TENSOR_INT32:
    return tensor->i32[offset];
  case TENSOR_INT64:
    return (double)tensor->i64[offset];
  case TENSOR_UINT8:
    return tensor->u8[offset];
  case TENSOR_UINT16:
    return tensor->u16[offset];
  case TENSOR_UINT32:
    return tensor->u32[offset];
  }
  return 0;
}

/* Writes `value` to `count` elements from a row-major offset on. Integers take it truncated toward zero and
   clamped to what they hold, of NaN 0. */
void tensor_store(const Tensor *tensor, size_t first, size_t count, double value);

/* The element as text: integers in full, floats with so many digits. */
enum { TENSOR_ELEMENT_TEXT = 32 };
void tensor_element_text(const Tensor *tensor, size_t offset, int digits, char text[TENSOR_ELEMENT_TEXT]);

/* As tensor_print, with a name in front; the tensor is known to be one. */
void tensor_print_named(const char *name, const Tensor *tensor);

#endif
