/* Which tensors a batch has and where their elements lie: each in memory of its own, or, in a pool, all in
   one block. */
#ifndef HEADRACE_CORE_BATCH_LAYOUT_H
#define HEADRACE_CORE_BATCH_LAYOUT_H

#include <headrace/batch.h>

enum { BATCH_TENSORS = 5 }; /* input, target, mask, documents, positions */

typedef struct batch_layout {
  batch_shape shape;
  size_t bytes;                 /* of the block */
  size_t shown;                 /* bytes of all tensors' elements, which the block rounds up */
  size_t elements;              /* of each tensor */
  size_t offset[BATCH_TENSORS]; /* of each tensor, a multiple of 64 */
  tensor_type type[BATCH_TENSORS];
  unsigned tensors; /* 3, or 5 with documents and positions */
} batch_layout;

/* Checks a shape in the name of `function` and lays its tensors out. */
bool batch_layout_make(const char *function, const batch_shape *shape, batch_layout *layout);

/* As batch_layout_make, for `rows` rows with the columns, tensors and types that a batch shows. */
bool batch_layout_like(const char *function, const Batch *batch, uint32_t rows, batch_layout *layout);

/* Writes sizes and tensors of a batch that owns their elements. Without an error it returns false when
   memory runs out, and then nothing is allocated. */
bool batch_layout_own(const batch_layout *layout, Batch *batch, bool zeroed);

/* Frees what the tensors of a batch own: what batch_layout_own made, or a caller has put in. */
void batch_layout_drop(Batch *batch);

/* Writes sizes and tensors of a batch whose elements are at block, after dropping what a caller has put
   in. */
void batch_layout_apply(const batch_layout *layout, Batch *batch, void *block);

/* Whether sizes and tensors of a batch are as batch_layout_apply wrote them. Reads only, so that lines
   that nobody has changed stay in every cache. */
bool batch_layout_holds(const batch_layout *layout, const Batch *batch, const void *block);

/* Writes the first elements a batch has: input, target, documents, positions 0, mask 1. Touches
   every page. */
void batch_layout_fill(const batch_layout *layout, Batch *batch, void *block);

/* The tensor number i of a batch. */
static inline Tensor *batch_tensor(Batch *batch, unsigned i) {
  Tensor *const tensors[BATCH_TENSORS] = {&batch->input, &batch->target, &batch->mask, &batch->documents,
                                          &batch->positions};
  return tensors[i];
}

/* How many tensors a batch has: 3, or 5 with documents and positions. */
static inline unsigned batch_tensor_count(const Batch *batch) {
  return batch->documents.raw ? BATCH_TENSORS : 3;
}

/* The name of tensor number i. */
const char *batch_tensor_name(unsigned i);

#endif
