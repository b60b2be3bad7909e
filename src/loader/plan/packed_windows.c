#include "loader/plan/packed_windows.h"

#include <stdlib.h>

#include "base/error.h"

static packed_window *add_room(packed_windows *w) {
  packed_window *window = calloc(1, sizeof *window);
  if (!window || !pack_table_init(&window->table, &w->packer)) {
    if (window) pack_table_free(&window->table);
    free(window);
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a window of %u documents", w->packer.most_documents);
    return NULL;
  }
  window->next = w->windows;
  return w->windows = window;
}

bool packed_windows_init(packed_windows *w, const plan *p, uint32_t count) {
  *w = (packed_windows){.plan = p};
  w->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  w->packed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  bool aligned = p->packing == BATCH_PACK_BOS_ALIGNED;
  bool good = packer_init(&w->packer, p->sequence_length, pack_window_most(p), p->multiple, aligned);
  while (good && count-- > 0) good = add_room(w);
  return good;
}

/* The lock is not destroyed: in a child it may look as if it were held. */
void packed_windows_free(packed_windows *w) {
  for (packed_window *window; (window = w->windows);) {
    w->windows = window->next;
    pack_table_free(&window->table);
    free(window);
  }
  packer_free(&w->packer);
}

static bool same_key(const pack_window_key *a, const pack_window_key *b) {
  return a->lane == b->lane && a->pass == b->pass && a->number == b->number;
}

static packed_window *look_up(const packed_windows *w, const pack_window_key *key) {
  packed_window *window = w->windows;
  while (window && (window->state == PACKED_NOTHING || !same_key(&window->key, key))) window = window->next;
  return window;
}

/* The window that nobody has used for the longest time makes room; another one is made when all are pinned. */
static packed_window *find_room(packed_windows *w) {
  packed_window *found = NULL;
  for (packed_window *window = w->windows; window; window = window->next) {
    /* acquire: pairs with the release in packed_window_unpin: who had it has read it. */
    bool idle =
        atomic_load_explicit(&window->pins, memory_order_acquire) == 0 && window->state != PACKED_SOON;
    if (idle && (!found || window->used < found->used)) found = window;
  }
  return found ? found : add_room(w);
}

/* Without the lock while it packs. */
static packed_window *pack_anew(packed_windows *w, const pack_window_key *key) {
  packed_window *window = find_room(w);
  if (!window) return NULL;
  window->key = *key;
  window->state = PACKED_SOON;
  w->packing = true;
  pthread_mutex_unlock(&w->lock);
  bool good = pack_window_pack(w->plan, key, &w->packer, &window->table, &window->documents);
  pthread_mutex_lock(&w->lock);
  w->packing = false;
  window->state = good ? PACKED : PACKED_NOTHING;
  pthread_cond_broadcast(&w->packed);
  return good ? window : NULL;
}

/* Under the lock, which is left while it waits and packs. NULL with an error. */
static packed_window *find(packed_windows *w, const pack_window_key *key) {
  packed_window *window;
  while ((window = look_up(w, key)) ? window->state != PACKED : w->packing)
    pthread_cond_wait(&w->packed, &w->lock);
  if (!window) window = pack_anew(w, key);
  if (window) window->used = ++w->now;
  return window;
}

packed_window *packed_windows_pin(packed_windows *w, const pack_window_key *key) {
  pthread_mutex_lock(&w->lock);
  packed_window *window = find(w, key);
  /* relaxed: under the lock, as is who looks for room. */
  if (window) atomic_fetch_add_explicit(&window->pins, 1, memory_order_relaxed);
  pthread_mutex_unlock(&w->lock);
  return window;
}

bool packed_windows_count(packed_windows *w, const pack_window_key *key, packed_count *count) {
  pthread_mutex_lock(&w->lock);
  const packed_window *window = find(w, key);
  if (window) *count = (packed_count){window->table.rows, window->documents};
  pthread_mutex_unlock(&w->lock);
  return window;
}

void packed_window_unpin(packed_window *window) {
  /* release: pairs with the acquire in find_room. */
  atomic_fetch_sub_explicit(&window->pins, 1, memory_order_release);
}

bool packed_windows_have(packed_windows *w, const pack_window_key *key) {
  pthread_mutex_lock(&w->lock);
  bool there = look_up(w, key);
  pthread_mutex_unlock(&w->lock);
  return there;
}
