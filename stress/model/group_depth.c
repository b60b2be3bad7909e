/* Two give to one shard, one of them twice: it knows how many it has, and is given no more. */
#define GROUP_CHAIN 2u
#include "model/store.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  store_make(3);
}

static void model_thread(unsigned number) {
  store_shard = 0;
  store_give(1 + number);
  if (number == 1) store_give(3);
}

static void model_check(void) {
  store_check(3);
}
