/* A group of three inside, the only one: one takes of it, one takes all that is left and fills it again, one peeks twice. */
#define MODEL_GROUP  3
#define MODEL_GROUPS 1
#define MIX_CAPACITY 3
#define MIX_PEEKS    true
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 3);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_pop(number);
  } else if (number == 1) {
    mix_pop_many(number, 3);
    mix_push_many(number, 4, 3);
  } else {
    mix_peek(number);
    mix_peek(number);
  }
}
