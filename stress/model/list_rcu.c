/* A list of rings of one handle each, drained but for its end, and RCU as it is: one pops, so leaves a ring behind
   and gives it back, one pushes, or looks at the front. Nobody reads a ring that has gone back. */
#include "model/rcu_real.h"

#include "model/list.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  uint32_t element;
  list_prepare(2);
  assert(list_pop(&element) == RING_OK && element == 1);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(list_pop(&element) == RING_OK && element == 2);
    assert(list_pop(&element) == RING_EMPTY || element == 3);
  } else {
    list_peek(&element);
    assert(ring_list_push(&tested, 3) == RING_OK);
  }
}

static void model_check(void) {
  assert(ring_list_size(&tested) <= 1);
}
