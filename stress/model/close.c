/* Capacity 1, full: one closes, one pushes, one pops twice. A push that succeeds is popped, none succeeds
   after the close, CLOSED is told to a pop only when all is out. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 3;
static ring tested;
static _Atomic uint64_t slots[2];
static atomic_bool closed;
static bool pushed;
static unsigned popped;

static void model_prepare(void) {
  ring_init(&tested, slots, 1, 0, 0);
  assert(ring_push(&tested, 1) == RING_OK);
  atomic_store_explicit(&closed, false, memory_order_relaxed);
  pushed = false;
  popped = 0;
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    assert(ring_close(&tested) == RING_OK);
    atomic_store_explicit(&closed, true, memory_order_release);
  } else if (number == 1) {
    bool after = atomic_load_explicit(&closed, memory_order_acquire);
    ring_status status = ring_push(&tested, 2);
    assert(!after || status == RING_CLOSED);
    pushed = status == RING_OK;
  } else {
    for (unsigned i = 0; i < 2; i++) popped += ring_pop(&tested, &element) == RING_OK;
  }
}

static void model_check(void) {
  uint32_t element;
  while (ring_pop(&tested, &element) == RING_OK) popped++;
  assert(ring_pop(&tested, &element) == RING_CLOSED);
  assert(ring_is_closed(&tested) && ring_push(&tested, 3) == RING_CLOSED);
  assert(popped == 1u + pushed);
}
