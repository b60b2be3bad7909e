/* One element inside and a producer of another, a consumer who waits for one and one who polls for one. Both come
   back: the token that the consumer was given and did not need, since it found the first element before it slept, was
   not given in place of the descriptor's. In the place of a ring, the least that event.h asks for. */
#define MODEL_WAITS true
#include "model/model.h"

#include "sync/event.h"

static const unsigned model_threads = 3;
static _Atomic unsigned inside;
static event not_empty;

static bool is_there(void *context) {
  (void)context;
  return atomic_load_explicit(&inside, memory_order_seq_cst) > 0;
}

static bool try_take(void *context) {
  (void)context;
  unsigned n = atomic_load_explicit(&inside, memory_order_seq_cst);
  while (n > 0)
    if (atomic_compare_exchange_strong_explicit(&inside, &n, n - 1, memory_order_seq_cst,
                                                memory_order_seq_cst))
      return true;
  return false;
}

static void put(void) {
  atomic_fetch_add_explicit(&inside, 1, memory_order_seq_cst);
  event_notify(&not_empty, 1);
}

static void model_prepare(void) {
  atomic_store_explicit(&inside, 1, memory_order_relaxed);
  event_init(&not_empty);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    put();
  } else if (number == 1) {
    event_wait(&not_empty, try_take, 0, UINT64_MAX);
  } else {
    while (!try_take(0)) {
      event_arm(&not_empty, is_there, 0);
      port_model_poll(&not_empty.descriptor);
    }
  }
}

static void model_check(void) {
  assert(atomic_load_explicit(&inside, memory_order_relaxed) == 0);
  assert((atomic_load_explicit(&not_empty.word, memory_order_relaxed) & ~EVENT_ARMED) == 0);
}
