/* A pop, seen by another one that finds the stack empty; one that is not the first does not find an
   element. */
#include "model/witness.h"

#include "sync/stack.h"

static stack tested;
static _Atomic uint32_t links[2];

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void witness_prepare(void) {
  atomic_store_explicit(&tested.head, 0, memory_order_relaxed);
  stack_push(&tested, link_of, 0, 1);
}

static void witness_change(void) {
  stack_pop(&tested, link_of, 0);
}

static bool witness_sees_change(void) {
  return stack_pop(&tested, link_of, 0) == 0;
}
static bool witness_sees_none(void) {
  return stack_pop(&tested, link_of, 0) == 1;
}
