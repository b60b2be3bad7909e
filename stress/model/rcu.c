/* Two read an object behind a link, each with a record of its own; one unlinks it, retires it and reclaims what
   can go. Nobody reads what has gone. */
#include "model/rcu_real.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  object_prepare();
}

static void model_thread(unsigned number) {
  if (number < 2) {
    object_read();
  } else {
    object_unlink();
    rcu_reclaim(&limbo, object_go);
  }
}

static void model_check(void) {
  object_check();
}
