/* Groups go round all slots beside one who pushes and looks, with what it has seen a lap ago. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 2;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_go_round(number);
  } else {
    mix_push_many(number, 7, 2);
    mix_is_full(number);
  }
}
