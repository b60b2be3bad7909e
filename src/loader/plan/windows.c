#include "loader/plan/windows.h"

#include <stdlib.h>

#include "base/error.h"

enum {
  ROOM = 3, /* windows of a lane: the one that is read, the one before it, the next one */
  PASSES = 3
};

/* What is remembered of a pass of a lane. */
typedef struct known_pass {
  uint64_t pass;   /* UINT64_MAX: of none */
  uint64_t before; /* rows of the lane before it; UINT64_MAX: not known */
  uint64_t *rows;  /* [windows of the lane] UINT64_MAX: not known */
} known_pass;

typedef struct known_epoch {
  uint64_t epoch, begin; /* begin: its first step, UINT64_MAX: of none */
} known_epoch;

struct windows {
  const plan *plan;
  packed_windows packed;
  pthread_mutex_t lock; /* over what follows */
  known_pass *passes;   /* [lanes][PASSES] */
  known_epoch epochs[PASSES];
  uint64_t ended; /* one more than the last epoch of which somebody has found the end; 0: of none */
  _Atomic uint64_t epoch_rows; /* of that one, or an estimate; read without the lock */
};

static bool make_passes(windows *w) {
  uint32_t lanes = pack_window_lanes(w->plan);
  w->passes = calloc((size_t)lanes * PASSES, sizeof *w->passes);
  bool good = w->passes;
  for (uint32_t i = 0; good && i < lanes * PASSES; i++) {
    uint64_t count = pack_window_count(w->plan, i / PASSES);
    w->passes[i].pass = UINT64_MAX;
    good = count <= SIZE_MAX / sizeof *w->passes[i].rows &&
           (w->passes[i].rows = malloc(count * sizeof *w->passes[i].rows));
  }
  for (uint32_t i = 0; i < PASSES; i++) w->epochs[i].begin = UINT64_MAX;
  return good || error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for the numbers of rows of windows");
}

bool windows_make(plan *p) {
  windows *w = p->windows = calloc(1, sizeof *w);
  if (!w) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for windows of documents");
  w->plan = p;
  w->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  return packed_windows_init(&w->packed, p, ROOM * pack_window_lanes(p)) && make_passes(w);
}

/* The lock is not destroyed: in a child it may look as if it were held. */
void windows_free(windows *w) {
  if (!w) return;
  for (uint32_t i = 0; w->passes && i < pack_window_lanes(w->plan) * PASSES; i++) free(w->passes[i].rows);
  free(w->passes);
  packed_windows_free(&w->packed);
  free(w);
}

/* What is remembered of a pass, or where it may be; NULL: later ones are. Under the lock, as what follows. */
static known_pass *find_pass(windows *w, uint32_t lane, uint64_t pass) {
  known_pass *first = &w->passes[(size_t)lane * PASSES], *oldest = first;
  for (uint32_t i = 0; i < PASSES; i++) {
    if (first[i].pass == pass) return &first[i];
    if (first[i].pass + 1 < oldest->pass + 1) oldest = &first[i]; /* none is before all of them */
  }
  return oldest->pass + 1 <= pass ? oldest : NULL;
}

/* The same, after it has taken the place of one that is older. */
static known_pass *remember_pass(windows *w, uint32_t lane, uint64_t pass) {
  known_pass *known = find_pass(w, lane, pass);
  if (!known || known->pass == pass) return known;
  known->pass = pass;
  known->before = UINT64_MAX;
  for (uint64_t i = 0; i < pack_window_count(w->plan, lane); i++) known->rows[i] = UINT64_MAX;
  return known;
}

/* An epoch has about as many rows as its documents are more than those of this window. */
static void estimate_rows(windows *w, const packed_count *window) {
  if (w->plan->weighted || w->ended > 0 || windows_rows(w) > 0) return;
  double rows = (double)window->rows * (double)w->plan->documents / window->documents;
  atomic_store_explicit(&w->epoch_rows, (uint64_t)(rows + 0.5), memory_order_relaxed);
}

/* Rows have places: so there must be as many as before, where somebody knows it. */
static bool note_rows(windows *w, const pack_window_key *key, const packed_count *window) {
  pthread_mutex_lock(&w->lock);
  known_pass *pass = remember_pass(w, key->lane, key->pass);
  uint64_t rows = window->rows, before = pass ? pass->rows[key->number] : rows;
  if (pass) pass->rows[key->number] = before == UINT64_MAX ? rows : before;
  estimate_rows(w, window);
  pthread_mutex_unlock(&w->lock);
  return before == UINT64_MAX || before == rows || pack_window_changed(w->plan, key->lane);
}

packed_window *windows_pin(windows *w, uint32_t lane, const lane_at *at) {
  const pack_window_key key = {lane, at->pass, at->number};
  packed_window *window = packed_windows_pin(&w->packed, &key);
  if (!window) return NULL;
  const packed_count count = {window->table.rows, window->documents};
  bool same = note_rows(w, &key, &count) &&
              (at->rows == 0 || window->table.rows == at->rows || pack_window_changed(w->plan, lane));
  if (same) return window;
  packed_window_unpin(window);
  return NULL;
}

