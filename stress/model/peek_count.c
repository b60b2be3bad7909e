/* An element with a count, as a batch has one: one peeks at it and one pops it, each touching it before it
   lets go; whoever lets go last may write to it, and the popper pushes it again then as a new one. A peek
   is refused only by an element inside, which there is none of: nobody releases once too often. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/refcount.h"
#include "sync/ring.h"

static const unsigned model_threads = 2;
static ring tested;
static _Atomic uint64_t slots[2];
static _Atomic int count;
static unsigned bytes; /* not atomic: the count must publish it */

static bool try_retain(uint32_t handle) {
  (void)handle;
  return refcount_try_retain(&count);
}

/* Whether the caller was the last. */
static bool let_go(void) {
  refcount_left left = refcount_release(&count);
  assert(left != REFCOUNT_BROKEN);
  if (left == REFCOUNT_LAST) bytes++;
  return left == REFCOUNT_LAST;
}

static void drop(uint32_t handle) {
  (void)handle;
  let_go();
}

static void push_new(void) {
  atomic_store_explicit(&count, 1, memory_order_release); /* FIRST */
  assert(ring_push(&tested, 1) == RING_OK);
}

static void model_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  bytes = 1;
  push_new();
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(ring_pop(&tested, &element) == RING_OK && bytes > 0);
    if (let_go()) push_new();
  } else {
    ring_status status = ring_peek(&tested, try_retain, drop, &element);
    assert(status != RING_FREED);
    if (status != RING_OK) return;
    assert(bytes > 0);
    let_go();
  }
}

static void model_check(void) {
  assert(atomic_load_explicit(&count, memory_order_relaxed) == (int)ring_size(&tested));
}
