/* Two elements on a stack: three threads take one and put it back after writing to it. Nobody has what
   another one has, and both are there at last. */
#include "sync/stack.h"
#include "model/model.h"

static const unsigned model_threads = 3;
static stack tested;
static _Atomic uint64_t links[3];
static unsigned written[3]; /* not atomic: the stack must publish it */
static atomic_uint refused;

static _Atomic uint64_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  stack_init(&tested, 0);
  for (uint32_t handle = 1; handle <= 2; handle++) {
    written[handle] = 0;
    stack_push(&tested, link_of, 0, handle);
  }
  atomic_store_explicit(&refused, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  (void)number;
  uint32_t handle = stack_pop(&tested, link_of, 0);
  if (handle == 0) {
    atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
    return;
  }
  written[handle]++;
  stack_push(&tested, link_of, 0, handle);
}

static void model_check(void) {
  uint64_t pops, depth;
  stack_counts(&tested, link_of, 0, &pops, &depth);
  assert(depth == 2 && pops + atomic_load_explicit(&refused, memory_order_relaxed) == 3);
  uint32_t first = stack_pop(&tested, link_of, 0), second = stack_pop(&tested, link_of, 0);
  assert(first + second == 3 && stack_pop(&tested, link_of, 0) == 0);
  assert(written[1] + written[2] + atomic_load_explicit(&refused, memory_order_relaxed) == 3);
}
