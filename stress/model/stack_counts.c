/* One pops the upper of two elements, pushes a new one and the first one again upon it; what another thread
   reads meanwhile, pops and depth, was so at one instant. */
#include "model/model.h"

#include "sync/stack.h"

static const unsigned model_threads = 2;
static stack tested;
static _Atomic uint64_t links[4];

static _Atomic uint64_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  stack_init(&tested, 0);
  stack_push(&tested, link_of, 0, 2);
  stack_push(&tested, link_of, 0, 1);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    assert(stack_pop(&tested, link_of, 0) == 1);
    stack_push(&tested, link_of, 0, 3);
    stack_push(&tested, link_of, 0, 1);
  } else {
    uint64_t pops, depth;
    stack_counts(&tested, link_of, 0, &pops, &depth);
    assert(pops == 0 ? depth == 2 : pops == 1 && depth >= 1 && depth <= 3);
  }
}

static void model_check(void) {
  uint64_t pops, depth;
  stack_counts(&tested, link_of, 0, &pops, &depth);
  assert(pops == 1 && depth == 3);
}
