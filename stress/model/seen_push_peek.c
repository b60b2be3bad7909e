/* A push, seen by peek. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
}

static void witness_change(void) {
  assert(ring_push(&tested, 1) == RING_OK);
}

static bool witness_sees_change(void) {
  uint32_t element;
  return ring_peek(&tested, keep, drop, &element) == RING_OK;
}
static bool witness_sees_none(void) {
  uint32_t element;
  return ring_peek(&tested, keep, drop, &element) == RING_EMPTY;
}
