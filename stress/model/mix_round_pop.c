/* Groups go round all slots beside one who takes, with what it has seen a lap ago. */
#define MODEL_GROUPS 1
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
    mix_pop(number);
    mix_pop_many(number, 2);
  }
}
