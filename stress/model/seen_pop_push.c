/* A pop, seen by a push that finds room, or none. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  assert(ring_push(&tested, 1) == RING_OK);
}

static void witness_change(void) {
  uint32_t element;
  assert(ring_pop(&tested, &element) == RING_OK);
}

static bool witness_sees_change(void) {
  return ring_is_empty(&tested);
}
static bool witness_sees_none(void) {
  return ring_push(&tested, 2) == RING_FULL;
}
