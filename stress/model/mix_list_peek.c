/* A list of rings of two with a group inside, the only one: one takes it and fills it again in the next ring, one
   peeks. */
#define MIX_LIST
#define MIX_PEEKS          true
#define MODEL_GROUPS       1
#define RING_MIN_SHIFT     2
#define RING_LIST_CAPACITY 2u
#include "model/mix.h"

static const unsigned model_threads = 2;

static void mix_prepare(void) {
  mix_push_many(MIX_MAIN, 1, 2);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    mix_pop_many(number, 2);
    mix_push_many(number, 3, 2);
    mix_push_many(number, 5, 2);
  } else {
    mix_peek(number);
    mix_peek(number);
  }
}
