/* A group goes in, seen by a push that finds the ring full of it, if it was not first itself. */
#define MODEL_GROUP 2
#include "model/witness_ring.h"

static void witness_prepare(void) {
  prepare_for_groups();
}

static void witness_change(void) {
  uint32_t two[2] = {1, 2}, pushed;
  ring_push_many(&tested, two, 2, &pushed);
}

static bool witness_sees_change(void) {
  uint32_t two[2] = {3, 4}, pushed;
  return ring_push_many(&tested, two, 2, &pushed) == RING_FULL;
}
static bool witness_sees_none(void) {
  return ring_is_empty(&tested);
}
