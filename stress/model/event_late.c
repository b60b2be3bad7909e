/* A producer of one element, a consumer who waits for it, and one who gives up at a deadline. Who gives up may
   have been the one that was chosen to be woken: it leaves nobody asleep beside the element. In the place of a
   ring, the least that event.h asks for. */
#include <stdbool.h>

static bool taken_late;
#define MODEL_WAITS !taken_late
#include "model/model.h"

#include "sync/event.h"

static const unsigned model_threads = 3;
static _Atomic unsigned inside; /* 0 or 1 */
static event not_empty;

static bool try_take(void *context) {
  (void)context;
  unsigned one = 1;
  return atomic_load_explicit(&inside, memory_order_seq_cst) == 1 &&
         atomic_compare_exchange_strong_explicit(&inside, &one, 0, memory_order_seq_cst,
                                                 memory_order_relaxed);
}

static void put(void) {
  atomic_store_explicit(&inside, 1, memory_order_seq_cst);
  event_notify(&not_empty, 1);
}

static void model_prepare(void) {
  atomic_store_explicit(&inside, 0, memory_order_relaxed);
  event_init(&not_empty);
  taken_late = false;
}

/* Now the other consumer sleeps for good cause, and no checker need follow it; natively it gets the element. */
static void took_late(void) {
#ifdef MODEL_CHECKER
  taken_late = true;
#else
  put();
#endif
}

static void model_thread(unsigned number) {
  if (number == 0)
    put();
  else if (number == 1)
    event_wait(&not_empty, try_take, 0, UINT64_MAX);
  else if (event_wait(&not_empty, try_take, 0, 1))
    took_late();
}

static void model_check(void) {
  assert(atomic_load_explicit(&inside, memory_order_relaxed) == 0);
  assert(atomic_load_explicit(&not_empty.word, memory_order_relaxed) == 0);
}
