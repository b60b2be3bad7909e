/* As mix_refill, and who is late takes two at once. */
#define MIX_CAPACITY 2
#define MODEL_GROUPS 1
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_pop_many(number, 2);
    mix_push_many(number, 3, 2);
  } else if (number == 1) {
    mix_pop_many(number, 2);
  } else {
    mix_pop(number);
  }
}
