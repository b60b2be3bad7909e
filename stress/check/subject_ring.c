#include <stdlib.h>

#include "check/subject.h"
#include "support/ring_invariants.h"
#include "support/stress.h"
#include "sync/line.h"
#include "sync/ring.h"

static group_store groups = GROUP_STORE_INIT;

subject_element subject_plain_make(uint32_t value) {
  return value;
}
uint32_t subject_plain_value(subject_element element) {
  return (uint32_t)element;
}
void subject_plain_drop(subject_element element) {
  (void)element;
}

static history_result result_of(ring_status status) {
  static const history_result results[] = {[RING_OK] = HISTORY_OK,
                                           [RING_FULL] = HISTORY_FULL,
                                           [RING_EMPTY] = HISTORY_EMPTY,
                                           [RING_CLOSED] = HISTORY_CLOSED};
  stress_check(status <= RING_CLOSED, "the ring answers %d", (int)status);
  return results[status];
}

/* Turns from 0, turns about to wrap, turns in which handles are about to go in one by one, positions that are about to
   wrap: of head, which counts in the bits that are left, or of the hint. */
static uint64_t some_first_turn(uint32_t shift, uint64_t *random) {
  const uint64_t turns[] = {0, RING_TURN_MASK - 1, (RING_TURN_MASK >> 2) - 3,
                            (UINT64_MAX >> GROUP_COUNT_BITS >> shift) - 1, (UINT64_MAX >> shift) - 1};
  return turns[stress_random_below(random, sizeof turns / sizeof *turns)];
}

static void *create(unsigned variant, uint32_t capacity, uint64_t *random) {
  (void)variant;
  uint32_t shift = ring_shift_for(capacity);
  ring *r = line_alloc(sizeof *r);
  _Atomic uint64_t *slots = line_alloc(sizeof *slots << shift);
  stress_check(r && slots, "no memory");
  ring_init(r, slots, capacity, some_first_turn(shift, random), &groups);
  return r;
}

static void destroy(void *queue) {
  ring *r = queue;
  const char *wrong = ring_invariants(r);
  stress_check(!wrong, "at rest the ring is not right: %s", wrong);
  free(r->slots);
  free(r);
}

static history_result push(void *queue, subject_element element, uint64_t deadline) {
  (void)deadline;
  return result_of(ring_push(queue, (uint32_t)element));
}

static history_result push_many(void *queue, const subject_element *elements, uint32_t k, uint64_t deadline,
                                uint32_t *pushed) {
  uint32_t handles[HISTORY_MANY];
  (void)deadline;
  for (uint32_t i = 0; i < k; i++) handles[i] = (uint32_t)elements[i];
  return result_of(ring_push_many(queue, handles, k, pushed));
}

static history_result pop(void *queue, subject_element *element, uint64_t deadline) {
  (void)deadline;
  uint32_t handle = 0;
  ring_status status = ring_pop(queue, &handle);
  *element = handle;
  return result_of(status);
}

static history_result pop_many(void *queue, subject_element *elements, uint32_t k, uint32_t *taken) {
  uint32_t handles[HISTORY_MANY];
  ring_status status = ring_pop_many(queue, handles, k, taken);
  /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): so many have been written */
  for (uint32_t i = 0; i < *taken; i++) elements[i] = handles[i];
  return result_of(status);
}

/* Handles stay what they are: every one can be retained at any time. */
static bool try_retain(uint32_t handle) {
  return handle != 0;
}
static void drop(uint32_t handle) {
  (void)handle;
}

static history_result peek(void *queue, subject_element *element) {
  uint32_t handle = 0;
  ring_status status = ring_peek(queue, try_retain, drop, &handle);
  *element = handle;
  return result_of(status);
}

static history_result close_ring(void *queue) {
  return result_of(ring_close(queue));
}

const subject subject_ring = {.name = "ring.h",
                              .create = create,
                              .destroy = destroy,
                              .make = subject_plain_make,
                              .value_of = subject_plain_value,
                              .drop = subject_plain_drop,
                              .push = push,
                              .push_many = push_many,
                              .pop = pop,
                              .pop_many = pop_many,
                              .peek = peek,
                              .close = close_ring};
