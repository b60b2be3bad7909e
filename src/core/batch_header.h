/* What the library knows of a batch beyond its public fields: the header in the slab. */
#ifndef HEADRACE_CORE_BATCH_HEADER_H
#define HEADRACE_CORE_BATCH_HEADER_H

#include <headrace/batch.h>
#include <headrace/pool.h>

#include "base/sanitizers.h"
#include "core/batch_layout.h"
#include "sync/refcount.h"
#include "sync/slab.h"

typedef struct batch_header batch_header;

/* What an allocation and the last release write is one line, which travels once from who allocates to who releases:
   link, handle, and a batch's fields up to its tensors. The tensors follow on lines that are only read as a rule. */
struct batch_header {
  _Alignas(64) _Atomic uint32_t link; /* of the stack that the header is on: the slab's or its pool's */
  uint32_t handle;                    /* its own, never changes */
  /* Its count is read for ever, whatever became of the batch (see queue peek). */
  Batch batch;
  /* The slab that it is in, never changes: a process may have two copies of the library, and a handle
     leads somewhere else in the other one. */
  const slab *home;
  BatchPool *pool; /* where the last release puts it; NULL: none */
  void *block;     /* the elements of a pooled batch, 64-byte aligned */
  /* Of a view: the batch that keeps the elements, which it holds a reference to. A view itself only where
     a caller has put a tensor into that. */
  batch_header *parent;
  batch_header *next; /* in a list that one thread alone has */
  /* Each tensor's elements as it was made, and the bytes of one of them: a caller may change both. */
  void *elements[BATCH_TENSORS];
  uint8_t width[BATCH_TENSORS];
};

_Static_assert(offsetof(batch_header, batch.input) <= 64, "what is written at each turn is on one line");

/* Whether a place in memory is inside a header, and how far. Looks through the segments of the slab. */
bool batch_header_around(const void *place, size_t *offset);

/* Whether the batch has a header: it is where one has its batch. */
bool batch_header_is_ours(const Batch *batch);

/* Remembers elements and width of each tensor that the batch has. */
void batch_header_remember(batch_header *header);

static inline batch_header *batch_header_of(const Batch *batch) {
  return (batch_header *)((uintptr_t)batch - offsetof(batch_header, batch));
}

/* All headers. Hidden here too, not only by the build: so its address is no load. */
extern __attribute__((visibility("hidden"))) slab batch_headers;

/* Returns the header of a handle. */
static inline batch_header *batch_header_at(uint32_t handle) {
  return slab_object_of_size(&batch_headers, handle, sizeof(batch_header));
}

/* The link of a handle's header, for stacks of batches. */
static inline _Atomic uint32_t *batch_header_link(const void *owner, uint32_t handle) {
  (void)owner;
  return &batch_header_at(handle)->link;
}

/* Puts a header before those of a list, which is NULL when it is empty. */
static inline void batch_header_put(batch_header **list, batch_header *header) {
  header->next = *list;
  *list = header;
}

/* Takes the first one of a list that is not empty. */
static inline batch_header *batch_header_take(batch_header **list) {
  batch_header *header = *list;
  *list = header->next;
  return header;
}

/* Ends the process: what (a batch, a queue, a pool) belongs to another copy of the library. */
_Noreturn void batch_header_abort_foreign(const char *function, const char *what, const void *object);

/* Where the header of a batch says that it is, read without taking it for one of ours. */
static inline const slab *batch_header_home(const Batch *batch) {
  size_t distance = offsetof(batch_header, home) - offsetof(batch_header, batch);
  return *(const slab *const *)(const void *)((const char *)batch + distance);
}

/* Returns the header of a batch that came into a public call; ends the process if another copy made it. */
static inline batch_header *batch_header_check(const char *function, const Batch *batch) {
  if (batch_header_home(batch) != &batch_headers) batch_header_abort_foreign(function, "batch", batch);
  return batch_header_of(batch);
}

/* As batch_header_check, and ends the process if the batch is free. */
void batch_header_check_held(const char *function, const Batch *batch);

/* Whether `count` more batches can be alive; otherwise says so in the name of `function`. */
bool batch_header_room(const char *function, uint32_t count);

/* Returns a zeroed header with its handle set and count 0; NULL, and the reason said in the name of
   `function`, when memory or handles run out. Until batch_header_publish nobody can retain it. */
batch_header *batch_header_allocate(const char *function);

/* Gives the header back; its count is 0. Under AddressSanitizer all of it but link, handle, count, home and pool is
   poisoned until it is allocated again. */
void batch_header_free(batch_header *header);

/* Sets the count to 1: the batch is complete and belongs to the caller. */
static inline void batch_header_publish(batch_header *header) {
  /* FIRST: release; pairs with refcount_try_retain: who retains the batch may read it. */
  atomic_store_explicit(&header->batch.ref_count, 1, memory_order_release);
}

/* Adds a reference in the name of `function`; aborts on a batch that is free. */
void batch_header_retain(batch_header *header, const char *function);

/* Ends the process: a batch is free that a reference to was to be dropped, or that was to be read. */
_Noreturn void batch_header_abort_free(const char *function, const batch_header *header);

/* Drops a reference in the name of `function`, which the message of an abort names. True: it was the last one, and it
   is the caller who gives the batch back to its pool or frees it. */
static inline bool batch_header_drop_one(batch_header *header, const char *function) {
  hand_over(header);
  refcount_left left = refcount_release(&header->batch.ref_count);
  if (left == REFCOUNT_BROKEN) batch_header_abort_free(function, header);
  return left == REFCOUNT_LAST;
}

/* Drops a reference in the name of `function`, which the message of an abort names; the last one
   gives the batch back to its pool or frees it. */
void batch_header_release(batch_header *header, const char *function);

/* Whether nobody holds the batch; readable whatever became of it. */
bool batch_header_is_free(const Batch *batch);

/* For peek: adds a reference to whatever batch the handle leads to, unless that is free. */
bool batch_header_try_retain(uint32_t handle);
void batch_header_drop(uint32_t handle);

/* Under AddressSanitizer: an idle batch of a pool, all of it but link, handle, count, home and pool and with its
   elements, must not be touched until it is shown again. */
#ifdef UNDER_ASAN
void batch_header_hide(batch_header *header, size_t block_bytes);
void batch_header_show(batch_header *header, size_t block_bytes);
#else
#define batch_header_hide(header, block_bytes) ((void)0)
#define batch_header_show(header, block_bytes) ((void)0)
#endif

#endif