void windows_pack_next(windows *w, uint32_t lane, const lane_at *at) {
  bool last = at->number + 1 == pack_window_count(w->plan, lane);
  const pack_window_key key = {lane, at->pass + last, last ? 0 : at->number + 1};
  packed_count count;
  if (!packed_windows_have(&w->packed, &key) && packed_windows_count(&w->packed, &key, &count))
    note_rows(w, &key, &count);
}

lane_at windows_start(windows *w, uint32_t lane, uint64_t pass, uint64_t nth) {
  lane_at at = {.pass = w->plan->weighted ? 0 : pass};
  pthread_mutex_lock(&w->lock);
  for (uint32_t i = 0; w->plan->weighted && i < PASSES; i++) {
    const known_pass *known = &w->passes[(size_t)lane * PASSES + i];
    if (known->pass == UINT64_MAX || known->before > nth || known->pass < at.pass) continue;
    at = (lane_at){.pass = known->pass, .before = known->before, .first = known->before};
  }
  pthread_mutex_unlock(&w->lock);
  return at;
}

/* False: nobody remembers. Under the lock. */
static bool recall(windows *w, uint32_t lane, lane_at *at) {
  const known_pass *pass = find_pass(w, lane, at->pass);
  if (!pass || pass->pass != at->pass || pass->rows[at->number] == UINT64_MAX) return false;
  at->rows = pass->rows[at->number];
  return true;
}

bool windows_count(windows *w, uint32_t lane, lane_at *at) {
  pthread_mutex_lock(&w->lock);
  bool known = recall(w, lane, at);
  pthread_mutex_unlock(&w->lock);
  if (known) return true;
  const pack_window_key key = {lane, at->pass, at->number};
  packed_count count;
  if (!packed_windows_count(&w->packed, &key, &count) || !note_rows(w, &key, &count)) return false;
  at->rows = count.rows;
  return true;
}

/* Epochs end in any order: who makes a step again may come to the end of an early one. */
static void note_end(windows *w, const lane_at *at) {
  pthread_mutex_lock(&w->lock);
  if (at->pass >= w->ended) {
    w->ended = at->pass + 1;
    /* relaxed: the number stands for itself. */
    atomic_store_explicit(&w->epoch_rows, at->first, memory_order_relaxed);
  }
  pthread_mutex_unlock(&w->lock);
}

/* Behind the last window of a pass; false with an error. */
static bool end_pass(windows *w, uint32_t lane, lane_at *at) {
  if (at->first == at->before) return pack_window_rowless(w->plan, lane);
  if (!w->plan->weighted) {
    note_end(w, at);
    return true;
  }
  *at = (lane_at){.pass = at->pass + 1, .before = at->first, .first = at->first};
  pthread_mutex_lock(&w->lock);
  known_pass *pass = remember_pass(w, lane, at->pass);
  if (pass) pass->before = at->before;
  pthread_mutex_unlock(&w->lock);
  return true;
}

/* relaxed: who is stopped a window later is stopped as well. */
static bool stops(const _Atomic bool *stop) {
  if (!stop || !atomic_load_explicit(stop, memory_order_relaxed)) return false;
  error_set(BATCH_CLOSED, "closed while windows of documents were packed");
  return true;
}

windows_answer windows_find(windows *w, uint32_t lane, lane_at *at, uint64_t nth, const _Atomic bool *stop) {
  uint64_t count = pack_window_count(w->plan, lane);
  for (lane_at on = *at; !stops(stop) && (on.rows > 0 || windows_count(w, lane, &on));) {
    bool found = nth - on.first < on.rows;
    if (!found) {
      on.first += on.rows;
      on.rows = 0;
      if (++on.number < count) continue;
      if (!end_pass(w, lane, &on)) break;
      if (w->plan->weighted) continue;
    }
    *at = on;
    return found ? WINDOWS_FOUND : WINDOWS_NONE;
  }
  return WINDOWS_FAILED;
}

/* relaxed: the number stands for itself. */
uint64_t windows_rows(const windows *w) {
  return atomic_load_explicit(&w->epoch_rows, memory_order_relaxed);
}

void windows_note_epoch(windows *w, uint64_t epoch, uint64_t nth) {
  known_epoch *oldest = w->epochs;
  bool known = false;
  pthread_mutex_lock(&w->lock);
  for (uint32_t i = 0; i < PASSES; i++) {
    known = known || (w->epochs[i].begin != UINT64_MAX && w->epochs[i].epoch == epoch);
    if (w->epochs[i].begin + 1 < oldest->begin + 1) oldest = &w->epochs[i]; /* none is before all of them */
  }
  if (!known && oldest->begin + 1 <= nth) *oldest = (known_epoch){epoch, nth};
  pthread_mutex_unlock(&w->lock);
}

bool windows_last_epoch(windows *w, uint64_t nth, uint64_t *epoch, uint64_t *begin) {
  bool found = false;
  pthread_mutex_lock(&w->lock);
  for (uint32_t i = 0; i < PASSES; i++) {
    const known_epoch *e = &w->epochs[i];
    if (e->begin == UINT64_MAX || e->begin > nth || (found && e->begin <= *begin)) continue;
    found = true;
    *epoch = e->epoch, *begin = e->begin;
  }
  pthread_mutex_unlock(&w->lock);
  return found;
}
