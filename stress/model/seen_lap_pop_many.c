/* As seen_lap_pop, with pop_many. */
#include "model/witness_ring.h"

static void witness_prepare(void) {
  ring_init(&tested, slots, 3, 0, 0);
  for (uint32_t i = 1; i <= 3; i++) assert(ring_push(&tested, i) == RING_OK);
}

static void witness_change(void) {
  uint32_t elements[3], taken;
  for (uint32_t i = 4; i <= 5; i++) {
    ring_pop(&tested, elements);
    ring_push(&tested, i);
  }
  ring_pop_many(&tested, elements, 3, &taken);
}

static bool witness_sees_change(void) {
  uint32_t elements[2], taken;
  return ring_pop_many(&tested, elements, 2, &taken) == RING_EMPTY;
}
static bool witness_sees_none(void) {
  uint32_t element = 0;
  return ring_peek(&tested, keep, drop, &element) == RING_OK && element == 3;
}
