/* An element whose popper retains it up to the bound of the count, 2 here, beside one who peeks: a peek is
   refused only by an element inside. */
#define REFCOUNT_MAX 2
#include "model/model.h"

#include "model/groups.h"
#include "sync/refcount.h"
#include "sync/ring.h"

static const unsigned model_threads = 2;
static ring tested;
static _Atomic uint64_t slots[2];
static _Atomic int count;

static bool try_retain(uint32_t handle) {
  (void)handle;
  return refcount_try_retain(&count);
}
static void drop(uint32_t handle) {
  (void)handle;
  assert(refcount_release(&count) == REFCOUNT_SHARED);
}

static void model_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  atomic_store_explicit(&count, 1, memory_order_release);
  assert(ring_push(&tested, 1) == RING_OK);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(ring_pop(&tested, &element) == RING_OK);
    refcount_retain(&count); /* false: the peek came between */
  } else {
    assert(ring_peek(&tested, try_retain, drop, &element) != RING_FREED);
  }
}

static void model_check(void) {
  assert(ring_size(&tested) == 0);
}
