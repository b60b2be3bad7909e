/* A producer of one element, and one who polls for it. It comes back with it; so it would whatever event_arm had
   answered: what is there makes the descriptor readable. */
#define MODEL_WAITS true
#include "model/model.h"

#include "model/groups.h"
#include "sync/event.h"
#include "sync/ring.h"

static const unsigned model_threads = 2;
static ring tested;
static _Atomic uint64_t slots[2];
static event not_empty;

static bool is_there(void *context) {
  (void)context;
  return !ring_is_empty(&tested);
}

static void model_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  event_init(&not_empty);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(ring_push(&tested, 1) == RING_OK);
    event_notify(&not_empty, 1);
  } else {
    while (ring_pop(&tested, &element) != RING_OK) {
      event_arm(&not_empty, is_there, 0);
      port_model_poll(&not_empty.descriptor);
    }
  }
}

static void model_check(void) {
  assert(ring_size(&tested) == 0);
  assert((atomic_load_explicit(&not_empty.word, memory_order_relaxed) & ~EVENT_ARMED) == 0);
}
