/* Two takers wait at a window, another thread closes it. Both come back. */
#define MODEL_WAITS true
#include "model/window.h"

static const unsigned model_threads = 3;
static unsigned written; /* not atomic: closing must publish it */

static void model_prepare(void) {
  window_prepare(1, 1, 0);
  written = 0;
}

static void model_thread(unsigned number) {
  if (number == 0) {
    written = 1;
    window_close(&tested);
  } else {
    assert(window_get(UINT64_MAX) == WINDOW_CLOSED && written == 1);
  }
}

static void model_check(void) {
  window_check_at_rest();
}
