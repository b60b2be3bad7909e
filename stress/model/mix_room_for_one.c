/* Capacity 1, full: of two there is room for one at most, and a group that has been filled goes back. */
#define MIX_CAPACITY 1
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push(MIX_MAIN, 1);
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 2, 2);
  else if (number == 1)
    mix_push(number, 4);
  else
    mix_pop(number);
}
