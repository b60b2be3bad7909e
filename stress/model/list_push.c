/* As list_note.c, but two push, each needing a new ring, and one pops. Everything comes out once, in the
   order of each pusher, with what was written before. */
#include "model/list.h"

static const unsigned model_threads = 3;
static unsigned written[4]; /* not atomic: the list must publish it */
static unsigned popped;

static void model_prepare(void) {
  list_prepare(1);
  written[1] = 1;
  written[2] = written[3] = popped = 0;
}

static void pop_all(void) {
  for (uint32_t element; list_pop(&element) == RING_OK; popped++) {
    assert(written[element] == 1);
    written[element] = 2;
  }
}

static void model_thread(unsigned number) {
  if (number == 2) {
    pop_all();
  } else {
    written[2 + number] = 1;
    assert(ring_list_push(&tested, 2 + number) == RING_OK);
  }
}

static void model_check(void) {
  pop_all();
  assert(popped == 3);
}
