/* A window of two positions at a time. One publishes under a ticket, takes that again and publishes under the next one;
   one publishes under a ticket of its own. Whatever number that has, it is inside of the window. */
#include "model/window.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  window_prepare(2, 3, 0);
}

static void model_thread(unsigned number) {
  window_give(window_ticket(&tested));
  if (number != 0) return;
  if (window_get(0) != WINDOW_OK) return;
  window_give(window_ticket(&tested));
}

static void model_check(void) {
  assert(window_depth(&tested) <= 2);
}
