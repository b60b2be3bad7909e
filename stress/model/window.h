/* What the clients of window.h share: a window of up to two positions at a time, with entries in which lies position + 1,
   the handle too. */
#ifndef HEADRACE_STRESS_MODEL_WINDOW_H
#define HEADRACE_STRESS_MODEL_WINDOW_H

#include "model/model.h"

#include "sync/window.h"

static window tested;
static _Atomic uint64_t slots[2], entries[2];

/* `given` positions are published before the threads begin, when there is nobody to wake. */
static inline void window_prepare(uint32_t size, uint64_t total, uint32_t given) {
  window_init(&tested, slots, size, 0, total);
  for (uint32_t i = 0; i < 2; i++)
    atomic_store_explicit(&entries[i], i < given ? i + 1 : 0, memory_order_relaxed);
  for (uint32_t i = 0; i < given; i++)
    atomic_store_explicit(&slots[i], window_word(1, i + 1), memory_order_relaxed);
}

static inline void window_give(uint64_t position) {
  atomic_store_explicit(&entries[position & tested.mask], position + 1, memory_order_relaxed);
  assert(window_publish(&tested, position, (uint32_t)position + 1));
}

static inline bool window_read(void *entry, uint64_t position) {
  *(uint64_t *)entry = atomic_load_explicit(&entries[position & tested.mask], memory_order_relaxed);
  return true;
}

static inline window_status window_get(uint64_t deadline) {
  uint64_t entry = 0;
  window_taken taken = {0};
  window_status status = window_take(&tested, window_read, &entry, &taken, deadline);
  assert(status != WINDOW_OK || (taken.handle == taken.position + 1 && entry == taken.position + 1));
  return status;
}

/* An event_look. */
static inline bool window_may_get(void *context) {
  uint64_t head, word;
  (void)context;
  return window_next(&tested, &head, &word) != WINDOW_EMPTY;
}

/* As window_get(UINT64_MAX), by polling. */
static inline window_status window_get_polling(void) {
  window_status status;
  while ((status = window_get(0)) == WINDOW_EMPTY) {
    event_arm(&tested.ready, window_may_get, 0);
    port_model_poll(&tested.ready.descriptor);
  }
  return status;
}

static inline void window_check_at_rest(void) {
  assert((atomic_load_explicit(&tested.ready.word, memory_order_relaxed) & ~EVENT_ARMED) == 0);
}

#endif
