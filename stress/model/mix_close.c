/* Closing beside a group that goes in, and one who takes it or finds the end. */
#define MIX_CAPACITY 3
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push_many(number, 1, 2);
  } else if (number == 1) {
    mix_close(number);
  } else {
    mix_pop_many(number, 2);
    mix_pop(number);
  }
}
