/* Two waiting consumers, a producer of two elements and a thief who takes one without waiting, if it can;
   the producer makes up for it. Both consumers come back. */
#include "model/model.h"
#include "sync/event.h"
#include "sync/ring.h"

static const unsigned model_threads = 4;
static ring tested;
static _Atomic uint64_t slots[4];
static event not_empty;
static atomic_uint stolen; /* 0: not known yet; 1: nothing; 2: one element */

static bool try_pop(void *handle) {
  return ring_pop(&tested, handle) == RING_OK;
}

static void model_prepare(void) {
  ring_init(&tested, slots, 3, 0);
  event_init(&not_empty);
  atomic_store_explicit(&stolen, 0, memory_order_relaxed);
}

static void push(uint32_t element) {
  assert(ring_push(&tested, element) == RING_OK);
  event_notify(&not_empty, 1);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    push(1);
    push(2);
    PORT_MODEL_AWAIT(atomic_load_explicit(&stolen, memory_order_acquire) != 0);
    if (atomic_load_explicit(&stolen, memory_order_acquire) == 2) push(3);
  } else if (number == 1) {
    atomic_store_explicit(&stolen, 1u + try_pop(&element), memory_order_release);
  } else {
    bool came = event_wait(&not_empty, try_pop, &element, UINT64_MAX);
    assert(came);
  }
}

static void model_check(void) {
  assert(ring_size(&tested) == 0);
  assert(atomic_load_explicit(&not_empty.word, memory_order_relaxed) == 0);
}
