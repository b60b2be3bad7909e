/* A list of rings of one handle each, with 1 inside. One pushes 2 and 3, two pop what they find, so that
   each may be the one who moves the list on, or who follows the other one. Everything comes out once. */
#include "model/list.h"

static const unsigned model_threads = 3;
static uint32_t popped[2];

static void model_prepare(void) {
  list_prepare(1);
  popped[0] = popped[1] = 0;
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 2)
    for (uint32_t i = 2; i <= 3; i++) assert(ring_list_push(&tested, i) == RING_OK);
  else
    while (list_pop(&element) == RING_OK) popped[number] += 1u << element;
}

static void model_check(void) {
  uint32_t element;
  while (list_pop(&element) == RING_OK) popped[0] += 1u << element;
  assert(popped[0] + popped[1] == 2 + 4 + 8);
}
