/* A push and a close, seen by another push, which may have to go past the first one. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 2, 0, 0);
}

static void witness_change(void) {
  ring_push(&tested, 1);
  ring_close(&tested);
}

static bool witness_sees_change(void) {
  return ring_push(&tested, 2) == RING_CLOSED;
}
static bool witness_sees_none(void) {
  return !ring_is_closed(&tested);
}
