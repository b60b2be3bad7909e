/* A worker publishes the two positions of a window, the later one first; one takes what is there, one polls. Who polls
   comes back with a position. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  window_prepare(2, 2, 0);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    window_give(1);
    window_give(0);
  } else if (number == 1) {
    window_get(0);
  } else {
    assert(window_get_polling() == WINDOW_OK);
  }
}

static void model_check(void) {
  window_check_at_rest();
}
