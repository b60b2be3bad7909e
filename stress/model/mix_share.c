/* A group of three inside: three take of it, one of them two at once. */
#define MODEL_GROUP  3
#define MIX_CAPACITY 3
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 3);
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_pop_many(number, 2);
  else
    mix_pop(number);
}
