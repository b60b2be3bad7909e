/* A push, seen by is_empty, and not by pop_many. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
}

static void witness_change(void) {
  assert(ring_push(&tested, 1) == RING_OK);
}

static bool witness_sees_change(void) {
  return !ring_is_empty(&tested);
}
static bool witness_sees_none(void) {
  uint32_t elements[2], taken;
  return ring_pop_many(&tested, elements, 2, &taken) == RING_EMPTY;
}
