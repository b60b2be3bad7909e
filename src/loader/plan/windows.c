#include "loader/plan/windows.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"

enum { TABLES = 3 /* a lane: the one that is read, the one before it, the next one */, PASSES = 3 };

typedef enum table_state { TABLE_EMPTY, TABLE_PACKING, TABLE_READY } table_state;

typedef struct table {
  pack_table rows; /* the first field: who has it pinned has its address */
  struct table *next;
  table_state state;
  pack_window_key key;
  uint32_t pins;
  uint64_t used; /* when last */
} table;

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
  pthread_mutex_t lock;  /* over everything below, but the packer's and the tables' insides */
  pthread_cond_t packed; /* a window was, or could not be */
  packer packer;
  bool packing; /* somebody has the packer */
  table *tables;
  uint32_t num_tables;
  uint64_t now;
  known_pass *passes; /* [lanes][PASSES] */
  known_epoch epochs[PASSES];
  _Atomic uint64_t epoch_rows; /* whoever finds the end of an epoch writes it; read without the lock */
};

static bool make_table(windows *w) {
  table *t = calloc(1, sizeof *t);
  if (!t) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a window of documents");
  t->next = w->tables;
  w->tables = t;
  if (!pack_table_init(&t->rows, &w->packer)) {
    w->tables = t->next;
    pack_table_free(&t->rows);
    free(t);
    return false;
  }
  w->num_tables++;
  return true;
}

static bool make_passes(windows *w) {
  uint32_t lanes = pack_window_lanes(w->plan);
  w->passes = calloc((size_t)lanes * PASSES, sizeof *w->passes);
  bool good = w->passes;
  for (uint32_t i = 0; good && i < lanes * PASSES; i++) {
    uint64_t count = pack_window_count(w->plan, i / PASSES);
    w->passes[i].pass = UINT64_MAX;
    good = count <= SIZE_MAX / sizeof *w->passes[i].rows &&
           (w->passes[i].rows = malloc((count + 1) * sizeof *w->passes[i].rows));
  }
  for (uint32_t i = 0; i < PASSES; i++) w->epochs[i].begin = UINT64_MAX;
  return good || error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for the numbers of rows of windows");
}

bool windows_make(plan *p) {
  bool aligned = p->packing != BATCH_PACK_BEST_FIT;
  windows *w = p->windows = calloc(1, sizeof *w);
  if (!w) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for windows of documents");
  w->plan = p;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->packed, NULL);
  bool good = packer_init(&w->packer, p->sequence_length, pack_window_most(p), p->multiple, aligned) &&
              make_passes(w);
  while (good && w->num_tables < TABLES * pack_window_lanes(p)) good = make_table(w);
  return good;
}

/* The lock is not destroyed: in a child it may look as if it were held. */
void windows_free(windows *w) {
  if (!w) return;
  for (table *t; (t = w->tables);) {
    w->tables = t->next;
    pack_table_free(&t->rows);
    free(t);
  }
  for (uint32_t i = 0; w->passes && i < pack_window_lanes(w->plan) * PASSES; i++) free(w->passes[i].rows);
  free(w->passes);
  packer_free(&w->packer);
  free(w);
}

/* What is remembered of a pass, or where it may be; NULL: two later ones are. */
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

static bool same_key(const pack_window_key *a, const pack_window_key *b) {
  return a->lane == b->lane && a->pass == b->pass && a->number == b->number;
}

static table *find_table(const windows *w, const pack_window_key *key) {
  table *t = w->tables;
  while (t && (t->state == TABLE_EMPTY || !same_key(&t->key, key))) t = t->next;
  return t;
}

/* The table that nobody has used for the longest time; another one when all are pinned. */
static table *find_room(windows *w) {
  table *found = NULL;
  for (table *t = w->tables; t; t = t->next)
    if (t->pins == 0 && t->state != TABLE_PACKING && (!found || t->used < found->used)) found = t;
  return found ? found : make_table(w) ? w->tables : NULL;
}

/* The number of rows must be that of before, where somebody knows it: rows have places. */
static bool note_rows(windows *w, const table *t) {
  known_pass *pass = remember_pass(w, t->key.lane, t->key.pass);
  if (!pass) return true;
  uint64_t *rows = &pass->rows[t->key.number];
  if (*rows != UINT64_MAX && *rows != t->rows.rows)
    return error_fail(BATCH_ERROR_IO, "%.700s: its documents changed while they were read",
                      w->plan->sources[w->plan->weighted ? t->key.lane : 0].data->files[0].path);
  *rows = t->rows.rows;
  return true;
}

/* An epoch may have about as many rows as its documents are more than those of this window. */
static void estimate_rows(windows *w, const table *t, uint32_t documents) {
  if (w->plan->weighted || windows_rows(w) > 0) return;
  double rows = (double)t->rows.rows * (double)w->plan->documents / documents;
  atomic_store_explicit(&w->epoch_rows, (uint64_t)(rows + 0.5), memory_order_relaxed);
}

