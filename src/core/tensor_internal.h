/* What batches use of tensors beyond the public functions. */
#ifndef HEADRACE_CORE_TENSOR_INTERNAL_H
#define HEADRACE_CORE_TENSOR_INTERNAL_H

#include <headrace/tensor.h>

/* Makes tensor describe elements that it does not own. shape: [ndim], checked by the caller. */
void tensor_describe(Tensor *tensor, void *elements, const uint32_t *shape, uint32_t ndim, tensor_type dtype);

/* The element at a row-major offset; int64 beyond 2^53 is rounded. */
double tensor_load(const Tensor *tensor, size_t offset);

/* As tensor_print, with a name in front; the tensor is known to be one. */
void tensor_print_named(const char *name, const Tensor *tensor);

#endif
