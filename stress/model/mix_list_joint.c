/* A list whose first ring is full: two push two at once, of whom each may be the one who appends a ring that
   holds them already, and one takes. */
#define MIX_LIST
#define RING_MIN_SHIFT     2
#define RING_LIST_CAPACITY 4u
#include "model/mix.h"

static const unsigned model_threads = 3;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number < 2)
    mix_push_many(number, 3 + 2 * number, 2);
  else
    mix_pop_many(number, 3);
}
