/* A push, seen by is_full. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
}

static void witness_change(void) {
  assert(ring_push(&tested, 1) == RING_OK);
}

static bool witness_sees_change(void) {
  return ring_is_full(&tested);
}
static bool witness_sees_none(void) {
  return !ring_is_full(&tested);
}
