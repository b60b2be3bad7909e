/* One publishes a position after writing what belongs to it, one takes it, one only looks. Who finds it published finds
   what was written. */
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
  else if (window_at(&tested, 0) != 0)
    assert(atomic_load_explicit(&entries[0], memory_order_relaxed) == 1);
}

static void model_check(void) {
  assert(window_at(&tested, 0) == 1);
}
