/* A push, seen by another one that finds the ring full, if it was not first itself. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
}

static void witness_change(void) {
  ring_push(&tested, 1);
}

static bool witness_sees_change(void) {
  return ring_push(&tested, 2) == RING_FULL;
}
static bool witness_sees_none(void) {
  return ring_is_empty(&tested);
}
