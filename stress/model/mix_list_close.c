/* A list of rings of two, the first of which is full: one pushes two groups, one closes, one takes what there is. */
#define MIX_LIST
#define RING_MIN_SHIFT     2
#define RING_LIST_CAPACITY 2u
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push_many(number, 3, 2);
  } else if (number == 1) {
    mix_close(number);
  } else {
    mix_pop_many(number, 2);
    mix_pop_many(number, 2);
  }
}
