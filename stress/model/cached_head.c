/* Capacity 1, full: one pops. Two push, one of whom may learn of the room from the other's look at head
   alone. When its push has succeeded what was inside must be gone: a peek does not find it. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 3;
static ring tested;
static _Atomic uint64_t slots[2];

static bool keep(uint32_t handle) {
  return handle != 0;
}
static void drop(uint32_t handle) {
  (void)handle;
}

static void model_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  assert(ring_push(&tested, 1) == RING_OK);
}

static void model_thread(unsigned number) {
  uint32_t element = 0;
  if (number == 0)
    assert(ring_pop(&tested, &element) == RING_OK);
  else if (ring_push(&tested, number + 1) == RING_OK && number == 2)
    assert(ring_peek(&tested, keep, drop, &element) != RING_OK || element != 1);
}

static void model_check(void) {
  assert(ring_size(&tested) <= 1);
}
