/* One unlinks an object and retires it, two reclaim what they find: it goes once, as it was retired. */
#include "model/rcu_real.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  object_prepare();
}

static void model_thread(unsigned number) {
  if (number == 0)
    object_unlink();
  else
    rcu_reclaim(&limbo, object_go);
}

static void model_check(void) {
  if (object.alive == 1) object_check();
}
