/* Capacity 2 with 1 and 2 inside: one pops twice and pushes 3, counting as it goes; two peek. What a peek
   tells was the front at some instant of the peek: neither gone before nor behind another one after. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 3;
static ring tested;
static _Atomic uint64_t slots[4];
static _Atomic unsigned gone; /* elements that have left, at least */

static bool try_retain(uint32_t handle) {
  return handle != 0;
}
static void drop(uint32_t handle) {
  (void)handle;
}

static void model_prepare(void) {
  ring_init(&tested, slots, 2, 0, 0);
  assert(ring_push(&tested, 1) == RING_OK && ring_push(&tested, 2) == RING_OK);
  atomic_store_explicit(&gone, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  uint32_t element = 0;
  if (number == 0) {
    for (unsigned i = 1; i <= 2; i++) {
      assert(ring_pop(&tested, &element) == RING_OK && element == i);
      atomic_store_explicit(&gone, i, memory_order_release);
    }
    assert(ring_push(&tested, 3) == RING_OK);
    return;
  }
  unsigned before = atomic_load_explicit(&gone, memory_order_acquire);
  ring_status status = ring_peek(&tested, try_retain, drop, &element);
  assert(status == RING_OK || status == RING_EMPTY);
  if (status == RING_OK) assert(element > before && element <= 3);
}

static void model_check(void) {
  assert(ring_size(&tested) == 1);
}
