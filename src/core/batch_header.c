#include "core/batch_header.h"

#include <string.h>

#include "core/batch_layout.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/pool_internal.h"
#include "sync/refcount.h"
#include "sync/sanitizers.h"

#ifdef UNDER_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(address, bytes)   ASAN_POISON_MEMORY_REGION(address, bytes)
#define UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define POISON(address, bytes)   ((void)(address), (void)(bytes))
#define UNPOISON(address, bytes) ((void)(address), (void)(bytes))
#endif

slab batch_headers = SLAB_INIT(batch_header, link);

/* Clears a header that nobody else may touch but through try_retain, which reads the count, and a
   late stack pop, which reads the link: so these two are left alone. */
static void header_clear(batch_header *header) {
  char *bytes = (char *)header;
  size_t count = offsetof(batch_header, batch.ref_count), link = offsetof(batch_header, link);
  memset(bytes, 0, count);
  memset(bytes + count + sizeof(atomic_int), 0, link - count - sizeof(atomic_int));
  memset(bytes + link + sizeof header->link, 0, sizeof *header - link - sizeof header->link);
}

static void header_poison(batch_header *header) {
  char *bytes = (char *)header;
  size_t count = offsetof(batch_header, batch.ref_count), link = offsetof(batch_header, link);
  POISON(bytes, count & ~(size_t)7);
  POISON(bytes + count + 8 - count % 8, link - link % 8 - (count + 8 - count % 8));
  POISON(bytes + link - link % 8 + 8, sizeof *header - (link - link % 8 + 8));
}

void batch_header_hide(batch_header *header, size_t block_bytes) {
  POISON(header->block, block_bytes);
  header_poison(header);
}

void batch_header_show(batch_header *header, size_t block_bytes) {
  UNPOISON(header, sizeof *header);
  UNPOISON(header->block, block_bytes);
}

batch_header *batch_header_allocate(void) {
  uint32_t handle = slab_allocate(&batch_headers);
  if (handle == 0) return NULL;
  batch_header *header = batch_header_at(handle);
  UNPOISON(header, sizeof *header);
  header_clear(header);
  header->handle = handle;
  return header;
}

void batch_header_free(batch_header *header) {
  uint32_t handle = header->handle;
  header_poison(header);
  slab_free(&batch_headers, handle);
}

void batch_header_publish(batch_header *header) {
  handed_over(header); /* by those who had it before */
  /* FIRST: release; pairs with refcount_try_retain: who retains the batch may read it. */
  atomic_store_explicit(&header->batch.ref_count, 1, memory_order_release);
}

/* The last reference is gone. A view gives up its parent as well, which may be the last one of that:
   a loop, since parents are never views. */
static void header_retire(batch_header *header, const char *function) {
  batch_header *parent = header->parent;
  if (header->pool) {
    pool_take_back(header->pool, header);
    return;
  }
  memory_free(header->block);
  batch_header_free(header);
  if (parent) batch_header_release(parent, function);
}

void batch_header_release(batch_header *header, const char *function) {
  hand_over(header);
  switch (refcount_release(&header->batch.ref_count)) {
  case REFCOUNT_SHARED:
    return;
  case REFCOUNT_LAST:
    handed_over(header);
    header_retire(header, function);
    return;
  case REFCOUNT_BROKEN:
    error_abort("%s: batch %p is already free", function, (void *)header);
  }
}

bool batch_header_is_free(const Batch *batch) {
  return atomic_load_explicit(&batch->ref_count, memory_order_relaxed) <= 0;
}

bool batch_header_try_retain(uint32_t handle) {
  return refcount_try_retain(&batch_header_at(handle)->batch.ref_count);
}

void batch_header_drop(uint32_t handle) {
  batch_header_release(batch_header_at(handle), "batch_queue_peek");
}
