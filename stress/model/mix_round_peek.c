/* As mix_round, beside one who peeks, and with one group only. */
#define MIX_CAPACITY 2
#define MODEL_GROUPS 1
#define MIX_PEEKS    true
#include "model/mix.h"

static const unsigned model_threads = 2;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_go_round(number);
  } else {
    mix_peek(number);
    mix_is_empty(number);
    mix_peek(number);
  }
}
