/* Two elements on a stack: one takes one and puts it back, one does so twice, each writing to what it has.
   Nobody has what another one has, and both are there at last. */
#include "model/model.h"

#include "sync/stack.h"

static const unsigned model_threads = 2;
static stack tested;
static _Atomic uint32_t links[3];
static unsigned written[3]; /* not atomic: the stack must publish it */

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  atomic_store_explicit(&tested.head, 0, memory_order_relaxed);
  for (uint32_t handle = 0; handle <= 2; handle++) written[handle] = 0;
  for (uint32_t handle = 1; handle <= 2; handle++) stack_push(&tested, link_of, 0, handle);
}

static void model_thread(unsigned number) {
  for (unsigned i = 0; i <= number; i++) {
    uint32_t handle = stack_pop(&tested, link_of, 0);
    written[handle]++;
    stack_push(&tested, link_of, 0, handle);
  }
}

static void model_check(void) {
  uint32_t count;
  assert(stack_pops(&tested) == 3);
  assert(stack_count(&tested, link_of, 0, 4, &count) && count == 2);
  uint32_t first = stack_pop(&tested, link_of, 0), second = stack_pop(&tested, link_of, 0);
  assert(first + second == 3 && stack_pop(&tested, link_of, 0) == 0);
  assert(written[0] == 0 && written[1] + written[2] == 3);
}
