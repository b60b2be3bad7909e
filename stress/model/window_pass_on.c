/* The head of a window is published: one takes it without waiting, one publishes the next position, one waits for
   either. Who waits comes back, though the position that it gets may have been published before the head came to it. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  window_prepare(2, 3, 1);
}

static void model_thread(unsigned number) {
  if (number == 0)
    window_give(1);
  else if (number == 1)
    window_get(0);
  else
    assert(window_get(UINT64_MAX) == WINDOW_OK);
}

static void model_check(void) {
  window_check_at_rest();
}
