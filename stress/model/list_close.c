/* A list of rings of one handle each, with 1 inside. Two close it beside one who pushes 2. Who finds it
   closed finds all that was before the close, and nothing follows. */
#include "model/list.h"

static const unsigned model_threads = 3;
static unsigned written[2]; /* not atomic: closing must publish it */
static bool pushed;

static void model_prepare(void) {
  list_prepare(1);
  written[0] = written[1] = 0;
}

static void model_thread(unsigned number) {
  if (number < 2) {
    written[number] = 1;
    ring_list_close(&tested);
    assert(ring_list_is_closed(&tested));
  } else {
    pushed = ring_list_push(&tested, 2) == RING_OK;
  }
}

static void model_check(void) {
  uint32_t element;
  assert(list_pop(&element) == RING_OK && element == 1);
  assert(!pushed || (list_pop(&element) == RING_OK && element == 2));
  assert(list_pop(&element) == RING_CLOSED && ring_list_push(&tested, 3) == RING_CLOSED);
}
