/* A ring with an event: two producers of one element each, a consumer that waits for one, and one that
   gives up at a deadline. The waiting one is never left asleep beside an element, and no waiter or
   token is left at rest. */
#include "sync/event.h"
#include "model/model.h"
#include "sync/ring.h"

static const unsigned model_threads = 4;
static ring tested;
static _Atomic uint64_t slots[4];
static event not_empty;
static unsigned popped[4];

static bool try_pop(void *handle) {
  return ring_pop(&tested, handle) == RING_OK;
}

static void model_prepare(void) {
  ring_init(&tested, slots, 3, 0);
  event_init(&not_empty);
}

static void model_thread(unsigned number) {
  uint32_t element;
  popped[number] = 0;
  if (number < 2) {
    assert(ring_push(&tested, number + 1) == RING_OK);
    event_notify(&not_empty, 1);
  } else {
    bool came = event_wait(&not_empty, try_pop, &element, number == 2 ? UINT64_MAX : 1);
    assert(came || number == 3);
    popped[number] = came;
  }
}

static void model_check(void) {
  assert(popped[2] == 1);
  assert(popped[2] + popped[3] + ring_size(&tested) == 2);
  assert(atomic_load_explicit(&not_empty.word, memory_order_relaxed) == 0);
}
