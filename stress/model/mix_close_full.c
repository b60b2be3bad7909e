/* Closing a full ring of one group, beside one who takes half of it and one who pushes another one. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_close(number);
  } else if (number == 1) {
    mix_push_many(number, 3, 2);
    mix_push(number, 5);
  } else {
    mix_pop(number);
  }
}
