/* Wrong windows, each wrong in one thing that window.h takes care of. */
#include <stddef.h>

#include "schedule/small_window.h"

static uint64_t look_at(const _Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_seq_cst);
}

static void put(window *w, uint64_t position, uint32_t handle) {
  atomic_store_explicit(window_slot(w, position), window_word(window_turn_of(w, position) + 1, handle),
                        memory_order_seq_cst);
}

static bool publish_waking_nobody(small_window *w, uint64_t position, uint32_t handle) {
  small_window_write(w, position);
  put(&w->window, position, handle);
  return true;
}

static void publishing_wakes_nobody(small_window_parts *p) {
  p->publish = publish_waking_nobody;
}

/* Whether it is the head that takers wait for is asked before there is something to take. */
static bool publish_asking_first(small_window *w, uint64_t position, uint32_t handle) {
  bool first = look_at(&w->window.head) == position;
  publish_waking_nobody(w, position, handle);
  if (first) event_notify(&w->window.ready, 1);
  return true;
}

static void head_read_before_publishing(small_window_parts *p) {
  p->publish = publish_asking_first;
}

static bool publish_before_entry(small_window *w, uint64_t position, uint32_t handle) {
  put(&w->window, position, handle);
  small_window_write(w, position);
  if (look_at(&w->window.head) == position) event_notify(&w->window.ready, 1);
  return true;
}

static void published_before_its_entry(small_window_parts *p) {
  p->publish = publish_before_entry;
}

/* Taking: the wrong try and what follows it, in a wait as shipped. */

typedef struct attempt attempt;
struct attempt {
  small_window *window;
  window_taken *taken;
  uint64_t *entry;
  window_status (*try)(attempt *a);
  window_status status;
};

static bool retry(void *context) {
  attempt *a = context;
  a->status = a->try(a);
  return a->status != WINDOW_EMPTY;
}

static window_status take_by(attempt a, uint64_t deadline, void (*pass_on)(window *w, uint64_t next)) {
  window *w = &a.window->window;
  if (!retry(&a) && deadline > 0 && !event_wait(&w->ready, retry, &a, deadline)) a.status = WINDOW_TIMEDOUT;
  if (a.status == WINDOW_OK) pass_on(w, a.taken->position + 1);
  return a.status;
}

static bool advance(window *w, uint64_t head) {
  return atomic_compare_exchange_strong_explicit(&w->head, &head, head + 1, memory_order_seq_cst,
                                                 memory_order_seq_cst);
}

static bool is_closed(window *w) {
  return atomic_load_explicit(&w->closed, memory_order_seq_cst);
}

/* What the tries have in common: the head, and the word in its slot. WINDOW_OK: it is published. */
static window_status find(attempt *a, uint64_t *head, uint64_t *word) {
  window *w = &a->window->window;
  if (is_closed(w)) return WINDOW_CLOSED;
  for (;;) {
    *head = look_at(&w->head);
    if (*head >= look_at(&w->total)) return WINDOW_END;
    *word = look_at(window_slot(w, *head));
    if (window_is_filled(w, *head, *word)) return WINDOW_OK;
    if (look_at(&w->head) == *head) return WINDOW_EMPTY;
  }
}

static void take_up(attempt *a, uint64_t head, uint64_t word, uint64_t entry) {
  a->taken->position = head;
  a->taken->handle = handle_of(word);
  *a->entry = entry;
}

static window_status try_right(attempt *a) {
  for (;;) {
    uint64_t head, word;
    window_status status = find(a, &head, &word);
    if (status != WINDOW_OK) return status;
    uint64_t entry = small_window_read(a->window, head);
    if (!advance(&a->window->window, head)) continue;
    take_up(a, head, word, entry);
    return WINDOW_OK;
  }
}

static void pass_on_to_nobody(window *w, uint64_t next) {
  if (next >= look_at(&w->total)) event_notify_all(&w->ready);
}

static window_status take_passing_nothing_on(small_window *w, window_taken *taken, uint64_t *entry,
                                             uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_right, WINDOW_EMPTY}, deadline, pass_on_to_nobody);
}

static void nothing_passed_on(small_window_parts *p) {
  p->take = take_passing_nothing_on;
}

static void pass_on_the_end_to_one(window *w, uint64_t next) {
  if (next < look_at(&w->total))
    window_pass_on(w, next);
  else
    event_notify(&w->ready, 1);
}

static window_status take_telling_one(small_window *w, window_taken *taken, uint64_t *entry,
                                      uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_right, WINDOW_EMPTY}, deadline, pass_on_the_end_to_one);
}

static void end_told_to_one(small_window_parts *p) {
  p->take = take_telling_one;
}

static window_status try_slot_after(attempt *a) {
  for (;;) {
    uint64_t head, word;
    window_status status = find(a, &head, &word);
    if (status != WINDOW_OK) return status;
    uint64_t entry = small_window_read(a->window, head);
    if (!advance(&a->window->window, head)) continue;
    take_up(a, head, look_at(window_slot(&a->window->window, head)), entry);
    return WINDOW_OK;
  }
}

