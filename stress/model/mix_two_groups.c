/* Two groups are to go in where there is room for one and a half; one takes up to three at once. */
#define MIX_CAPACITY 3
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 1, 2);
  else if (number == 1)
    mix_push_many(number, 3, 2);
  else
    mix_pop_many(number, 3);
}
