/* Two of one shard take a group each and give it back, one of them twice: as it is with a stack. */
#define GROUP_CHAIN 2u
#include "model/store.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  store_make(2);
  store_give(1);
  store_give(2);
}

static void model_thread(unsigned number) {
  store_shard = 0;
  for (unsigned i = 0; i <= number; i++) store_give(store_take());
}

static void model_check(void) {
  store_check(2 + 3 * 2);
}
