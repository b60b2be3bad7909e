#include "loader/plan/schedule.h"

static uint64_t steps_for(const schedule *s, uint64_t rows) {
  if (s->drop_last) return rows / s->step_rows;
  return rows / s->step_rows + (rows % s->step_rows != 0);
}

/* first_steps and one epoch's worth for each of the epochs after the origin's, UINT64_MAX when that
   is more. */
static uint64_t count_steps(const schedule *s) {
  uint64_t total;
  if (s->origin.epoch >= s->epochs) return 0;
  if (__builtin_mul_overflow(s->epochs - s->origin.epoch - 1, s->epoch_steps, &total) ||
      __builtin_add_overflow(total, s->first_steps, &total))
    return UINT64_MAX;
  return total;
}

schedule schedule_make(uint64_t rows, uint64_t step_rows, bool drop_last, schedule_place origin,
                       uint64_t epochs, uint64_t limit) {
  schedule s = {
      .rows = rows, .step_rows = step_rows, .drop_last = drop_last, .origin = origin, .epochs = epochs};
  s.first_steps = steps_for(&s, rows - origin.row);
  s.epoch_steps = steps_for(&s, rows);
  s.total = count_steps(&s);
  if (limit > 0 && limit < s.total) s.total = limit;
  return s;
}

schedule_place schedule_at(const schedule *s, uint64_t nth) {
  schedule_place at = s->origin;
  if (nth < s->first_steps) {
    at.step += nth;
    at.row += nth * s->step_rows;
    return at;
  }
  nth -= s->first_steps;
  at.epoch += 1 + nth / s->epoch_steps;
  at.step = nth % s->epoch_steps;
  at.row = at.step * s->step_rows;
  return at;
}

/* In the origin's epoch, steps before the origin are known only if they were of the same size: then
   the origin's row is where its step would begin anyway. */
bool schedule_find(const schedule *s, uint64_t epoch, uint64_t step, schedule_place *place) {
  *place = (schedule_place){epoch, step, 0};
  if (epoch >= s->epochs) return false;
  bool whole = epoch != s->origin.epoch || s->origin.row == s->origin.step * s->step_rows;
  if (whole) {
    place->row = step * s->step_rows;
    return step < s->epoch_steps;
  }
  if (step < s->origin.step || step - s->origin.step >= s->first_steps) return false;
  place->row = s->origin.row + (step - s->origin.step) * s->step_rows;
  return true;
}
