/* Two push an element each beside one that pops and pushes again: each finds the depth of what it pushes
   upon, so that at last the depth is exact. */
#include "model/model.h"

#include "sync/stack.h"

static const unsigned model_threads = 3;
static stack tested;
static _Atomic uint64_t links[4];

static _Atomic uint64_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  stack_init(&tested, 0);
  stack_push(&tested, link_of, 0, 1);
}

static void model_thread(unsigned number) {
  uint32_t handle = number == 0 ? stack_pop(&tested, link_of, 0) : number + 1;
  stack_push(&tested, link_of, 0, handle);
}

static void model_check(void) {
  uint64_t pops, depth;
  stack_counts(&tested, link_of, 0, &pops, &depth);
  assert(pops == 1 && depth == 3);
}
