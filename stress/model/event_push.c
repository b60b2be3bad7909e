/* A producer of one element and a consumer who waits for it. The consumer comes back with it. */
#define MODEL_WAITS true
#include "model/model.h"

#include "model/groups.h"
#include "sync/event.h"
#include "sync/ring.h"

static const unsigned model_threads = 2;
static ring tested;
static _Atomic uint64_t slots[2];
static event not_empty;

static bool try_pop(void *handle) {
  return ring_pop(&tested, handle) == RING_OK;
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
    bool came = event_wait(&not_empty, try_pop, &element, UINT64_MAX);
    assert(came);
  }
}

static void model_check(void) {
  assert(ring_size(&tested) == 0);
  assert(atomic_load_explicit(&not_empty.word, memory_order_relaxed) == 0);
}
