/* Whether the ring is full or empty, beside a group that goes in and one who takes. */
#define MIX_CAPACITY 2
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_push_many(number, 1, 2);
  } else if (number == 1) {
    mix_is_full(number);
    mix_is_empty(number);
    mix_is_full(number);
  } else {
    mix_pop_many(number, 2);
    mix_is_empty(number);
  }
}
