/* The one group that there is is inside: two take of it, and one of them fills it again, if it is free then. */
#define MIX_CAPACITY 2
#define MODEL_GROUPS 1
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  mix_pop(number);
  if (number == 0) mix_push_many(number, 3, 2);
}
