/* A group goes over with its chain and comes back to the same place, beside one who has looked at it before: as in a
   stack, the tag tells the two apart. */
#include "model/store.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  store_make(3);
  store_give_two();
}

static void model_thread(unsigned number) {
  store_shard = 0;
  if (number == 0) {
    store_give(3);
    store_shard = 1; /* it goes on to a thread of another shard and back */
    uint32_t name = store_take();
    store_shard = 0;
    store_give(name);
  } else {
    store_give(store_take());
  }
}

static void model_check(void) {
  store_check(3 + 4);
}
