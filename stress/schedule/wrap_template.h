/* Included once by a file that has said how wide RING_TURN_BITS and STACK_TAG_BITS are, if not as shipped, what flaw
   WRAP_FLAW there is, if any, and what WRAP_RING is called, and WRAP_STACK, if there is to be one. */
#include "schedule/wrap.h"
#include "schedule/wrong_push_many.h"
#include "support/ring_invariants.h"
#include "sync/ring.h"
#include "sync/stack.h"

static ring the_ring;
static _Atomic uint64_t slots[2 * (WRAP_CAPACITY_MAX + GROUP_MOST)];
static group_store groups = GROUP_STORE_INIT;

static void ring_create(uint32_t capacity, uint64_t first) {
  ring_init(&the_ring, slots, capacity, first, &groups);
}

static wrap_answer answer_of(ring_status status) {
  return status == RING_OK ? WRAP_OK : status == RING_FULL ? WRAP_FULL : WRAP_EMPTY;
}

static wrap_answer push_ring(uint32_t value) {
  return answer_of(ring_push(&the_ring, value));
}

static wrap_answer pop_ring(uint32_t *value) {
  return answer_of(ring_pop(&the_ring, value));
}

static wrap_answer push_many_ring(const uint32_t *values, uint32_t k, uint32_t *pushed) {
#ifdef WRAP_FLAW
  return answer_of(push_many_flawed(&the_ring, values, k, pushed, WRAP_FLAW));
#else
  return answer_of(ring_push_many(&the_ring, values, k, pushed));
#endif
}

static wrap_answer pop_many_ring(uint32_t *values, uint32_t k, uint32_t *taken) {
  return answer_of(ring_pop_many(&the_ring, values, k, taken));
}

static const char *ring_fault(void) {
  return ring_invariants(&the_ring);
}

const wrap_subject WRAP_RING = {.name = "ring",
                                .bits = RING_TURN_BITS,
                                .create = ring_create,
                                .push = push_ring,
                                .pop = pop_ring,
                                .push_many = push_many_ring,
                                .pop_many = pop_many_ring,
                                .fault = ring_fault};

#ifdef WRAP_STACK
static stack the_stack;
static _Atomic uint32_t links[WRAP_VALUES + 1];

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

const wrap_subject WRAP_STACK = {.name = "stack",
                                 .is_stack = true,
                                 .bits = STACK_TAG_BITS,
                                 .create = stack_create,
                                 .push = push_stack,
                                 .pop = pop_stack};
#endif
