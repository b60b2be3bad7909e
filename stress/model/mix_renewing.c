/* The last positions before a turn of single entries: who has filled a group may have to give it back. */
#define MIX_CAPACITY 2
#define MIX_TURN     ((UINT64_C(1) << 32) - 3)
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
  mix_pop_many(MIX_MAIN, 2);
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 1, 2);
  else if (number == 1)
    mix_push_many(number, 3, 2);
  else
    mix_pop_many(number, 2);
}
