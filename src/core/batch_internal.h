/* What batches offer to the rest of the library beyond the public functions. */
#ifndef HEADRACE_CORE_BATCH_INTERNAL_H
#define HEADRACE_CORE_BATCH_INTERNAL_H

#include <headrace/batch.h>

#include "core/batch_header.h"

/* The bits of batch_id that hold the symmetry group. */
#define BATCH_GROUP_SHIFT 60
#define BATCH_GROUP_MASK  ((uint64_t)15 << BATCH_GROUP_SHIFT)

/* Reports an error in the name of `function` unless batch is one: not NULL, rows and columns, tensors of
   rows x columns elements in any shape, no wider than they were made. Aborts when it is free. A batch that
   the caller has put together from the public fields is one too, but has no header. */
bool batch_check(const char *function, const Batch *batch);

/* As batch_create_with in the name of `function`; shape is not NULL. */
Batch *batch_create_named(const char *function, const batch_shape *shape);

/* For batch_parts.c. */

/* A batch whose tensors own their elements, which are not written yet unless zeroed; its count still 0. */
batch_header *batch_header_create(const char *function, const batch_layout *layout, bool zeroed);

void batch_copy_metadata(Batch *to, const Batch *from);

/* Appends the rows of `from` to `to` behind `rows` that are there already. */
void batch_copy_rows(Batch *to, uint32_t rows, const Batch *from);

/* As batch_split in the name of `function`, with arguments that are known to be right. */
bool batch_split_views(const char *function, const Batch *batch, uint32_t n, Batch **out);

#endif
