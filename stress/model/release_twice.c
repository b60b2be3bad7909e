/* One reference, which two threads drop, as a program does that is wrong: one of them is the last, and the other one is
   told that there was none. So a release is a subtraction and not a load and a store, also where it is the only
   reference. */
#include "model/model.h"

#include "sync/refcount.h"

static const unsigned model_threads = 2;
static _Atomic int count;
static refcount_left left[2];

static void model_prepare(void) {
  atomic_store_explicit(&count, 1, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  left[number] = refcount_release(&count);
}

static void model_check(void) {
  assert((left[0] == REFCOUNT_LAST) + (left[1] == REFCOUNT_LAST) == 1);
  assert((left[0] == REFCOUNT_BROKEN) + (left[1] == REFCOUNT_BROKEN) == 1);
}
