/* As mix_lap, with one who peeks and looks whether the ring is full. */
#define MIX_CAPACITY 2
#define MIX_PEEKS    true
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_leave_a_slot_behind();
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push_many(number, 1, 2);
  } else if (number == 1) {
    mix_peek(number);
    mix_is_full(number);
    mix_peek(number);
  } else {
    mix_pop(number);
  }
}
