/* One pushes and then looks for a note; one leaves a note and then pops until the stack is empty, while a
   third one pops what was there or what has come. The element that came is found, or the note is. So pools
   shrink, and so their waiters wait. */
#include "model/model.h"

#include "sync/stack.h"

static const unsigned model_threads = 3;
static stack tested;
static _Atomic uint32_t links[3];
static _Atomic unsigned note;
static bool found_note;

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  atomic_store_explicit(&tested.head, 0, memory_order_relaxed);
  stack_push(&tested, link_of, 0, 1);
  atomic_store_explicit(&note, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    stack_push(&tested, link_of, 0, 2);
    found_note = atomic_load_explicit(&note, memory_order_seq_cst) != 0;
  } else if (number == 1) {
    atomic_store_explicit(&note, 1, memory_order_seq_cst);
    while (stack_pop(&tested, link_of, 0) != 0)
      ;
  } else {
    stack_pop(&tested, link_of, 0);
  }
}

static void model_check(void) {
  assert(found_note || stack_pop(&tested, link_of, 0) == 0);
}
