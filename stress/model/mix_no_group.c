/* One group for two who push two: the other one pushes one. */
#define MIX_CAPACITY 3
#define MODEL_GROUPS 2
#define MIX_KEPT     1
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 1, 2);
  else if (number == 1)
    mix_push_many(number, 3, 2);
  else
    mix_pop(number);
}
