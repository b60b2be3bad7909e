/* The window against a plain model of one, at every size, published in every order, and across the wrap of its
   turns; and how its takers wait. What many threads do to it is shown by the proofs and stress_window. */
#include "sync/window.h"

#include <pthread.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/watchdog.h"

TestSuite(sync_window, .init = watchdog_on);

enum { MOST = 16, ROUNDS = 4000, FIRSTS = 4 };

typedef struct model {
  window window;
  _Atomic uint64_t slots[MOST];
  uint64_t entries[MOST]; /* what lies beside the slots */
  uint64_t first, head, total;
  bool published[ROUNDS]; /* by position, from first */
  bool closed;
  uint64_t read; /* by the last look */
} model;

/* Where the turn of a slot is 0, is not, wraps soon, or with the next lap. */
static uint64_t first_at(uint32_t size, unsigned number) {
  static const uint64_t turns[FIRSTS] = {0, 5, WINDOW_TURN_MASK - 1, WINDOW_TURN_MASK};
  return turns[number] << window_shift_for(size);
}

static void model_init(model *m, uint32_t size, uint64_t first, uint64_t count) {
  *m = (model){.first = first, .head = first, .total = first + count};
  cr_assert_leq(1u << window_shift_for(size), MOST);
  window_init(&m->window, m->slots, size, first, m->total);
}

static uint32_t handle_at(uint64_t position) {
  return (uint32_t)(position * 7919 % HANDLE_MAX) + 1;
}

static bool *is_published(model *m, uint64_t position) {
  return &m->published[position - m->first];
}

static bool is_inside(const model *m, uint64_t position) {
  return position - m->head < m->window.size && position < m->total;
}

static void publish(model *m, uint64_t position) {
  m->entries[position & m->window.mask] = position;
  cr_assert(window_publish(&m->window, position, handle_at(position)));
  *is_published(m, position) = true;
}

/* A position that is inside and not published; the head when all are. */
static uint64_t draw(model *m) {
  for (uint32_t i = 0, from = (uint32_t)rand(); i < m->window.size; i++) {
    uint64_t position = m->head + (from + i) % m->window.size;
    if (is_inside(m, position) && !*is_published(m, position)) return position;
  }
  return m->head;
}

static bool look(void *context, uint64_t position) {
  model *m = context;
  cr_assert_eq(position, m->head, "looked at another position than the one at the head");
  m->read = m->entries[position & m->window.mask];
  return true;
}

static window_status expected(model *m) {
  if (m->closed) return WINDOW_CLOSED;
  if (m->head == m->total) return WINDOW_END;
  return *is_published(m, m->head) ? WINDOW_OK : WINDOW_EMPTY;
}

static void take(model *m) {
  window_taken taken = {0, 0};
  window_status status = expected(m);
  cr_assert_eq(window_take(&m->window, look, m, &taken, 0), status);
  if (status != WINDOW_OK) return;
  cr_assert_eq(taken.position, m->head);
  cr_assert_eq(taken.handle, handle_at(m->head));
  cr_assert_eq(m->read, m->head);
  m->head++;
}

static void check_state(model *m) {
  uint32_t depth = 0;
  for (uint64_t p = m->head; is_inside(m, p); p++) {
    bool there = *is_published(m, p);
    depth += there;
    cr_assert_eq(window_at(&m->window, p), there ? handle_at(p) : 0);
  }
  cr_assert_eq(window_depth(&m->window), depth);
  cr_assert_eq(window_head(&m->window), m->head);
}

static void refuse(model *m, uint64_t position) {
  cr_assert_not(window_publish(&m->window, position, 1));
}

Test(sync_window, slots_are_the_next_power_of_two) {
  for (uint32_t size = 1; size <= 1000; size++) {
    uint64_t slots = UINT64_C(1) << window_shift_for(size);
    cr_assert(slots >= size && slots / 2 < size);
  }
  cr_assert_eq(window_shift_for(WINDOW_MAX_SIZE), HANDLE_BITS);
}

Test(sync_window, what_is_published_in_any_order_is_taken_in_order) {
  static model m;
  srand(20250);
  for (uint32_t size = 1; size <= MOST; size++)
    for (unsigned f = 0; f < FIRSTS; f++) {
      model_init(&m, size, first_at(size, f), ROUNDS);
      while (m.head < m.total) {
        uint64_t position = draw(&m);
        if (rand() % 2 && !*is_published(&m, position))
          publish(&m, position);
        else
          take(&m);
        if (rand() % 16 == 0) check_state(&m);
      }
      take(&m);
      check_state(&m);
    }
}

Test(sync_window, a_position_that_is_not_inside_is_refused_and_changes_nothing) {
  static model m;
  for (uint32_t size = 1; size <= MOST; size++)
    for (unsigned f = 0; f < FIRSTS; f++) {
      model_init(&m, size, first_at(size, f), ROUNDS);
      for (unsigned i = 0; i < 40; i++) {
        refuse(&m, m.head + size);
        refuse(&m, m.head + 5 * size);
        refuse(&m, m.head - 1);
        refuse(&m, m.head + (UINT64_C(1) << 63));
        publish(&m, m.head + size - 1);
        if (!*is_published(&m, m.head)) publish(&m, m.head);
        check_state(&m);
        while (*is_published(&m, m.head)) take(&m);
      }
    }
}

