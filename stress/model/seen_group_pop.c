/* A group goes in, seen by who takes of it. */
#define MODEL_GROUP 2
#include "model/witness_ring.h"

static void witness_prepare(void) {
  prepare_for_groups();
}

static void witness_change(void) {
  push_two(1);
}

static bool witness_sees_change(void) {
  uint32_t element;
  return ring_pop(&tested, &element) == RING_OK;
}
static bool witness_sees_none(void) {
  return ring_is_empty(&tested);
}
