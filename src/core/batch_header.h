/* What the library knows of a batch beyond its public fields: the header in the slab. */
#ifndef HEADRACE_CORE_BATCH_HEADER_H
#define HEADRACE_CORE_BATCH_HEADER_H

#include <headrace/batch.h>
#include <headrace/pool.h>

#include "core/batch_layout.h"
#include "sync/slab.h"

typedef struct batch_header batch_header;

struct batch_header {
  /* First: a Batch pointer is its header's. Its count is read for ever, whatever became of the
     batch (see queue peek). */
  Batch batch;
  _Alignas(64) _Atomic uint64_t link; /* of the stack that the header is on: the slab's or its pool's */
  uint32_t handle;                    /* its own, never changes */
  batch_header *parent; /* of a view: the batch with the elements, which it holds a reference to */
  BatchPool *pool;      /* where the last release puts it; NULL: none */
  void *block;          /* the elements of a pooled batch, 64-byte aligned */
  /* Each tensor's elements as it was made, and the bytes of one of them: a caller may change both. */
  void *elements[BATCH_TENSORS];
  uint8_t width[BATCH_TENSORS];
};

/* Whether a place in memory is inside a header, and how far. Looks through the segments of the slab. */
bool batch_header_around(const void *place, size_t *offset);

/* Whether the batch has a header: it is the start of one. */
bool batch_header_is_ours(const Batch *batch);

/* Remembers elements and width of each tensor that the batch has. */
void batch_header_remember(batch_header *header);

static inline batch_header *batch_header_of(const Batch *batch) {
  return (batch_header *)(uintptr_t)batch;
}

/* All headers. */
extern slab batch_headers;

/* Returns the header of a handle. */
static inline batch_header *batch_header_at(uint32_t handle) {
  return slab_object(&batch_headers, handle);
}

/* The link of a handle's header, for stacks of batches. */
static inline _Atomic uint64_t *batch_header_link(const void *owner, uint32_t handle) {
  (void)owner;
  return &batch_header_at(handle)->link;
}

/* Returns a zeroed header with its handle set and count 0, or NULL when memory runs out. Until
   batch_header_publish nobody can retain it. */
batch_header *batch_header_allocate(void);

/* Gives the header back; its count is 0. Under AddressSanitizer all of it but count and link is
   poisoned until it is allocated again. */
void batch_header_free(batch_header *header);

/* Sets the count to 1: the batch is complete and belongs to the caller. */
void batch_header_publish(batch_header *header);

/* Adds a reference in the name of `function`; aborts on a batch that is free. */
void batch_header_retain(batch_header *header, const char *function);

/* Drops a reference in the name of `function`, which the message of an abort names; the last one
   gives the batch back to its pool or frees it. */
void batch_header_release(batch_header *header, const char *function);

/* Whether nobody holds the batch; readable whatever became of it. */
bool batch_header_is_free(const Batch *batch);

/* For peek: adds a reference to whatever batch the handle leads to, unless that is free. */
bool batch_header_try_retain(uint32_t handle);
void batch_header_drop(uint32_t handle);

/* Under AddressSanitizer: an idle batch of a pool, all of it but count and link and with its elements,
   must not be touched until it is shown again. */
void batch_header_hide(batch_header *header, size_t block_bytes);
void batch_header_show(batch_header *header, size_t block_bytes);

#endif