Test(sync_window, a_closed_window_gives_nothing_and_keeps_what_it_has) {
  static model m;
  model_init(&m, 4, 0, 10);
  publish(&m, 1);
  publish(&m, 0);
  take(&m);
  window_close(&m.window);
  window_close(&m.window);
  m.closed = true;
  take(&m);
  publish(&m, 3);
  take(&m);
  check_state(&m);
}

Test(sync_window, tickets_are_the_positions_in_order) {
  static model m;
  model_init(&m, 3, first_at(3, 2), 100);
  for (uint64_t p = m.first; p < m.total; p++) {
    cr_assert_eq(window_ticket(&m.window), p);
    publish(&m, p);
    take(&m);
  }
}

Test(sync_window, the_largest_handle_passes) {
  static model m;
  window_taken taken;
  model_init(&m, 1, first_at(1, 3), 10);
  cr_assert(window_publish(&m.window, m.first, HANDLE_MAX));
  cr_assert_eq(window_take(&m.window, look, &m, &taken, 0), WINDOW_OK);
  cr_assert_eq(taken.handle, HANDLE_MAX);
}

typedef struct waiter {
  pthread_t thread;
  window *window;
  window_taken taken;
  window_status status;
} waiter;

static bool leave(void *context, uint64_t position) {
  model *m = context;
  m->read = m->entries[position & m->window.mask];
  return false;
}

Test(sync_window, a_position_that_a_look_leaves_stays_at_the_head) {
  model m;
  window_taken taken = {0};
  model_init(&m, 3, 0, 10);
  for (uint64_t p = 0; p < 2; p++) publish(&m, p);
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(window_take(&m.window, leave, &m, &taken, UINT64_MAX), WINDOW_LEFT);
    cr_assert(taken.position == 0 && taken.handle == handle_at(0) && m.read == 0);
    cr_assert(window_head(&m.window) == 0 && window_depth(&m.window) == 2);
  }
  cr_assert_eq(window_take(&m.window, look, &m, &taken, UINT64_MAX), WINDOW_OK);
  cr_assert_eq(taken.position, 0);
}

static bool look_at_nothing(void *context, uint64_t position) {
  (void)context, (void)position;
  return true;
}

static void *wait_for_one(void *context) {
  waiter *w = context;
  w->status = window_take(w->window, look_at_nothing, NULL, &w->taken, UINT64_MAX);
  return NULL;
}

/* Starts n takers and returns when all of them are registered as waiting: none has a token, and nothing is there. */
static void start(waiter *waiters, uint32_t n, window *w) {
  for (uint32_t i = 0; i < n; i++) {
    waiters[i].window = w;
    cr_assert_eq(pthread_create(&waiters[i].thread, NULL, wait_for_one, &waiters[i]), 0);
  }
  while (event_waiters(atomic_load(&w->ready.word)) < n) port_yield();
}

/* How many of the n answered so. */
static uint32_t join(waiter *waiters, uint32_t n, window_status status) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++) {
    cr_assert_eq(pthread_join(waiters[i].thread, NULL), 0);
    count += waiters[i].status == status;
  }
  return count;
}

Test(sync_window, a_deadline_passes_while_the_head_is_missing) {
  static model m;
  window_taken taken;
  model_init(&m, 2, 0, 10);
  publish(&m, 1);
  uint64_t deadline = port_clock() + 20000000;
  cr_assert_eq(window_take(&m.window, look, &m, &taken, deadline), WINDOW_TIMEDOUT);
  cr_assert_geq(port_clock(), deadline);
  cr_assert_eq(window_take(&m.window, look, &m, &taken, 1), WINDOW_TIMEDOUT);
  cr_assert_eq(atomic_load(&m.window.ready.word), 0);
}

/* All but the last are published before the head is: each taker tells the next. */
Test(sync_window, takers_wake_each_other_along_what_was_published_before) {
  static model m;
  waiter waiters[4];
  model_init(&m, 4, 0, 100);
  start(waiters, 4, &m.window);
  for (uint64_t p = 4; p-- > 0;) publish(&m, p);
  cr_assert_eq(join(waiters, 4, WINDOW_OK), 4);
  uint64_t positions = 0;
  for (int i = 0; i < 4; i++) positions |= UINT64_C(1) << waiters[i].taken.position;
  cr_assert_eq(positions, 15);
}

Test(sync_window, the_end_is_told_to_all_who_wait) {
  static model m;
  waiter waiters[4];
  model_init(&m, 2, 0, 1);
  start(waiters, 4, &m.window);
  publish(&m, 0);
  cr_assert_eq(join(waiters, 4, WINDOW_END), 3);
}

Test(sync_window, closing_wakes_all_who_wait) {
  static model m;
  waiter waiters[4];
  model_init(&m, 2, 0, 10);
  publish(&m, 1);
  start(waiters, 4, &m.window);
  window_close(&m.window);
  cr_assert_eq(join(waiters, 4, WINDOW_CLOSED), 4);
}
