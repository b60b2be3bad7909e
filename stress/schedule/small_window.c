#include "schedule/small_window.h"

void small_window_init(small_window *w, uint32_t size, uint64_t first, uint64_t total) {
  window_init(&w->window, w->slots, size, first, total);
  for (unsigned i = 0; i < SMALL_WINDOW_MOST; i++)
    atomic_store_explicit(&w->entries[i], UINT64_MAX, memory_order_relaxed);
}

void small_window_write(small_window *w, uint64_t position) {
  atomic_store_explicit(&w->entries[position & w->window.mask], position, memory_order_relaxed);
}

uint64_t small_window_read(const small_window *w, uint64_t position) {
  return atomic_load_explicit(&w->entries[position & w->window.mask], memory_order_relaxed);
}

static bool publish(small_window *w, uint64_t position, uint32_t handle) {
  small_window_write(w, position);
  return window_publish(&w->window, position, handle);
}

typedef struct reading {
  const small_window *window;
  uint64_t *entry;
} reading;

/* A window_look. */
static bool look(void *context, uint64_t position) {
  const reading *r = context;
  *r->entry = small_window_read(r->window, position);
  return true;
}

static window_status take(small_window *w, window_taken *taken, uint64_t *entry, uint64_t deadline) {
  reading r = {w, entry};
  return window_take(&w->window, look, &r, taken, deadline);
}

const small_window_parts small_window_shipped = {publish, take, window_close, window_end};
