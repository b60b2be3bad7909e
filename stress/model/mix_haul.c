/* A group of two, a single one and a group inside: two take two and three of it. */
#define MIX_CAPACITY 3
#define MODEL_GROUP  2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
  mix_push(MIX_MAIN, 3);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_pop_many(number, 3);
  } else if (number == 1) {
    mix_pop(number);
    mix_pop_many(number, 2);
  } else {
    mix_push_many(number, 4, 2);
  }
}