/* Packs a window into a table, without the lock meanwhile. */
static table *pack_into_room(windows *w, const pack_window_key *key) {
  table *t = find_room(w);
  if (!t) return NULL;
  t->key = *key;
  t->state = TABLE_PACKING;
  w->packing = true;
  pthread_mutex_unlock(&w->lock);
  uint32_t documents;
  bool good = pack_window_pack(w->plan, key, &w->packer, &t->rows, &documents);
  pthread_mutex_lock(&w->lock);
  w->packing = false;
  good = good && note_rows(w, t);
  if (good) estimate_rows(w, t, documents);
  t->state = good ? TABLE_READY : TABLE_EMPTY;
  pthread_cond_broadcast(&w->packed);
  return good ? t : NULL;
}

/* The window's table, packed, under the lock; NULL with an error. */
static table *get(windows *w, const pack_window_key *key) {
  for (table *t;; pthread_cond_wait(&w->packed, &w->lock)) {
    t = find_table(w, key);
    if (!t && !w->packing)
      t = pack_into_room(w, key);
    else if (!t || t->state == TABLE_PACKING)
      continue;
    if (t) t->used = ++w->now;
    return t;
  }
}

static pack_window_key key_of(uint32_t lane, const lane_at *at) {
  return (pack_window_key){lane, at->pass, at->number};
}

const pack_table *windows_pin(windows *w, uint32_t lane, const lane_at *at) {
  const pack_window_key key = key_of(lane, at);
  pthread_mutex_lock(&w->lock);
  table *t = get(w, &key);
  if (t) t->pins++;
  pthread_mutex_unlock(&w->lock);
  return t ? &t->rows : NULL;
}

void windows_unpin(windows *w, const pack_table *rows) {
  if (!rows) return;
  pthread_mutex_lock(&w->lock);
  ((table *)(uintptr_t)rows)->pins--;
  pthread_mutex_unlock(&w->lock);
}

void windows_pack_next(windows *w, uint32_t lane, const lane_at *at) {
  bool last = at->number + 1 == pack_window_count(w->plan, lane);
  const pack_window_key key = {lane, at->pass + last, last ? 0 : at->number + 1};
  pthread_mutex_lock(&w->lock);
  if (!find_table(w, &key)) get(w, &key);
  pthread_mutex_unlock(&w->lock);
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

/* Writes how many rows the window has; false with an error. */
static bool count_rows(windows *w, uint32_t lane, lane_at *at) {
  const known_pass *pass = find_pass(w, lane, at->pass);
  at->rows = pass && pass->pass == at->pass ? pass->rows[at->number] : UINT64_MAX;
  if (at->rows != UINT64_MAX) return true;
  const pack_window_key key = key_of(lane, at);
  const table *t = get(w, &key);
  if (t) at->rows = t->rows.rows;
  return t;
}

bool windows_rows_of(windows *w, uint32_t lane, lane_at *at) {
  pthread_mutex_lock(&w->lock);
  bool good = count_rows(w, lane, at);
  pthread_mutex_unlock(&w->lock);
  return good;
}

static bool rowless(const windows *w, uint32_t lane) {
  const token_files *data = w->plan->sources[w->plan->weighted ? lane : 0].data;
  bool more = data->count > 1 || (!w->plan->weighted && w->plan->count > 1);
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%.600s%s: no document has 2 tokens, expected one that has",
                    data->files[0].path, more ? " and the rest of its dataset" : "");
}

/* Behind the last window of a pass; false with an error. */
static bool end_pass(windows *w, uint32_t lane, lane_at *at) {
  if (at->first == at->before) return rowless(w, lane);
  if (!w->plan->weighted) {
    /* relaxed: the number stands for itself. */
    atomic_store_explicit(&w->epoch_rows, at->first, memory_order_relaxed);
    return true;
  }
  *at = (lane_at){.pass = at->pass + 1, .before = at->first, .first = at->first};
  known_pass *pass = remember_pass(w, lane, at->pass);
  if (pass) pass->before = at->before;
  return true;
}

/* relaxed: who is stopped a window later is stopped as well. */
static bool stops(const _Atomic bool *stop) {
  if (!stop || !atomic_load_explicit(stop, memory_order_relaxed)) return false;
  error_set(BATCH_CLOSED, "closed while windows of documents were packed");
  return true;
}

static windows_answer find(windows *w, uint32_t lane, lane_at *at, uint64_t nth, const _Atomic bool *stop) {
  while (!stops(stop) && (at->rows > 0 || count_rows(w, lane, at))) {
    if (nth - at->first < at->rows) return WINDOWS_FOUND;
    at->first += at->rows;
    at->rows = 0;
    if (++at->number < pack_window_count(w->plan, lane)) continue;
    if (!end_pass(w, lane, at)) break;
    if (!w->plan->weighted) return WINDOWS_NONE;
  }
  return WINDOWS_FAILED;
}

windows_answer windows_find(windows *w, uint32_t lane, lane_at *at, uint64_t nth, const _Atomic bool *stop) {
  lane_at on = *at;
  pthread_mutex_lock(&w->lock);
  windows_answer answer = find(w, lane, &on, nth, stop);
  pthread_mutex_unlock(&w->lock);
  if (answer != WINDOWS_FAILED) *at = on;
  return answer;
}

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
