/* The ring against a plain model of a bounded queue, at every capacity and fill, and across the
   wrap of its turns. What threads do to it is shown by the stress programs. */
#include "sync/ring.h"

#include <stdlib.h>

#include "support/check.h"
#include "support/watchdog.h"

TestSuite(sync_ring, .init = watchdog_on);

enum { MOST = 16, MOST_SLOTS = 32 };

static const uint64_t first_turns[] = {0, 5, RING_TURN_MASK - 1, RING_TURN_MASK};
enum { FIRST_TURNS = sizeof first_turns / sizeof *first_turns };

typedef struct model {
  ring ring;
  _Atomic uint64_t slots[MOST_SLOTS];
  uint32_t inside[MOST], size, next; /* the oldest first; the next handle to push */
  bool closed;
} model;

static void model_init(model *m, uint32_t capacity, uint64_t first_turn) {
  cr_assert_leq(1u << ring_shift_for(capacity), MOST_SLOTS);
  ring_init(&m->ring, m->slots, capacity, first_turn);
  m->size = 0;
  m->next = 1;
  m->closed = false;
}

static void check_state(model *m) {
  cr_assert_eq(ring_size(&m->ring), m->size);
  cr_assert_eq(ring_is_closed(&m->ring), m->closed);
}

static void push(model *m) {
  ring_status expected = m->closed ? RING_CLOSED : m->size == m->ring.capacity ? RING_FULL : RING_OK;
  cr_assert_eq(ring_push(&m->ring, m->next), expected);
  if (expected == RING_OK) m->inside[m->size++] = m->next++;
}

static void remove_first(model *m, uint32_t n) {
  for (uint32_t i = n; i < m->size; i++) m->inside[i - n] = m->inside[i];
  m->size -= n;
}

static ring_status nothing(const model *m) {
  return m->closed ? RING_CLOSED : RING_EMPTY;
}

static void pop(model *m) {
  uint32_t handle = 0;
  cr_assert_eq(ring_pop(&m->ring, &handle), m->size ? RING_OK : nothing(m));
  if (!m->size) return;
  cr_assert_eq(handle, m->inside[0]);
  remove_first(m, 1);
}

static void pop_many(model *m, uint32_t k) {
  uint32_t handles[MOST], taken = 99, expected = k < m->size ? k : m->size;
  cr_assert_eq(ring_pop_many(&m->ring, handles, k, &taken), m->size ? RING_OK : nothing(m));
  cr_assert_eq(taken, expected);
  for (uint32_t i = 0; i < taken; i++) cr_assert_eq(handles[i], m->inside[i]);
  remove_first(m, taken);
}

static uint32_t retained, retain_refuses;
static bool try_retain(uint32_t handle) {
  if (handle == retain_refuses) return false;
  retained++;
  return true;
}
static void drop(uint32_t handle) {
  (void)handle;
  retained--;
}

static void peek(model *m) {
  uint32_t handle = 0;
  retained = 0;
  cr_assert_eq(ring_peek(&m->ring, try_retain, drop, &handle), m->size ? RING_OK : nothing(m));
  cr_assert_eq(retained, m->size ? 1 : 0);
  if (m->size) cr_assert_eq(handle, m->inside[0]);
}

static void close_ring(model *m) {
  cr_assert_eq(ring_close(&m->ring), m->closed ? RING_CLOSED : RING_OK);
  m->closed = true;
}

Test(sync_ring, slots_are_a_power_of_two_with_one_to_spare) {
  for (uint32_t capacity = 1; capacity <= 1000; capacity++) {
    uint64_t slots = UINT64_C(1) << ring_shift_for(capacity);
    cr_assert_geq(slots, capacity + 1);
    cr_assert(slots / 2 < (uint64_t)capacity + 1 || slots == 2);
  }
  cr_assert_eq(ring_shift_for(RING_MAX_CAPACITY), 24);
}

Test(sync_ring, it_answers_as_a_plain_queue_does) {
  srand(20240);
  for (uint32_t capacity = 1; capacity <= MOST - 1; capacity++)
    for (int t = 0; t < FIRST_TURNS; t++) {
      model m;
      model_init(&m, capacity, first_turns[t]);
      int bias = 0;
      for (int i = 0; i < 4000; i++) {
        if (i % 100 == 0) bias = rand() % 9; /* now rather full, now rather empty */
        int what = rand() % 16;
        if (what < 3 + bias)
          push(&m);
        else if (what < 12)
          pop(&m);
        else if (what == 12)
          pop_many(&m, 1 + (uint32_t)rand() % MOST);
        else
          peek(&m);
        check_state(&m);
      }
    }
}

Test(sync_ring, it_closes_at_every_position_and_fill) {
  for (uint32_t capacity = 1; capacity <= 7; capacity++)
    for (int t = 0; t < FIRST_TURNS; t++)
      for (uint32_t passed = 0; passed < 20; passed++)
        for (uint32_t fill = 0; fill <= capacity; fill++) {
          model m;
          model_init(&m, capacity, first_turns[t]);
          for (uint32_t i = 0; i < passed; i++) {
            push(&m);
            pop(&m);
          }
          for (uint32_t i = 0; i < fill; i++) push(&m);
          close_ring(&m);
          check_state(&m);
          push(&m);
          close_ring(&m);
          peek(&m);
          if (fill > 2) pop_many(&m, 2);
          while (m.size) pop(&m);
          check_state(&m);
          push(&m);
          pop(&m);
          pop_many(&m, 3);
          peek(&m);
          check_state(&m);
        }
}

Test(sync_ring, peek_tells_an_element_that_was_released_once_too_often) {
  model m;
  uint32_t handle;
  model_init(&m, 2, 0);
  push(&m);
  retained = 0;
  retain_refuses = m.inside[0];
  cr_assert_eq(ring_peek(&m.ring, try_retain, drop, &handle), RING_FREED);
  cr_assert_eq(retained, 0);
  retain_refuses = 0;
  pop(&m);
}

Test(sync_ring, the_largest_handle_passes) {
  model m;
  uint32_t handle = 0;
  model_init(&m, 1, 0);
  cr_assert_eq(ring_push(&m.ring, RING_CLOSED_HANDLE - 1), RING_OK);
  cr_assert_eq(ring_pop(&m.ring, &handle), RING_OK);
  cr_assert_eq(handle, RING_CLOSED_HANDLE - 1);
}

/* A hint that lags costs probes, never answers. */
Test(sync_ring, an_older_hint_is_as_good) {
  for (uint32_t capacity = 1; capacity <= 5; capacity++) {
    model m;
    model_init(&m, capacity, RING_TURN_MASK - 2);
    uint64_t first = atomic_load(&m.ring.tail_hint);
    for (int i = 0; i < 200; i++) {
      atomic_store(&m.ring.tail_hint, first);
      check_state(&m);
      push(&m);
      if (i % 3) pop(&m);
      check_state(&m);
    }
    atomic_store(&m.ring.tail_hint, first);
    close_ring(&m);
    atomic_store(&m.ring.tail_hint, first);
    check_state(&m);
    push(&m);
    while (m.size) pop(&m);
    atomic_store(&m.ring.tail_hint, first);
    push(&m);
    pop(&m);
    check_state(&m);
  }
}
