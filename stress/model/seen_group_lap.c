/* Out of a group and round all slots, then all is taken in one step: seen by who finds the ring empty, having begun a
   lap before. */
#define MODEL_GROUP 2
#include "model/witness_ring.h"

static void witness_prepare(void) {
  prepare_for_groups();
  push_two(1);
}

static void witness_change(void) {
  uint32_t elements[2], taken;
  for (uint32_t i = 3; i <= 5; i++) {
    ring_pop(&tested, elements);
    ring_push(&tested, i);
  }
  ring_pop_many(&tested, elements, 2, &taken);
}

static bool witness_sees_change(void) {
  uint32_t two[2], taken;
  return ring_pop_many(&tested, two, 2, &taken) == RING_EMPTY;
}
static bool witness_sees_none(void) {
  uint32_t element = 0;
  return ring_peek(&tested, keep, drop, &element) == RING_OK && element == 4;
}
