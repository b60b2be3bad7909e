/* The tail is a slot that lay inside a group a lap ago: a group and a single one go in, one takes two. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_leave_a_slot_behind();
}

static void model_thread(unsigned number) {
  if (number == 0)
    mix_push_many(number, 1, 2);
  else if (number == 1)
    mix_push(number, 3);
  else
    mix_pop_many(number, 2);
}
