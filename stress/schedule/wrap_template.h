/* Included once by a file that has said how wide RING_TURN_BITS and STACK_TAG_BITS are, if not as
   shipped, and what WRAP_RING and WRAP_STACK are called. */
#include "schedule/wrap.h"
#include "sync/ring.h"
#include "sync/stack.h"

static ring the_ring;
static _Atomic uint64_t slots[2 * (WRAP_CAPACITY_MAX + GROUP_MOST)];
static stack the_stack;
static _Atomic uint32_t links[WRAP_VALUES + 1];

static void ring_create(uint32_t capacity, uint64_t first) {
  ring_init(&the_ring, slots, capacity, first, NULL);
}

static wrap_answer push_ring(uint32_t value) {
  return ring_push(&the_ring, value) == RING_OK ? WRAP_OK : WRAP_FULL;
}

static wrap_answer pop_ring(uint32_t *value) {
  return ring_pop(&the_ring, value) == RING_OK ? WRAP_OK : WRAP_EMPTY;
}

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

static void stack_create(uint32_t capacity, uint64_t first) {
  (void)capacity;
  atomic_store_explicit(&the_stack.head, stack_word(first, 0), memory_order_relaxed);
}

static wrap_answer push_stack(uint32_t value) {
  stack_push(&the_stack, link_of, NULL, value);
  return WRAP_OK;
}

static wrap_answer pop_stack(uint32_t *value) {
  *value = stack_pop(&the_stack, link_of, NULL);
  return *value ? WRAP_OK : WRAP_EMPTY;
}

const wrap_subject WRAP_RING = {"ring", false, ring_create, push_ring, pop_ring};
const wrap_subject WRAP_STACK = {"stack", true, stack_create, push_stack, pop_stack};
