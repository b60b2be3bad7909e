/* Which tensors a batch has and where their elements lie: each in memory of its own, or, in a pool, all in
   one block. */
#ifndef HEADRACE_CORE_BATCH_LAYOUT_H
#define HEADRACE_CORE_BATCH_LAYOUT_H

#include <headrace/batch.h>

/* The tensors: input, target, mask, documents, positions, which are grids of [batch_size, sequence_length], and
   cu_seqlens. */
enum { BATCH_GRIDS = 5, BATCH_CU_SEQLENS = BATCH_GRIDS, BATCH_TENSORS = BATCH_CU_SEQLENS + 1 };

typedef struct batch_layout {
  batch_shape shape;
  size_t bytes;                 /* of the block */
  size_t shown;                 /* bytes of all tensors' elements, which the block rounds up */
  size_t elements;              /* of each grid */
  size_t offset[BATCH_TENSORS]; /* of each tensor, a multiple of 64 */
  tensor_type type[BATCH_TENSORS];
  unsigned grids; /* 3, or 5 with documents and positions */
} batch_layout;

/* Checks a shape in the name of `function` and lays its tensors out. */
bool batch_layout_make(const char *function, const batch_shape *shape, batch_layout *layout);

/* As batch_layout_make, for `rows` rows with the columns, grids and types that a batch shows, and cu_seqlens for
   max_sequences. */
bool batch_layout_like(const char *function, const Batch *batch, uint32_t rows, uint32_t max_sequences,
                       batch_layout *layout);

/* Writes sizes and tensors of a batch that owns their elements. Without an error it returns false when
   memory runs out, and then nothing is allocated. */
bool batch_layout_own(const batch_layout *layout, Batch *batch, bool zeroed);

/* Frees what the tensors of a batch own: what batch_layout_own made, or a caller has put in. */
void batch_layout_drop(Batch *batch);

/* Writes sizes and tensors of a batch whose elements are at block, after dropping what a caller has put
   in. */
void batch_layout_apply(const batch_layout *layout, Batch *batch, void *block);

/* Writes the first elements a batch has: mask 1, all others 0. Touches every page. */
void batch_layout_fill(const batch_layout *layout, Batch *batch, void *block);

/* The tensor number i of a batch. */
static inline Tensor *batch_tensor(Batch *batch, unsigned i) {
  Tensor *const tensors[BATCH_TENSORS] = {&batch->input,     &batch->target,    &batch->mask,
                                          &batch->documents, &batch->positions, &batch->cu_seqlens};
  return tensors[i];
}

/* How many grids a batch has: 3, or 5 with documents and positions. */
static inline unsigned batch_grid_count(const Batch *batch) {
  return batch->documents.raw ? BATCH_GRIDS : 3;
}

/* Whether a batch, or a layout, has the tensor number i. */
static inline bool batch_has_tensor(const Batch *batch, unsigned i) {
  return i == BATCH_CU_SEQLENS ? batch->cu_seqlens.raw != NULL : i < batch_grid_count(batch);
}
static inline bool batch_layout_has(const batch_layout *layout, unsigned i) {
  return i == BATCH_CU_SEQLENS ? layout->shape.max_sequences > 0 : i < layout->grids;
}

/* How many sequences a batch has room for. */
static inline uint32_t batch_max_sequences(const Batch *batch) {
  return batch->cu_seqlens.raw ? (uint32_t)(batch->cu_seqlens.total_size - 1) : 0;
}

/* Whether a grid is as batch_layout_apply wrote it, with these elements. */
static inline bool batch_layout_holds_grid(const batch_layout *layout, const Tensor *t, tensor_type type,
                                           const void *elements) {
  return t->raw == elements && t->shape == t->dims && t->ndim == 2 && t->total_size == layout->elements &&
         t->dims[0] == layout->shape.batch_size && t->dims[1] == layout->shape.sequence_length &&
         t->dtype == type && !t->owns_data;
}

/* The same of cu_seqlens. */
static inline bool batch_layout_holds_sequences(const batch_layout *layout, const Tensor *t,
                                                const void *elements) {
  if (layout->shape.max_sequences == 0) return !t->raw;
  return t->raw == elements && t->shape == t->dims && t->ndim == 1 && t->dtype == TENSOR_INT32 &&
         t->total_size == (size_t)layout->shape.max_sequences + 1 && t->dims[0] == t->total_size &&
         !t->owns_data;
}

/* Whether sizes and tensors of a batch are as batch_layout_apply wrote them, with these elements. Reads only, so that
   lines that nobody has changed stay in every cache. */
static inline bool batch_layout_holds(const batch_layout *layout, const Batch *batch,
                                      void *const elements[BATCH_TENSORS]) {
  const tensor_type *type = layout->type;
  if (batch->batch_size != layout->shape.batch_size ||
      batch->sequence_length != layout->shape.sequence_length ||
      batch->vocab_size != layout->shape.vocab_size || batch->total_memory != layout->shown ||
      !batch_layout_holds_grid(layout, &batch->input, type[0], elements[0]) ||
      !batch_layout_holds_grid(layout, &batch->target, type[1], elements[1]) ||
      !batch_layout_holds_grid(layout, &batch->mask, type[2], elements[2]))
    return false;
  if (!batch_layout_holds_sequences(layout, &batch->cu_seqlens, elements[BATCH_CU_SEQLENS])) return false;
  if (layout->grids != BATCH_GRIDS) return !batch->documents.raw;
  return batch_layout_holds_grid(layout, &batch->documents, type[3], elements[3]) &&
         batch_layout_holds_grid(layout, &batch->positions, type[4], elements[4]);
}

/* The name of tensor number i. */
const char *batch_tensor_name(unsigned i);

#endif
