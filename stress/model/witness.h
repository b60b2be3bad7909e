/* A change of what is tested beside a change of a plain flag, and two witnesses who look at both in
   opposite orders. If the one sees the change and not the flag, then the other one, who sees the flag,
   must see the change: a queue is linearizable together with everything else that is. */
#ifndef HEADRACE_STRESS_WITNESS_H
#define HEADRACE_STRESS_WITNESS_H

#include "model/model.h"

static const unsigned model_threads = 4;
static _Atomic unsigned flag;
static bool change_first, flag_first;

/* What a client defines: the state before the change; the change; a call whose answer shows that the
   change has happened, and one whose answer shows that it has not. */
static void witness_prepare(void);
static void witness_change(void);
static bool witness_sees_change(void);
static bool witness_sees_none(void);

static void model_prepare(void) {
  witness_prepare();
  atomic_store_explicit(&flag, 0, memory_order_relaxed);
  change_first = flag_first = false;
}

static void model_thread(unsigned number) {
  if (number == 0)
    witness_change();
  else if (number == 1)
    atomic_store_explicit(&flag, 1, memory_order_seq_cst);
  else if (number == 2)
    change_first = witness_sees_change() && atomic_load_explicit(&flag, memory_order_seq_cst) == 0;
  else
    flag_first = atomic_load_explicit(&flag, memory_order_seq_cst) == 1 && witness_sees_none();
}

static void model_check(void) {
  assert(!(change_first && flag_first));
}

#endif
