/* A chain of two goes over; two of another shard take, of whom one finds the chain, and the other one what is left of it. */
#include "model/store.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  store_make(3);
}

static void model_thread(unsigned number) {
  store_shard = number != 0;
  if (number == 0) {
    store_give_two();
    store_give(3);
  } else {
    store_give(store_take());
  }
}

static void model_check(void) {
  store_check(3 + 4);
}
