/* The inner loops of filling: stored tokens to a row's input and target in one pass, ids checked on
   the way. */
#ifndef HEADRACE_LOADER_FILL_KERNELS_H
#define HEADRACE_LOADER_FILL_KERNELS_H

#include "headrace/dataset.h"
#include "headrace/tensor.h"

/* Reads pairs + 1 tokens; input[i] = tokens[i], target[i] = tokens[i + 1]. tokens need no alignment.
   Returns whether every id is in [0, limit], limit <= INT32_MAX; the others are written as
   whatever the conversion gives. */
typedef bool fill_kernel(const void *tokens, size_t pairs, uint32_t limit, void *input, void *target);

/* Whether this processor runs the kernels with wide vectors. */
bool fill_kernels_wide(void);

/* The kernel from a stored type to an element type, NULL when there is none. */
fill_kernel *fill_kernel_for(batch_token_type from, tensor_type to, bool wide);

/* The largest id that an element type holds exactly. */
uint32_t fill_largest_id(tensor_type type);

#endif
