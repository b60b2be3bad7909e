/* The only position of a window is published, and a worker finds that there is none behind it: it says so while one takes
   the position if it is there, and one waits. Who waits gets it or is told of the end. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  window_prepare(1, UINT64_MAX, 1);
}

static void model_thread(unsigned number) {
  if (number == 0)
    window_end(&tested, 1);
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
