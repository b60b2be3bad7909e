/* A pool of one batch, which is out: one gives it back and wakes the borrowers that it sees, as pool_take_back does; one
   borrows the pool and looks for a batch, as the threads of a loader do. The batch is found, or the borrower woken. */
#include "model/model.h"

#include "core/pool_size.h"
#include "sync/stack.h"

static const unsigned model_threads = 2;
static stack idle;
static _Atomic uint32_t links[2];
static _Atomic uint64_t size;
static _Atomic unsigned found, woken;

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  atomic_store_explicit(&idle.head, 0, memory_order_relaxed);
  atomic_store_explicit(&size, pool_size_word(1, 0, 0), memory_order_relaxed);
  atomic_store_explicit(&found, 0, memory_order_relaxed);
  atomic_store_explicit(&woken, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  uint32_t there;
  if (number == 0) {
    stack_push(&idle, link_of, 0, 1);
    atomic_store_explicit(&woken, pool_loans_of(pool_size_look(&size)), memory_order_relaxed);
  } else {
    assert(pool_size_lend(&size, &there) == 0 && there == 1);
    atomic_store_explicit(&found, stack_pop(&idle, link_of, 0) != 0, memory_order_relaxed);
  }
}

static void model_check(void) {
  assert(atomic_load_explicit(&found, memory_order_relaxed) ||
         atomic_load_explicit(&woken, memory_order_relaxed));
}
