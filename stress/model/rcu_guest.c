/* As rcu.c, but the only record is main's: the reader is a guest. */
#define RCU_READERS 1
#include "model/rcu_real.h"

static const unsigned model_threads = 2;

static void model_prepare(void) {
  object_prepare();
  rcu_leave(rcu_enter());
}

static void model_thread(unsigned number) {
  if (number == 0) {
    object_read();
  } else {
    object_unlink();
    rcu_reclaim(&limbo, object_go);
  }
}

static void model_check(void) {
  object_check();
}
