/* A group of two goes in while two take what they find, one of them twice. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push_many(number, 1, 2);
  } else {
    mix_pop(number);
    if (number == 1) mix_pop(number);
  }
}
