/* A window of two positions at a time, for which there are two things: who took a position gives its thing back, who
   gets one publishes the next position, in the slot and the entry of the first. Two take; what each has read of the
   entry before it took is what belongs to its position, though the other one may have gone ahead. */
#include "model/window.h"

static const unsigned model_threads = 3;
static _Atomic unsigned back; /* of the things, so many have come back */

static void model_prepare(void) {
  window_prepare(2, 3, 2);
  atomic_store_explicit(&back, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    /* acquire: pairs with the release below, as a pool has it. */
    if (atomic_load_explicit(&back, memory_order_acquire) > 0) window_give(2);
  } else if (window_get(0) == WINDOW_OK) {
    atomic_fetch_add_explicit(&back, 1, memory_order_release);
  }
}

static void model_check(void) {
  assert(window_head(&tested) >= 2);
}
