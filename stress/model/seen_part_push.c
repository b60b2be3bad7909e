/* The first of a group that filled the ring is taken, seen by who finds room for another one. */
#define MODEL_GROUP 2
#include "model/witness_ring.h"

static void witness_prepare(void) {
  prepare_for_groups();
  push_two(1);
}

static void witness_change(void) {
  uint32_t element;
  assert(ring_pop(&tested, &element) == RING_OK);
}

static bool witness_sees_change(void) {
  uint32_t two[2] = {3, 4}, pushed;
  return ring_push_many(&tested, two, 2, &pushed) == RING_OK;
}
static bool witness_sees_none(void) {
  uint32_t element = 0;
  return ring_peek(&tested, keep, drop, &element) == RING_OK && element == 1;
}
