/* Two of a group of three have gone, so that it holds its slot still, while the ring fills up behind it to the
   closing mark: all of it is found, the third one first. */
#define MODEL_GROUP  3
#define MIX_CAPACITY 3
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 3);
  mix_pop_many(MIX_MAIN, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push(number, 4);
    mix_push(number, 5);
  } else if (number == 1) {
    mix_close(number);
  } else {
    mix_pop_many(number, 3);
  }
}
