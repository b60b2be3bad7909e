/* A pool of one batch, which is out: one gives it back, as pool_take_back does, one shrinks the pool to nothing,
   as pool_set_size does. The batch is retired, by one of them, and is not idle in a pool of none. */
#include "model/model.h"

#include "core/pool_size.h"
#include "sync/stack.h"

static const unsigned model_threads = 2;
static stack idle;
static _Atomic uint32_t links[2];
static _Atomic uint64_t size;
static _Atomic unsigned retired;

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void model_prepare(void) {
  atomic_store_explicit(&idle.head, 0, memory_order_relaxed);
  atomic_store_explicit(&size, pool_size_word(1, 0, 0), memory_order_relaxed);
  atomic_store_explicit(&retired, 0, memory_order_relaxed);
}

static void retire(void) {
  atomic_fetch_add_explicit(&retired, 1, memory_order_relaxed);
}

static void retire_idle(void) {
  while (pool_size_has_surplus(&size)) {
    uint32_t handle = stack_pop(&idle, link_of, 0);
    if (handle == 0) return;
    if (pool_size_claim(&size))
      retire();
    else
      stack_push(&idle, link_of, 0, handle);
  }
}

static void model_thread(unsigned number) {
  if (number == 0) {
    if (pool_size_claim(&size)) {
      retire();
      return;
    }
    stack_push(&idle, link_of, 0, 1);
  } else {
    uint64_t seen = atomic_load_explicit(&size, memory_order_relaxed);
    while (!pool_size_change(&size, &seen, 0))
      ;
  }
  retire_idle();
}

static void model_check(void) {
  assert(atomic_load_explicit(&retired, memory_order_relaxed) == 1);
  assert(atomic_load_explicit(&size, memory_order_relaxed) == pool_size_word(0, 0, 0));
}
