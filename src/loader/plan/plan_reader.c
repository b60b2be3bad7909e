#include "loader/plan/plan_reader.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mix.h"

/* Tells apart the permutations that one seed keys; pack_window.h has others. */
enum { KEY_ROWS = 1, KEY_BLOCKS, KEY_IN_BLOCK };

bool plan_reader_init(plan_reader *r, const plan *p) {
  *r = (plan_reader){.plan = p};
  r->shuffles = calloc(p->weighted ? p->count : 1, sizeof *r->shuffles);
  r->lanes = calloc(p->windowed ? pack_window_lanes(p) : 1, sizeof *r->lanes);
  bool good = r->shuffles && r->lanes && (!p->weighted || shares_reader_init(&r->shares, &p->shares));
  return good || error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a plan's reader");
}

void plan_reader_free(plan_reader *r) {
  for (uint32_t i = 0; r->lanes && r->plan->windowed && i < pack_window_lanes(r->plan); i++)
    if (r->lanes[i].window) packed_window_unpin(r->lanes[i].window);
  free(r->lanes);
  free(r->shuffles);
  shares_reader_free(&r->shares);
}

static const permutation *prepared(plan_cache *cache, uint64_t count, uint64_t key) {
  if (cache->order.count != count || cache->key != key)
    permutation_init(&cache->order, count, cache->key = key);
  return &cache->order;
}

/* Blocks of block_rows in random order, the last of which may be short, and shuffled within. */
static uint64_t shuffle_blocks(plan_reader *r, size_t slot, uint64_t count, uint64_t key, uint64_t place) {
  uint64_t size = r->plan->block_rows, blocks = (count - 1) / size + 1, rest = count - (blocks - 1) * size;
  const permutation *outer = prepared(&r->shuffles[slot].outer, blocks, mix64_with(key, KEY_BLOCKS));
  uint64_t nth = permutation_find(outer, blocks - 1), inside; /* the short block's turn */
  if (place < nth * size) {
    nth = place / size, inside = place % size;
  } else if (place < nth * size + rest) {
    inside = place - nth * size;
  } else {
    uint64_t after = place - nth * size - rest;
    nth += 1 + after / size, inside = after % size;
  }
  uint64_t block = permutation_at(outer, nth);
  uint64_t length = block == blocks - 1 ? rest : size;
  key = mix64_with(mix64_with(key, KEY_IN_BLOCK), block);
  return block * size + permutation_at(prepared(&r->shuffles[slot].inner, length, key), inside);
}

static const permutation *shuffled_all(plan_reader *r, size_t slot, uint64_t count, uint64_t key) {
  return prepared(&r->shuffles[slot].outer, count, mix64_with(key, KEY_ROWS));
}

/* Where `place` of `count` goes in the order that `key` chooses. */
static uint64_t shuffle(plan_reader *r, size_t slot, uint64_t count, uint64_t key, uint64_t place) {
  switch (r->plan->shuffle) {
  case BATCH_SHUFFLE_NONE:
    return place;
  case BATCH_SHUFFLE_BLOCKS:
    return shuffle_blocks(r, slot, count, key, place);
  default:
    return permutation_at(shuffled_all(r, slot, count, key), place);
  }
}

/* The nth row since the run began: how many rows its source has given before says which of its passes
   this is, and which place there. */
static plan_row locate_mixed(plan_reader *r, uint64_t nth) {
  const plan *p = r->plan;
  shares_row drawn = shares_at(&r->shares, nth);
  uint64_t rows = p->sources[drawn.source].rows.rows, pass = drawn.nth / rows;
  uint64_t key = plan_pass_key(p, drawn.source, pass);
  return (plan_row){drawn.source, shuffle(r, drawn.source, rows, key, drawn.nth % rows), NULL};
}

static uint64_t first_row(const plan_source *source) {
  return source->first;
}

/* The source that row `row` of all belongs to, and its number there. */
static plan_row row_of(const plan *p, uint64_t row) {
  uint32_t i = plan_source_of(p, row, first_row);
  return (plan_row){i, row - p->sources[i].first, NULL};
}

static plan_row locate_one(plan_reader *r, uint64_t epoch, uint64_t place) {
  const plan *p = r->plan;
  if (p->weighted) return locate_mixed(r, epoch * p->rows + place);
  return row_of(p, shuffle(r, 0, p->rows, plan_pass_key(p, 0, epoch), place));
}

/* How many places, PERMUTATION_TOGETHER at most, follow each other. */
static unsigned run_of(const uint64_t *places, unsigned n) {
  unsigned run = 1;
  while (run < n && run < PERMUTATION_TOGETHER && places[run] == places[0] + run) run++;
  return run;
}

static void locate_counted(plan_reader *r, uint64_t epoch, const uint64_t *places, unsigned n,
                           plan_row *rows) {
  const plan *p = r->plan;
  bool together = !p->weighted && p->shuffle == BATCH_SHUFFLE_ALL;
  for (unsigned done = 0, run; done < n; done += run) {
    uint64_t found[PERMUTATION_TOGETHER];
    run = run_of(places + done, n - done);
    if (together)
      permutation_at_each(shuffled_all(r, 0, p->rows, plan_pass_key(p, 0, epoch)), places[done], run, found);
    for (unsigned i = 0; i < run; i++)
      rows[done + i] = together ? row_of(p, found[i]) : locate_one(r, epoch, places[done] + i);
  }
}

