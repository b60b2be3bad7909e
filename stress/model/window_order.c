/* Two publish positions 0 and 1 of a window, each after writing what its handle stands for; two take what they find.
   Each position comes once, with its handle and what was written before. */
#include "model/window.h"

static const unsigned model_threads = 4;
static unsigned written[2]; /* not atomic: the window must publish it */

static void model_prepare(void) {
  window_prepare(2, 2, 0);
  written[0] = written[1] = 0;
}

static void take(void) {
  window_taken taken;
  uint64_t entry;
  if (window_try(&tested, window_read, &entry, &taken) != WINDOW_OK) return;
  assert(taken.handle == taken.position + 1 && written[taken.position] == 1);
  written[taken.position]++;
}

static void model_thread(unsigned number) {
  if (number < 2) {
    written[number]++;
    window_give(number);
  } else {
    take();
    take();
  }
}

static void model_check(void) {
  uint64_t head = window_head(&tested);
  assert(written[0] == 1 + (head > 0) && written[1] == 1 + (head > 1));
}
