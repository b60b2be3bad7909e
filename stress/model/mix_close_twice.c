/* Two close, one pushes two groups. */
#define MIX_CAPACITY 3
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 2) {
    mix_push_many(number, 1, 2);
    mix_push_many(number, 3, 2);
  } else {
    mix_close(number);
    mix_pop_many(number, 3);
  }
}
