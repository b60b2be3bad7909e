/* The ring against a plain model of a bounded queue, at every capacity and fill, and across the
   wrap of its turns. What threads do to it is shown by the stress programs. */
#include "sync/ring.h"

#include <stdlib.h>

#include "support/check.h"
#include "support/ring_invariants.h"
#include "support/watchdog.h"

TestSuite(sync_ring, .init = watchdog_on);

enum { MOST = 100, MOST_SLOTS = 1 << RING_MIN_SHIFT };

static group_store groups = GROUP_STORE_INIT;

static const uint64_t first_turns[] = {0, 5, RING_TURN_MASK - 1, RING_TURN_MASK};
enum { FIRST_TURNS = sizeof first_turns / sizeof *first_turns };

typedef struct model {
  ring ring;
  _Atomic uint64_t slots[MOST_SLOTS];
  uint32_t inside[MOST], size, next; /* the oldest first; the next handle to push */
  bool closed, renews;               /* turns in which nothing goes in but one by one may come */
} model;

static void model_init(model *m, uint32_t capacity, uint64_t first_turn) {
  cr_assert_leq(1u << ring_shift_for(capacity), MOST_SLOTS);
  ring_init(&m->ring, m->slots, capacity, first_turn, &groups);
  m->size = 0;
  m->next = 1;
  m->closed = false;
  m->renews = first_turn != 0 && first_turn != 5;
}

static void check_state(model *m) {
  const char *wrong = ring_invariants(&m->ring);
  cr_assert_null(wrong, "%s", wrong);
  cr_assert_eq(ring_size(&m->ring), m->size);
  cr_assert_eq(ring_is_closed(&m->ring), m->closed);
}

static void push(model *m) {
  ring_status expected = m->closed ? RING_CLOSED : m->size == m->ring.capacity ? RING_FULL : RING_OK;
  cr_assert_eq(ring_push(&m->ring, m->next), expected);
  if (expected == RING_OK) m->inside[m->size++] = m->next++;
}

static void push_many(model *m, uint32_t k) {
  uint32_t handles[MOST], pushed = 99, room = m->ring.capacity - m->size, expected = k < room ? k : room;
  for (uint32_t i = 0; i < k; i++) handles[i] = m->next + i;
  ring_status status = ring_push_many(&m->ring, handles, k, &pushed);
  cr_assert_eq(status, m->closed ? RING_CLOSED : room == 0 ? RING_FULL : RING_OK);
  if (status != RING_OK) expected = 0;
  if (expected > RING_GROUP_MOST) expected = RING_GROUP_MOST;
  if (pushed != expected) cr_assert(pushed == 1 && expected > 1 && m->renews);
  for (uint32_t i = 0; i < pushed; i++) m->inside[m->size++] = m->next++;
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

Test(sync_ring, slots_are_a_power_of_two_with_a_group_to_spare) {
  for (uint32_t capacity = 1; capacity <= 5000; capacity++) {
    uint64_t slots = UINT64_C(1) << ring_shift_for(capacity);
    cr_assert_geq(slots, capacity + RING_GROUP_MOST);
    cr_assert(slots / 2 < (uint64_t)capacity + RING_GROUP_MOST || slots == 1 << RING_MIN_SHIFT);
  }
  cr_assert_eq(ring_shift_for(RING_MAX_CAPACITY), 24);
}

Test(sync_ring, it_answers_as_a_plain_queue_does) {
  srand(20240);
  for (uint32_t capacity = 1; capacity <= MOST - 1; capacity += capacity < 16 ? 1 : 23)
    for (int t = 0; t < FIRST_TURNS; t++) {
      model m;
      model_init(&m, capacity, first_turns[t]);
      int bias = 0;
      for (int i = 0; i < 4000; i++) {
        if (i % 100 == 0) bias = rand() % 9; /* now rather full, now rather empty */
        int what = rand() % 16;
        if (what < 3 + bias && rand() % 3 == 0)
          push_many(&m, 1 + (uint32_t)rand() % MOST);
        else if (what < 3 + bias)
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
          if (passed % 2 == 0)
            for (uint32_t i = 0; i < fill; i++) push(&m);
          else if (fill > 0)
            push_many(&m, fill);
          while (m.size < fill) push(&m);
          close_ring(&m);
          check_state(&m);
          push(&m);
          push_many(&m, 2);
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

/* As many slots inside groups are never written as groups are long, for as long as they keep their length. */
Test(sync_ring, slots_that_lay_inside_groups_for_ever_can_still_be_filled) {
  enum { LAPS = 3 };
  for (uint32_t k = 2; k <= RING_GROUP_MOST; k *= 2) {
    model m;
    model_init(&m, k, 0);
    uint64_t steps = ((uint64_t)LAPS << m.ring.shift) / k;
    for (uint64_t i = 0; i < steps; i++) {
      push_many(&m, k);
      pop_many(&m, k);
    }
    check_state(&m);
    push(&m); /* from here on others are starts */
    pop(&m);
    for (uint64_t i = 0; i < steps; i++) {
      push_many(&m, k);
      check_state(&m);
      pop_many(&m, k);
    }
  }
}

Test(sync_ring, groups_go_in_one_by_one_in_the_turns_that_renew_the_slots) {
  const uint64_t period = UINT64_C(1) << (RING_TURN_BITS - 2);
  const uint64_t turns[] = {0, 1, period - 3, period - 2, period - 1, period, 4 * period - 2};
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    uint32_t handles[2] = {1, 2}, pushed;
    model m;
    model_init(&m, 8, turns[i]);
    cr_assert_eq(ring_push_many(&m.ring, handles, 2, &pushed), RING_OK);
    cr_assert_eq(pushed, turns[i] % period == period - 2 || turns[i] % period == period - 1 ? 1 : 2);
  }
}

Test(sync_ring, a_group_that_is_in_two_entries_breaks_an_invariant) {
  model m;
  model_init(&m, 8, 0);
  push_many(&m, 2);
  push(&m);
  push_many(&m, 2);
  check_state(&m);
  uint64_t shared = ring_handle(atomic_load(ring_slot(&m.ring, 0)));
  atomic_store(ring_slot(&m.ring, 3), ring_word(1, 2, shared));
  cr_assert_not_null(ring_invariants(&m.ring));
}

Test(sync_ring, without_a_store_of_groups_handles_go_in_one_by_one) {
  static _Atomic uint64_t slots[MOST_SLOTS];
  uint32_t handles[3] = {1, 2, 3}, pushed;
  ring r;
  ring_init(&r, slots, 5, 0, NULL);
  for (uint32_t i = 1; i <= 5; i++) {
    cr_assert_eq(ring_push_many(&r, handles, 3, &pushed), RING_OK);
    cr_assert_eq(pushed, 1);
  }
  cr_assert_eq(ring_push_many(&r, handles, 3, &pushed), RING_FULL);
  cr_assert_eq(pushed, 0);
}