static window_status take_slot_after(small_window *w, window_taken *taken, uint64_t *entry,
                                     uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_slot_after, WINDOW_EMPTY}, deadline, window_pass_on);
}

static void slot_read_after_the_cas(small_window_parts *p) {
  p->take = take_slot_after;
}

static window_status try_entry_after(attempt *a) {
  for (;;) {
    uint64_t head, word;
    window_status status = find(a, &head, &word);
    if (status != WINDOW_OK) return status;
    if (!advance(&a->window->window, head)) continue;
    take_up(a, head, word, small_window_read(a->window, head));
    return WINDOW_OK;
  }
}

static window_status take_entry_after(small_window *w, window_taken *taken, uint64_t *entry,
                                      uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_entry_after, WINDOW_EMPTY}, deadline, window_pass_on);
}

static void entry_read_after_the_cas(small_window_parts *p) {
  p->take = take_entry_after;
}

/* What was published for an earlier lap is taken for this one. */
static window_status try_any_lap(attempt *a) {
  window *w = &a->window->window;
  uint64_t head, word;
  if (is_closed(w)) return WINDOW_CLOSED;
  do {
    head = look_at(&w->head);
    if (head >= look_at(&w->total)) return WINDOW_END;
    word = look_at(window_slot(w, head));
    if (handle_of(word) == 0) return WINDOW_EMPTY;
    *a->entry = small_window_read(a->window, head);
  } while (!advance(w, head));
  take_up(a, head, word, *a->entry);
  return WINDOW_OK;
}

static window_status take_any_lap(small_window *w, window_taken *taken, uint64_t *entry, uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_any_lap, WINDOW_EMPTY}, deadline, window_pass_on);
}

static void turn_not_compared(small_window_parts *p) {
  p->take = take_any_lap;
}

/* A slot that has gone on by a lap, since the head that was read is an earlier one, counts as one that is not
   published. */
static window_status try_earlier_head(attempt *a) {
  window *w = &a->window->window;
  if (is_closed(w)) return WINDOW_CLOSED;
  uint64_t head = look_at(&w->head);
  if (head >= look_at(&w->total)) return WINDOW_END;
  uint64_t word = look_at(window_slot(w, head)), entry = small_window_read(a->window, head);
  if (!window_is_filled(w, head, word)) return WINDOW_EMPTY;
  if (!advance(w, head)) return try_right(a);
  take_up(a, head, word, entry);
  return WINDOW_OK;
}

static window_status take_earlier_head(small_window *w, window_taken *taken, uint64_t *entry,
                                       uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_earlier_head, WINDOW_EMPTY}, deadline, window_pass_on);
}

static void empty_by_an_earlier_head(small_window_parts *p) {
  p->take = take_earlier_head;
}

/* The head is stored, not compared. */
static window_status try_storing(attempt *a) {
  uint64_t head, word;
  window_status status = find(a, &head, &word);
  if (status != WINDOW_OK) return status;
  uint64_t entry = small_window_read(a->window, head);
  atomic_store_explicit(&a->window->window.head, head + 1, memory_order_seq_cst);
  take_up(a, head, word, entry);
  return WINDOW_OK;
}

static window_status take_storing(small_window *w, window_taken *taken, uint64_t *entry, uint64_t deadline) {
  return take_by((attempt){w, taken, entry, try_storing, WINDOW_EMPTY}, deadline, window_pass_on);
}

static void head_stored(small_window_parts *p) {
  p->take = take_storing;
}

static void close_waking_nobody(window *w) {
  atomic_store_explicit(&w->closed, true, memory_order_seq_cst);
}

static void closing_wakes_nobody(small_window_parts *p) {
  p->close = close_waking_nobody;
}

static void end_waking_nobody(window *w, uint64_t total) {
  atomic_store_explicit(&w->total, total, memory_order_seq_cst);
}

static void the_end_wakes_nobody(small_window_parts *p) {
  p->end = end_waking_nobody;
}

static void end_waking_first(window *w, uint64_t total) {
  event_notify_all(&w->ready);
  atomic_store_explicit(&w->total, total, memory_order_seq_cst);
}

static void the_end_said_after_waking(small_window_parts *p) {
  p->end = end_waking_first;
}

const window_mutant window_mutants[WINDOW_MUTANTS] = {
    {"publishing wakes nobody", publishing_wakes_nobody},
    {"the head is looked at before publishing", head_read_before_publishing},
    {"published before its entry is written", published_before_its_entry},
    {"nothing is passed on to the next taker", nothing_passed_on},
    {"the end is told to one only", end_told_to_one},
    {"the slot is read after the CAS of head", slot_read_after_the_cas},
    {"the entry is read after the CAS of head", entry_read_after_the_cas},
    {"the turn is not compared", turn_not_compared},
    {"EMPTY decided by an earlier head", empty_by_an_earlier_head},
    {"the head is stored without comparing", head_stored},
    {"closing wakes nobody", closing_wakes_nobody},
    {"saying the end wakes nobody", the_end_wakes_nobody},
    {"the end is said after waking", the_end_said_after_waking}};
