/* A lane with one batch, its worker, and one who drains it: who comes back finds the batch processed, and nobody is left
   asleep. */
#define MODEL_WAITS true
#include "model/model.h"

#include "model/groups.h"

#include "core/drain.h"

static const unsigned model_threads = 2;
static ring lane;
static _Atomic uint64_t slots[2];
static drains all;
static turns worker;
static bool processed;

static void model_prepare(void) {
  ring_init(&lane, slots, 1, 0, 0);
  drains_init(&all);
  turns_init(&worker, &lane);
  processed = false;
  assert(ring_push(&lane, 1) == RING_OK);
}

static void model_thread(unsigned number) {
  uint32_t element;
  if (number == 0) {
    turn_begin(&worker);
    assert(ring_pop(&lane, &element) == RING_OK);
    processed = true;
    turn_end(&all, &worker, &worker);
  } else {
    drain_begin(&all);
    drain_lane(&all, &worker, 1);
    drain_turn(&all, &worker);
    drain_end(&all);
    assert(processed);
  }
}

static void model_check(void) {
  assert(atomic_load_explicit(&all.over.word, memory_order_relaxed) == 0);
  assert(atomic_load_explicit(&all.count, memory_order_relaxed) == 0);
}
