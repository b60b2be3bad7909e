/* A worker publishes the position at the head of a window, a taker waits for it. The taker comes back with it. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  window_prepare(1, 2, 0);
}

static void model_thread(unsigned number) {
  if (number == 0)
    window_give(0);
  else
    assert(window_get(UINT64_MAX) == WINDOW_OK);
}

static void model_check(void) {
  window_check_at_rest();
}
