/* A worker publishes the last position of a window, one takes it if it is there, one waits for it. Who waits gets it or
   is told of the end. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  window_prepare(1, 1, 0);
}

static void model_thread(unsigned number) {
  if (number == 0)
    window_give(0);
  else if (number == 1)
    window_get(0);
  else {
    window_status status = window_get(UINT64_MAX);
    assert(status == WINDOW_OK || status == WINDOW_END);
  }
}

static void model_check(void) {
  assert(window_head(&tested) == 1);
  window_check_at_rest();
}
