/* Two at once to a shard that is full or not, beside one who takes one. */
#include "model/store.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  store_make(4);
  store_give(3);
}

static void model_thread(unsigned number) {
  store_shard = 0;
  if (number == 0) {
    store_give_two();
    store_give(4);
  } else {
    store_give(store_take());
  }
}

static void model_check(void) {
  store_check(4 + 2);
}
