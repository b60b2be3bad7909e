/* Half of the one group that there is has gone, by one call or another: there is room for two more, and no group for
   them until the other half has gone as well. */
#define MIX_CAPACITY 3
#define MODEL_GROUPS 1
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_pop_many(number, 1);
  else if (number == 1)
    mix_pop(number);
  else
    mix_push_many(number, 3, 2);
}
