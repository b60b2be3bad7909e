/* A shard overflows beside one who takes of it, and one who takes of another shard what has gone over. */
#include "model/store.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  store_make(2);
  store_give(1);
}

static void model_thread(unsigned number) {
  store_shard = number / 2;
  if (number == 0)
    store_give(2);
  else
    store_give(store_take());
}

static void model_check(void) {
  store_check(2 + 4);
}
