/* As rcu.c with one record, which a reader's end gives to another one. */
#define RCU_READERS 1
#include "model/rcu_real.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  object_prepare();
}

static void model_thread(unsigned number) {
  if (number < 2) {
    object_read();
#ifdef MODEL_CHECKER
    if (mine) give_reader(mine); /* as the end of a thread does */
#endif
  } else {
    object_unlink();
    rcu_reclaim(&limbo, object_go);
  }
}

static void model_check(void) {
  object_check();
}
