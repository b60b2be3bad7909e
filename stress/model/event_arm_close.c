/* Two poll one descriptor for what is closed for good. Both come back: who drains the descriptor of what was meant for
   both looks afterwards, and makes it readable again. */
#define MODEL_WAITS true
#include "model/model.h"

#include "sync/event.h"

static const unsigned model_threads = 3;
static _Atomic bool closed;
static event changed;

static bool is_closed(void *context) {
  (void)context;
  return atomic_load_explicit(&closed, memory_order_seq_cst);
}

static void model_prepare(void) {
  atomic_store_explicit(&closed, false, memory_order_relaxed);
  event_init(&changed);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    atomic_store_explicit(&closed, true, memory_order_seq_cst);
    event_notify_all(&changed);
  } else {
    do {
      event_arm(&changed, is_closed, 0);
      port_model_poll(&changed.descriptor);
    } while (!is_closed(0));
  }
}

static void model_check(void) {
  assert((atomic_load_explicit(&changed.word, memory_order_relaxed) & ~EVENT_ARMED) == 0);
}
