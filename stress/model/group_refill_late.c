/* One takes of a chain of two, to find that its shard has been given another group by then: what is left goes back to the chains. */
#include "model/store.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  store_make(4);
  store_shard = 1;
  store_give_two();
  store_give(3);
}

static void model_thread(unsigned number) {
  store_shard = 0;
  if (number == 0) {
    store_give(4);
  } else {
    store_give(store_take());
    store_give(store_take());
  }
}

static void model_check(void) {
  store_check(4 + 4);
}
