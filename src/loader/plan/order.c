#include "loader/plan/order.h"

static uint64_t steps_for(const order *o, uint64_t rows) {
  if (o->drop_last) return rows / o->step_rows;
  return rows / o->step_rows + (rows % o->step_rows != 0);
}

/* Steps from a kept row on of an epoch that has so many rows. */
static uint64_t steps_from(const order *o, uint64_t epoch, uint64_t kept, uint64_t rows) {
  uint64_t all = skips_kept(&o->skips, epoch, rows);
  return steps_for(o, all > kept ? all - kept : 0);
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* How many epochs, from `epoch` on, have no skips and so as many steps as each other; of a plan that is not counted 0. */
static uint64_t alike_from(const order *o, uint64_t epoch) {
  uint64_t other = o->plan->counted ? smaller(skips_next(&o->skips, epoch), o->epochs) : 0;
  return other > epoch ? other - epoch : 0;
}

/* Steps from the origin on; UINT64_MAX when that is more, or not known. */
static uint64_t count_steps(const order *o) {
  uint64_t total = 0, kept = o->origin_kept, steps;
  if (!o->plan->counted) return UINT64_MAX;
  for (uint64_t epoch = o->origin.epoch, alike; epoch < o->epochs; epoch += 1 + alike, kept = 0) {
    alike = alike_from(o, epoch + 1);
    if (__builtin_mul_overflow(alike, o->epoch_steps, &steps) ||
        __builtin_add_overflow(total, steps, &total) ||
        __builtin_add_overflow(total, steps_from(o, epoch, kept, o->plan->rows), &total))
      return UINT64_MAX;
  }
  return total;
}

void order_init(order *o, const plan *p, const skips *skipped, uint64_t step_rows, bool drop_last,
                order_place origin, uint64_t epochs, uint64_t limit) {
  *o = (order){.plan = p,
               .skips = *skipped,
               .step_rows = step_rows,
               .drop_last = drop_last,
               .origin = origin,
               .origin_kept = skips_kept(skipped, origin.epoch, origin.row),
               .epochs = epochs};
  o->epoch_steps = p->counted ? steps_for(o, p->rows) : 0;
  o->total = count_steps(o);
  if (limit > 0 && limit < o->total) o->total = limit;
}

uint64_t order_epoch_steps(const order *o) {
  return steps_for(o, plan_epoch_rows(o->plan));
}

/* At the first row of an epoch, whose window has not been looked at. */
static order_place beginning(const order *o, uint64_t epoch) {
  return (order_place){.epoch = epoch, .at = {.pass = epoch, .rows = o->plan->counted ? o->plan->rows : 0}};
}

order_reader order_read(const order *o, const _Atomic bool *stop) {
  order_reader r = {.order = o, .stop = stop, .place = o->origin, .kept = o->origin_kept};
  if (o->plan->counted) r.place.at = beginning(o, o->origin.epoch).at;
  return r;
}

static void begin_epoch(order_reader *r, uint64_t epoch, uint64_t nth) {
  r->place = beginning(r->order, epoch);
  r->kept = 0;
  r->nth = nth;
}

/* Writes the rows of the reader's epoch, or so many of them that it has one at `place`. False: ORDER_FAILED. */
static bool rows_beyond(const order_reader *r, uint64_t place, uint64_t *rows) {
  const plan *p = r->order->plan;
  lane_at at = r->place.at;
  *rows = at.first + at.rows;
  if (p->counted || place < *rows) return true;
  windows_answer answer = windows_find(p->windows, 0, &at, place, r->stop);
  *rows = at.first + at.rows;
  return answer != WINDOWS_FAILED;
}

/* The place of the last row that there must be for a step that is `left` steps on; UINT64_MAX: beyond what can be counted. */
static uint64_t last_needed(const order_reader *r, uint64_t left) {
  const order *o = r->order;
  uint64_t kept;
  if (__builtin_mul_overflow(left, o->step_rows, &kept) || __builtin_add_overflow(kept, r->kept, &kept) ||
      __builtin_add_overflow(kept, o->drop_last ? o->step_rows - 1 : 0, &kept))
    return UINT64_MAX;
  return skips_place(&o->skips, r->place.epoch, kept);
}

/* Writes the steps of the reader's epoch from its place on, or more than `left`. False: ORDER_FAILED. An epoch has fewer rows
   than tokens: of one that is skipped entirely nothing need be known. */
static bool steps_beyond(const order_reader *r, uint64_t left, uint64_t *steps) {
  const order *o = r->order;
  uint64_t rows = o->plan->counted ? o->plan->rows : o->plan->tokens;
  *steps = steps_from(o, r->place.epoch, r->kept, rows);
  if (o->plan->counted || *steps == 0) return true;
  if (!rows_beyond(r, last_needed(r, left), &rows)) return false;
  *steps = steps_from(o, r->place.epoch, r->kept, rows);
  return true;
}

/* Goes to the step that is `left` steps on, which the epoch has. */
static order_answer go_on(order_reader *r, uint64_t left) {
  const order *o = r->order;
  r->nth += left;
  r->kept += left * o->step_rows;
  r->place.step += left;
  r->place.row = skips_place(&o->skips, r->place.epoch, r->kept);
  if (r->place.row - r->place.at.first < r->place.at.rows) return ORDER_FOUND;
  bool found = windows_find(o->plan->windows, 0, &r->place.at, r->place.row, r->stop) == WINDOWS_FOUND;
  return found ? ORDER_FOUND : ORDER_FAILED;
}

/* Leaves the epoch, of which `steps` are left, and those alike behind in which step `nth` cannot be either. */
static void pass_epochs(order_reader *r, uint64_t steps, uint64_t nth) {
  const order *o = r->order;
  uint64_t begin = r->nth + steps, epoch = r->place.epoch + 1, alike = alike_from(o, epoch);
  if (o->epoch_steps > 0) alike = smaller(alike, (nth - begin) / o->epoch_steps);
  begin_epoch(r, epoch + alike, begin + alike * o->epoch_steps);
  if (!o->plan->counted) windows_note_epoch(o->plan->windows, r->place.epoch, r->nth);
}

/* Where the way to a step begins. An epoch that somebody has come to is nearer than the reader, maybe. */
static order_reader start(const order_reader *r, uint64_t nth) {
  order_reader on = nth < r->nth ? order_read(r->order, r->stop) : *r;
  uint64_t epoch, begin;
  if (r->order->plan->counted || last_needed(&on, nth - on.nth) < on.place.at.first + on.place.at.rows)
    return on;
  if (windows_last_epoch(r->order->plan->windows, nth, &epoch, &begin) && begin > on.nth)
    begin_epoch(&on, epoch, begin);
  return on;
}

order_answer order_find(order_reader *r, uint64_t nth) {
  order_reader on = start(r, nth);
  for (uint64_t steps; on.place.epoch < r->order->epochs; pass_epochs(&on, steps, nth)) {
    if (!steps_beyond(&on, nth - on.nth, &steps)) return ORDER_FAILED;
    if (nth - on.nth >= steps) continue;
    order_answer answer = go_on(&on, nth - on.nth);
    if (answer == ORDER_FOUND) *r = on;
    return answer;
  }
  return ORDER_NONE;
}

/* In the origin's epoch, steps before the origin are known only if they were of the same size: then the origin's row is
   where its step would begin anyway. */
order_answer order_find_step(const order *o, uint64_t epoch, uint64_t step, order_place *place,
                             uint64_t *steps) {
  order_reader r = order_read(o, NULL);
  bool behind = epoch == o->origin.epoch && step >= o->origin.step;
  bool whole = epoch != o->origin.epoch || o->origin_kept == o->origin.step * o->step_rows;
  if (epoch >= o->epochs || (!behind && !whole)) return ORDER_NONE;
  if (!behind) begin_epoch(&r, epoch, 0);
  if (!steps_beyond(&r, step - r.place.step, steps)) return ORDER_FAILED;
  *steps += r.place.step;
  if (step >= *steps) return ORDER_NONE;
  order_answer answer = go_on(&r, step - r.place.step);
  *place = r.place;
  return answer;
}

/* Its step is the one in which this run has that row, or would have it if the run had begun with the epoch. Epochs without a
   row, of which there are no more than skips, are passed by. */
order_answer order_find_row(const order *o, uint64_t epoch, uint64_t kept, order_place *place,
                            uint64_t *rows) {
  order_reader r;
  for (;; epoch++, kept = 0) {
    r = order_read(o, NULL);
    bool behind = epoch == o->origin.epoch && kept >= o->origin_kept;
    if (!behind) begin_epoch(&r, epoch, 0);
    if (!rows_beyond(&r, skips_place(&o->skips, epoch, kept), rows)) return ORDER_FAILED;
    *rows = skips_kept(&o->skips, epoch, *rows);
    if (kept > *rows) return ORDER_NONE;
    if (kept < *rows) break;
    if (epoch + 1 >= o->epochs) {
      *place = beginning(o, epoch + 1);
      return ORDER_FOUND;
    }
  }
  r.place.step += (kept - r.kept) / o->step_rows;
  r.kept = kept;
  order_answer answer = go_on(&r, 0);
  *place = r.place;
  return answer;
}

order_place order_behind(const order *o) {
  return o->origin.epoch < o->epochs ? beginning(o, o->epochs) : o->origin;
}

bool order_places(const order *o, const _Atomic bool *stop, const order_place *at, uint64_t first, uint32_t n,
                  uint64_t *places, uint32_t *there) {
  const order_reader r = {.order = o, .stop = stop, .place = *at};
  uint64_t kept = skips_kept(&o->skips, at->epoch, at->row) + first, rows;
  if (!rows_beyond(&r, skips_place(&o->skips, at->epoch, kept + n - 1), &rows)) return false;
  skips_places(&o->skips, at->epoch, kept, n, places);
  for (*there = n; *there > 0 && places[*there - 1] >= rows; --*there) places[*there - 1] = BATCH_NO_PLACE;
  return true;
}
