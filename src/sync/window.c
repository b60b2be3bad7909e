#include "sync/window.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/sanitizers.h"

enum { RUNNING, STOPPING, STOPPED };

/* All zero: nothing is published. */
bool window_init(window *w, uint32_t size, uint64_t total) {
  size_t bytes;
  atomic_init(&w->head, 0);
  atomic_init(&w->tail, 0);
  event_init(&w->ready);
  atomic_init(&w->closed, false);
  atomic_init(&w->stopped, RUNNING);
  w->total = total;
  w->size = size;
  w->slots = memory_multiply(size, sizeof *w->slots, &bytes) ? memory_allocate_zeroed(bytes) : NULL;
  return w->slots;
}

/* relaxed: visible by PUBLISH, and a reader's only if its CAS of head succeeds. */
static window_item slot_get(window_slot *slot) {
  return (window_item){atomic_load_explicit(&slot->batch, memory_order_relaxed),
                       atomic_load_explicit(&slot->why, memory_order_relaxed),
                       atomic_load_explicit(&slot->tokens, memory_order_relaxed),
                       atomic_load_explicit(&slot->step, memory_order_relaxed)};
}

static void slot_put(window_slot *slot, const window_item *item) {
  atomic_store_explicit(&slot->batch, item->batch, memory_order_relaxed);
  atomic_store_explicit(&slot->why, item->why, memory_order_relaxed);
  atomic_store_explicit(&slot->tokens, item->tokens, memory_order_relaxed);
  atomic_store_explicit(&slot->step, item->step, memory_order_relaxed);
}

/* Whether `position` is published. seq_cst: pairs with PUBLISH, as ADVANCE and as event.h's REGISTER. */
static bool published(const window *w, uint64_t position) {
  uint64_t turn = atomic_load_explicit(&w->slots[position % w->size].turn, memory_order_seq_cst);
  return turn == position + 1;
}

void window_free(window *w) {
  uint64_t head = window_head(w);
  for (uint32_t i = 0; w->slots && i < w->size; i++, head++) {
    if (!published(w, head)) continue;
    window_item item = slot_get(&w->slots[head % w->size]);
    batch_release(item.batch);
    free(item.why);
  }
  memory_free(w->slots);
}

/* relaxed: a ticket says only which slot; PUBLISH makes it visible. */
uint64_t window_ticket(window *w) {
  return atomic_fetch_add_explicit(&w->tail, 1, memory_order_relaxed);
}

void window_publish(window *w, uint64_t position, const window_item *item) {
  window_slot *slot = &w->slots[position % w->size];
  slot_put(slot, item);
  hand_over(item->batch);
  /* PUBLISH: seq_cst; pairs with ADVANCE in taker_retry and pass_on. */
  atomic_exchange_explicit(&slot->turn, position + 1, memory_order_seq_cst);
  if (atomic_load_explicit(&w->head, memory_order_seq_cst) == position) event_notify(&w->ready, 1);
}

typedef struct taker {
  window *window;
  window_item *taken;
  uint64_t position;   /* of what was taken */
  batch_status answer; /* BATCH_EMPTY: nothing yet */
} taker;

/* The reasons to take nothing any more. seq_cst loads: they decide "nothing there", see event.h. */
static batch_status ended(window *w) {
  if (atomic_load_explicit(&w->closed, memory_order_seq_cst)) {
    handed_over(w); /* by who closed it */
    return BATCH_CLOSED;
  }
  if (atomic_load_explicit(&w->stopped, memory_order_seq_cst) == STOPPED) return w->stop_fault.code;
  return BATCH_OK;
}

static bool taker_retry(void *context) {
  taker *t = context;
  window *w = t->window;
  if ((t->answer = ended(w)) != BATCH_OK) return true;
  uint64_t head = atomic_load_explicit(&w->head, memory_order_seq_cst);
  while (head < w->total) {
    if (!published(w, head)) {
      uint64_t before = head;
      head = atomic_load_explicit(&w->head, memory_order_seq_cst);
      t->answer = BATCH_EMPTY;
      if (head == before) return false;
      continue;
    }
    window_item item = slot_get(&w->slots[head % w->size]);
    /* ADVANCE: seq_cst; pairs with PUBLISH. On failure head is read again. */
    if (!atomic_compare_exchange_strong_explicit(&w->head, &head, head + 1, memory_order_seq_cst,
                                                 memory_order_seq_cst))
      continue;
    handed_over(item.batch);
    *t->taken = item;
    t->position = head;
    t->answer = BATCH_OK;
    return true;
  }
  t->answer = BATCH_END;
  return true;
}

/* Whoever moved the head passes the news on: the next position may have been published before, and
   the end concerns everyone. */
static void pass_on(window *w, uint64_t next) {
  if (next >= w->total)
    event_notify_all(&w->ready);
  else if (published(w, next))
    event_notify(&w->ready, 1);
}

batch_status window_take(window *w, window_item *taken, uint64_t deadline, uint64_t *waited_ns) {
  taker t = {w, taken, 0, BATCH_EMPTY};
  *waited_ns = 0;
  if (!taker_retry(&t) && deadline != BATCH_NO_WAIT) {
    uint64_t begin = port_clock();
    if (!event_wait(&w->ready, taker_retry, &t, deadline)) t.answer = BATCH_TIMEDOUT;
    *waited_ns = port_clock() - begin;
  }
  if (t.answer == BATCH_OK) pass_on(w, t.position + 1);
  return t.answer;
}

/* seq_cst: pairs with the loads in ended, as event.h's NOTICE. */
void window_close(window *w) {
  hand_over(w);
  atomic_store_explicit(&w->closed, true, memory_order_seq_cst);
  event_notify_all(&w->ready);
}

void window_stop(window *w, uint64_t step, const fault *why) {
  int state = RUNNING;
  /* relaxed: it only elects who writes stop_fault. */
  if (!atomic_compare_exchange_strong_explicit(&w->stopped, &state, STOPPING, memory_order_relaxed,
                                               memory_order_relaxed))
    return;
  w->stop_fault = *why;
  w->stop_step = step;
  /* seq_cst: pairs with ended and window_stopped; who sees it may read what was written. */
  atomic_store_explicit(&w->stopped, STOPPED, memory_order_seq_cst);
  event_notify_all(&w->ready);
}

/* acquire: pairs with the store in window_stop. */
const fault *window_stopped(const window *w) {
  return atomic_load_explicit(&w->stopped, memory_order_acquire) == STOPPED ? &w->stop_fault : NULL;
}

/* relaxed: a figure for people. */
uint64_t window_head(const window *w) {
  return atomic_load_explicit(&w->head, memory_order_relaxed);
}

/* What is published changes while it is looked at: a figure for people. */
uint32_t window_depth(const window *w) {
  uint64_t head = window_head(w);
  uint32_t depth = 0;
  for (uint32_t i = 0; i < w->size; i++) depth += published(w, head + i);
  return depth;
}

uint64_t window_least_step(const window *w) {
  uint64_t head = window_head(w), least = window_stopped(w) ? w->stop_step : UINT64_MAX;
  for (uint32_t i = 0; i < w->size; i++) {
    if (!published(w, head + i)) continue;
    uint64_t step = slot_get(&w->slots[(head + i) % w->size]).step;
    if (step < least) least = step;
  }
  return least;
}