/* Whether a lane is in the pass that `from` is in. A plan with weights has one pass, and no `from`. */
static bool is_in_pass(const plan_lane *l, const lane_at *from) {
  return !from || l->at.pass == from->pass;
}

/* Where row `nth` of a lane is looked for: where the lane is, if that is not behind it. */
static lane_at begin_at(const plan_reader *r, uint32_t lane, uint64_t nth, const lane_at *from) {
  const plan_lane *l = &r->lanes[lane];
  if (l->window && nth >= l->at.first && is_in_pass(l, from)) return l->at;
  return from ? *from : windows_start(r->plan->windows, lane, 0, nth);
}

static bool is_in(const plan_lane *l, uint64_t nth) {
  return nth - l->at.first < l->at.rows;
}

/* Pins the window that has row `nth` of the lane. False with an error. */
static bool pin(plan_reader *r, uint32_t lane, uint64_t nth, const lane_at *from) {
  windows *w = r->plan->windows;
  plan_lane *l = &r->lanes[lane];
  lane_at at = begin_at(r, lane, nth, from);
  switch (windows_find(w, lane, &at, nth, r->stop)) {
  case WINDOWS_FOUND:
    break;
  case WINDOWS_NONE:
    return pack_window_changed(r->plan, lane);
  default:
    return false;
  }
  if (l->window) packed_window_unpin(l->window);
  if (!(l->window = windows_pin(w, lane, &at))) return false;
  l->at = at;
  l->moved = true;
  const pack_window_key key = {lane, at.pass, at.number};
  if (r->plan->shuffle != BATCH_SHUFFLE_NONE) pack_window_shuffle(r->plan, &key, at.rows, &l->order);
  return true;
}

/* Pins it if need be; rows that have been found stay until the next part. */
static bool need(plan_reader *r, uint32_t lane, uint64_t nth, const lane_at *from) {
  plan_lane *l = &r->lanes[lane];
  bool here = l->window && is_in_pass(l, from) && is_in(l, nth);
  if (!here && !pin(r, lane, nth, from)) return false;
  l->part = r->parts;
  return true;
}

/* As many as lie in the window of the first one. */
static unsigned locate_in_window(plan_reader *r, const lane_at *from, const uint64_t *places, unsigned n,
                                 plan_row *rows) {
  const plan_lane *l = &r->lanes[0];
  unsigned done = 0;
  if (!need(r, 0, places[0], from)) return 0;
  while (n > 0 && !is_in(l, places[n - 1])) n--;
  for (unsigned run; done < n; done += run) {
    uint64_t first = places[done] - l->at.first, found[PERMUTATION_TOGETHER];
    run = run_of(places + done, n - done);
    if (r->plan->shuffle != BATCH_SHUFFLE_NONE)
      permutation_at_each(&l->order, first, run, found);
    else
      for (unsigned i = 0; i < run; i++) found[i] = first + i;
    for (unsigned i = 0; i < run; i++) rows[done + i] = (plan_row){0, found[i], &l->window->table};
  }
  return n;
}

/* Up to the first one for which a source would have to leave a window that those before it need. */
static unsigned locate_in_lanes(plan_reader *r, uint64_t epoch, const uint64_t *places, unsigned n,
                                plan_row *rows) {
  for (unsigned i = 0; i < n; i++) {
    shares_row drawn = shares_at(&r->shares, epoch * r->plan->rows + places[i]);
    plan_lane *l = &r->lanes[drawn.source];
    if (l->part == r->parts && !is_in(l, drawn.nth)) return i;
    if (!need(r, drawn.source, drawn.nth, NULL)) return 0;
    uint64_t inside = drawn.nth - l->at.first;
    if (r->plan->shuffle != BATCH_SHUFFLE_NONE) inside = permutation_at(&l->order, inside);
    rows[i] = (plan_row){drawn.source, inside, &l->window->table};
  }
  return n;
}

unsigned plan_locate_each(plan_reader *r, uint64_t epoch, const lane_at *from, const uint64_t *places,
                          unsigned n, plan_row *rows) {
  if (r->plan->windowed) {
    r->parts++;
    return r->plan->weighted ? locate_in_lanes(r, epoch, places, n, rows)
                             : locate_in_window(r, from, places, n, rows);
  }
  locate_counted(r, epoch, places, n, rows);
  return n;
}

bool plan_find_lanes(plan_reader *r, uint64_t nth) {
  uint32_t found = 0;
  for (r->parts++; found < r->plan->count; nth++) {
    shares_row drawn = shares_at(&r->shares, nth);
    if (r->lanes[drawn.source].part == r->parts) continue;
    if (!pin(r, drawn.source, drawn.nth, NULL)) return false;
    r->lanes[drawn.source].part = r->parts;
    found++;
  }
  return true;
}

void plan_pack_ahead(plan_reader *r, uint64_t epochs) {
  for (uint32_t i = 0; r->plan->windowed && i < pack_window_lanes(r->plan); i++) {
    plan_lane *l = &r->lanes[i];
    bool moved = l->moved, last = l->at.number + 1 == pack_window_count(r->plan, i);
    l->moved = false;
    if (moved && (r->plan->weighted || !last || l->at.pass + 1 < epochs))
      windows_pack_next(r->plan->windows, i, &l->at);
  }
}
