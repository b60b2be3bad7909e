/* As mix_lap: the closing mark comes into the slot that was left behind, or a group does. */
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
    mix_close(number);
  else
    mix_pop(number);
}
