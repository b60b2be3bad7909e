#include "loader/plan/order.h"

static uint64_t steps_for(const order *o, uint64_t rows) {
  if (o->drop_last) return rows / o->step_rows;
  return rows / o->step_rows + (rows % o->step_rows != 0);
}

/* Steps of an epoch from a kept row on. */
static uint64_t steps_from(const order *o, uint64_t epoch, uint64_t kept) {
  uint64_t all = skips_kept(&o->skips, epoch, o->plan->rows);
  return steps_for(o, all > kept ? all - kept : 0);
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* How many epochs, from `epoch` on, have no skips and so as many steps as each other. */
static uint64_t alike_from(const order *o, uint64_t epoch) {
  uint64_t other = smaller(skips_next(&o->skips, epoch), o->epochs);
  return other > epoch ? other - epoch : 0;
}

/* Steps from the origin on; UINT64_MAX when that is more. */
static uint64_t count_steps(const order *o) {
  uint64_t total = 0, kept = o->origin_kept, steps;
  for (uint64_t epoch = o->origin.epoch, alike; epoch < o->epochs; epoch += 1 + alike, kept = 0) {
    alike = alike_from(o, epoch + 1);
    if (__builtin_mul_overflow(alike, o->epoch_steps, &steps) ||
        __builtin_add_overflow(total, steps, &total) ||
        __builtin_add_overflow(total, steps_from(o, epoch, kept), &total))
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
  o->epoch_steps = steps_for(o, p->rows);
  o->total = count_steps(o);
  if (limit > 0 && limit < o->total) o->total = limit;
}

order_reader order_read(const order *o) {
  return (order_reader){o, 0, o->origin, o->origin_kept};
}

/* Goes on to the first row of a later epoch. */
static void begin_epoch(order_reader *r, uint64_t epoch) {
  r->place = (order_place){epoch, 0, 0};
  r->kept = 0;
}

/* Leaves epochs behind in which the step cannot be that is `left` steps on; returns how many steps it is on then. */
static uint64_t pass_epochs(order_reader *r, uint64_t left) {
  const order *o = r->order;
  uint64_t epoch = r->place.epoch + 1, alike = alike_from(o, epoch);
  if (o->epoch_steps > 0) alike = smaller(alike, left / o->epoch_steps);
  begin_epoch(r, epoch + alike);
  return left - alike * o->epoch_steps;
}

order_answer order_find(order_reader *r, uint64_t nth) {
  const order *o = r->order;
  order_reader on = nth < r->nth ? order_read(o) : *r;
  uint64_t left = nth - on.nth;
  for (uint64_t steps; on.place.epoch < o->epochs; left = pass_epochs(&on, left - steps)) {
    steps = steps_from(o, on.place.epoch, on.kept);
    if (left >= steps) continue;
    on.nth = nth;
    on.kept += left * o->step_rows;
    on.place.step += left;
    on.place.row = skips_place(&o->skips, on.place.epoch, on.kept);
    *r = on;
    return ORDER_FOUND;
  }
  return ORDER_NONE;
}

/* In the origin's epoch, steps before the origin are known only if they were of the same size: then the origin's row is
   where its step would begin anyway. */
order_answer order_find_step(const order *o, uint64_t epoch, uint64_t step, order_place *place) {
  bool here = epoch == o->origin.epoch, whole = !here || o->origin_kept == o->origin.step * o->step_rows;
  uint64_t base = whole ? 0 : o->origin.step, kept;
  if (epoch >= o->epochs || step < base || __builtin_mul_overflow(step - base, o->step_rows, &kept) ||
      __builtin_add_overflow(kept, whole ? 0 : o->origin_kept, &kept) || steps_from(o, epoch, kept) == 0)
    return ORDER_NONE;
  *place = (order_place){epoch, step, skips_place(&o->skips, epoch, kept)};
  return ORDER_FOUND;
}

order_place order_behind(const order *o) {
  return o->origin.epoch < o->epochs ? (order_place){o->epochs, 0, 0} : o->origin;
}
