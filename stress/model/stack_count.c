/* One pops the upper of two elements, pushes a new one and the first one again upon it; what another thread
   counts meanwhile is the number of elements under the head that it has found all the while. */
#include "model/model.h"

#include "sync/stack.h"

static const unsigned model_threads = 2;
static stack tested;
static _Atomic uint32_t links[4];

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  atomic_store_explicit(&tested.head, 0, memory_order_relaxed);
  stack_push(&tested, link_of, 0, 2);
  stack_push(&tested, link_of, 0, 1);
}

static uint64_t head_now(void) {
  return atomic_load_explicit(&tested.head, memory_order_relaxed);
}

/* No two heads are the same: at first, after the pop, and after the pushes. */
static uint32_t elements_under(uint64_t head) {
  if (head == stack_word(0, 1)) return 2;
  if (head == stack_word(1, 2)) return 1;
  return head == stack_word(1, 3) ? 2 : 3;
}

static void model_thread(unsigned number) {
  if (number == 0) {
    assert(stack_pop(&tested, link_of, 0) == 1);
    stack_push(&tested, link_of, 0, 3);
    stack_push(&tested, link_of, 0, 1);
  } else {
    uint32_t count;
    uint64_t before = head_now();
    bool is_exact = stack_count(&tested, link_of, 0, 4, &count);
    assert(!is_exact || before != head_now() || count == elements_under(before));
  }
}

static void model_check(void) {
  uint32_t count;
  assert(stack_count(&tested, link_of, 0, 4, &count) && count == 3);
  assert(stack_count(&tested, link_of, 0, 2, &count) && count == 2);
  assert(stack_pops(&tested) == 1);
}
