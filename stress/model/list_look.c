/* A list of rings of one handle each, with 1 inside. One pushes 2, one pops both, moving the list on; one
   looks: at the front, whether it is empty, how many are inside and whether it is closed. */
#include "model/list.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  list_prepare(1);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(ring_list_push(&tested, 2) == RING_OK);
  } else if (number == 1) {
    while (list_pop(&element) == RING_OK)
      ;
  } else if (!ring_list_is_closed(&tested)) {
    bool empty = ring_list_is_empty(&tested);
    assert(ring_list_size(&tested) <= 2);
    ring_status status = list_peek(&element);
    assert(status == RING_EMPTY || (status == RING_OK && (!empty || element == 2)));
  }
}

static void model_check(void) {}
