/* Capacity 3 with 1 and 2 inside: one pushes 3, one takes up to two in one step, one takes one. What is
   taken in one step are neighbours, and nothing is lost or doubled. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 3;
static ring tested;
static _Atomic uint64_t slots[4];
static uint32_t many[2], one, got;

static void model_prepare(void) {
  ring_init(&tested, slots, 3, 0, 0);
  assert(ring_push(&tested, 1) == RING_OK && ring_push(&tested, 2) == RING_OK);
}

static void model_thread(unsigned number) {
  if (number == 0)
    assert(ring_push(&tested, 3) == RING_OK);
  else if (number == 1)
    assert(ring_pop_many(&tested, many, 2, &got) == RING_OK);
  else if (ring_pop(&tested, &one) != RING_OK)
    one = 0; /* the other one was faster, twice */
}

static void model_check(void) {
  uint32_t left, sum = one;
  assert(got >= 1 && got <= 2);
  if (got == 2) assert(many[1] == many[0] + 1);
  for (uint32_t i = 0; i < got; i++) sum += many[i];
  while (ring_pop(&tested, &left) == RING_OK) sum += left;
  assert(sum == 1 + 2 + 3);
}
