/* As rcu.c with one record, which a reader's end gives to another one; the first ends inside of its call. */
#define RCU_READERS 1
#include "model/rcu_real.h"

static const unsigned model_threads = 3;

static void model_prepare(void) {
  object_prepare();
}

static void read_and_end(bool inside) {
  rcu_reader *me = rcu_enter();
  if (atomic_load_explicit(&link, memory_order_seq_cst)) assert(object.alive == 1);
  if (!me || !inside) rcu_leave(me);
#ifdef MODEL_CHECKER
  if (mine) give_reader(mine); /* as the end of a thread does */
#endif
}

static void model_thread(unsigned number) {
  if (number < 2) {
    read_and_end(number == 0);
  } else {
    object_unlink();
    rcu_reclaim(&limbo, object_go);
  }
}

static void model_check(void) {
  object_check();
}
