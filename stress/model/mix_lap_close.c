/* As mix_lap: the closing mark comes into the slot that was left behind, or a group does. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
  mix_pop_many(MIX_MAIN, 2);
  mix_push_many(MIX_MAIN, 1, 2);
  mix_pop_many(MIX_MAIN, 2);
  mix_push(MIX_MAIN, 1);
  mix_pop(MIX_MAIN);
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 1, 2);
  else if (number == 1)
    mix_close(number);
  else
    mix_pop(number);
}
