#include "core/batch_header.h"

#include <string.h>

#include "base/error.h"
#include "core/batch_layout.h"
#include "core/pool_internal.h"
#include "sync/refcount.h"

slab batch_headers = SLAB_INIT(batch_header, link);

_Static_assert(BATCH_MAX_LIVE == SLAB_MAX_HANDLE, "batch.h states the slab's limit");

/* What is read of free headers too: link and handle before the batch, its count, home and pool behind it. In words of
   eight bytes, since AddressSanitizer poisons no less. */
enum {
  BATCH = offsetof(batch_header, batch),
  COUNT = offsetof(batch_header, batch.ref_count),
  BEHIND_COUNT = COUNT / 8 * 8 + 8,
  HOME = offsetof(batch_header, home),
  BEHIND_POOL = offsetof(batch_header, block)
};
_Static_assert(BATCH % 8 == 0 && HOME % 8 == 0 && BEHIND_POOL % 8 == 0, "in words of their own");

/* Clears a header that nobody else may touch but through try_retain, which reads the count, and a
   late stack pop, which reads the link: so these are left alone, and handle and home, which stay. */
static void header_clear(batch_header *header) {
  char *bytes = (char *)header;
  memset(bytes + BATCH, 0, COUNT - BATCH);
  memset(bytes + COUNT + sizeof(atomic_int), 0, HOME - COUNT - sizeof(atomic_int));
  header->pool = NULL;
  memset(bytes + BEHIND_POOL, 0, sizeof *header - BEHIND_POOL);
}

static void header_poison(batch_header *header) {
  char *bytes = (char *)header;
  MEMORY_POISON(bytes + BATCH, COUNT / 8 * 8 - BATCH);
  MEMORY_POISON(bytes + BEHIND_COUNT, HOME - BEHIND_COUNT);
  MEMORY_POISON(bytes + BEHIND_POOL, sizeof *header - BEHIND_POOL);
}

#ifdef UNDER_ASAN
void batch_header_hide(batch_header *header, size_t block_bytes) {
  MEMORY_POISON(header->block, block_bytes);
  header_poison(header);
}

void batch_header_show(batch_header *header, size_t block_bytes) {
  MEMORY_UNPOISON(header, sizeof *header);
  MEMORY_UNPOISON(header->block, block_bytes);
}
#endif

void batch_header_abort_foreign(const char *function, const char *what, const void *object) {
  error_abort("%s: %s %p was not made by this copy of the library; a process that has two of them, as when "
              "a program and its plugin are linked with one each, cannot pass it between them",
              function, what, object);
}

void batch_header_check_held(const char *function, const Batch *batch) {
  batch_header_check(function, batch);
  if (batch_header_is_free(batch)) batch_header_abort_free(function, batch_header_of(batch));
}

bool batch_header_room(const char *function, uint32_t count) {
  return slab_has_room(&batch_headers, count) ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "%s: batches wanted: %u, alive: %u, expected at most %u in all (BATCH_MAX_LIVE)",
                    function, count, slab_count(&batch_headers), BATCH_MAX_LIVE);
}

batch_header *batch_header_allocate(const char *function) {
  uint32_t handle = slab_allocate(&batch_headers);
  if (handle == 0) {
    if (batch_header_room(function, 1))
      error_set(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a batch", function);
    return NULL;
  }
  batch_header *header = batch_header_at(handle);
  MEMORY_UNPOISON(header, sizeof *header);
  handed_over(header); /* by those who had the batch that was here */
  header_clear(header);
  header->home = &batch_headers;
  header->handle = handle;
  return header;
}

void batch_header_free(batch_header *header) {
  uint32_t handle = header->handle;
  header_poison(header);
  slab_free(&batch_headers, handle);
}

void batch_header_abort_free(const char *function, const batch_header *header) {
  error_abort("%s: batch %p is already free", function, (const void *)&header->batch);
}

/* The last reference is gone to a batch of no pool. Returns its parent: a view gives up that as well. */
static batch_header *header_retire(batch_header *header) {
  batch_header *parent = header->parent;
  handed_over(header); /* by those who had other references */
  batch_layout_drop(&header->batch);
  batch_header_free(header);
  return parent;
}

void batch_header_retain(batch_header *header, const char *function) {
  if (!refcount_retain(&header->batch.ref_count))
    error_abort("%s: batch %p is free, or its count would overflow", function, (void *)&header->batch);
}

void batch_header_release(batch_header *header, const char *function) {
  while (header && batch_header_drop_one(header, function)) {
    if (header->pool) {
      pool_take_back(header->pool, header);
      return;
    }
    header = header_retire(header);
  }
}

bool batch_header_around(const void *place, size_t *offset) {
  /* relaxed: whoever was given a batch sees its segment used; one that is not seen yet lies nowhere near. */
  uint32_t used = atomic_load_explicit(&batch_headers.used, memory_order_relaxed);
  for (uint32_t first = 0; first <= used && used > 0; first += SLAB_SEGMENT_SIZE) {
    uintptr_t distance = (uintptr_t)place - (uintptr_t)slab_segment(&batch_headers, first);
    *offset = distance % sizeof(batch_header);
    if (distance < SLAB_SEGMENT_SIZE * sizeof(batch_header)) return true;
  }
  return false;
}

bool batch_header_is_ours(const Batch *batch) {
  size_t offset;
  return batch_header_around(batch, &offset) && offset == BATCH;
}

void batch_header_remember(batch_header *header) {
  for (unsigned i = 0; i < BATCH_TENSORS; i++) {
    if (!batch_has_tensor(&header->batch, i)) continue;
    const Tensor *tensor = batch_tensor(&header->batch, i);
    header->elements[i] = tensor->raw;
    header->width[i] = (uint8_t)tensor_type_size(tensor->dtype);
  }
}

bool batch_header_is_free(const Batch *batch) {
  /* relaxed: who holds the batch cannot read a count from before it was given to them. */
  return atomic_load_explicit(&batch->ref_count, memory_order_relaxed) <= 0;
}

bool batch_header_try_retain(uint32_t handle) {
  return refcount_try_retain(&batch_header_at(handle)->batch.ref_count);
}

void batch_header_drop(uint32_t handle) {
  batch_header_release(batch_header_at(handle), "batch_queue_peek");
}
