/* A lane with two batches, which its worker takes one after the other, and two threads, of which one waits until the lane is
   past the first and the other until it is past both, as event_wait does: registered, each sets its goal and looks. It finds
   the lane past it, or the worker, having got to a goal, finds it registered. */
#include "model/model.h"

#include "model/groups.h"

#include "core/drain.h"

static const unsigned model_threads = 3;
static ring lane;
static _Atomic uint64_t slots[4];
static turns worker;
static _Atomic unsigned registered, told, past;

static void model_prepare(void) {
  ring_init(&lane, slots, 2, 0, 0);
  turns_init(&worker, &lane);
  atomic_store_explicit(&registered, 0, memory_order_relaxed);
  atomic_store_explicit(&told, 0, memory_order_relaxed);
  atomic_store_explicit(&past, 0, memory_order_relaxed);
  assert(ring_push(&lane, 1) == RING_OK);
  assert(ring_push(&lane, 2) == RING_OK);
}

static void take_one(void) {
  uint32_t element;
  assert(ring_pop(&lane, &element) == RING_OK);
  if (turns_reach_goal(&worker))
    atomic_fetch_or_explicit(&told, atomic_load_explicit(&registered, memory_order_seq_cst),
                             memory_order_relaxed);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    take_one();
    take_one();
  } else {
    drain_wait wait = {&worker, number};
    atomic_fetch_or_explicit(&registered, number, memory_order_seq_cst);
    if (lane_is_past(&wait)) atomic_fetch_or_explicit(&past, number, memory_order_relaxed);
  }
}

static void model_check(void) {
  unsigned done =
      atomic_load_explicit(&past, memory_order_relaxed) | atomic_load_explicit(&told, memory_order_relaxed);
  assert(done == 3);
}
