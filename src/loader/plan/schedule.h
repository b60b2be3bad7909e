/* The schedule: where in which epoch each step of a run begins, for all ranks alike. Constant
   once made. */
#ifndef HEADRACE_LOADER_PLAN_SCHEDULE_H
#define HEADRACE_LOADER_PLAN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* A step, and the place in the epoch of its first row over all ranks. */
typedef struct schedule_place {
  uint64_t epoch;
  uint64_t step;
  uint64_t row;
} schedule_place;

typedef struct schedule {
  uint64_t rows;         /* of an epoch */
  uint64_t step_rows;    /* of a step, over all ranks */
  bool drop_last;        /* no step with fewer rows */
  schedule_place origin; /* the run's first step */
  uint64_t first_steps;  /* of the origin's epoch, from the origin on */
  uint64_t epoch_steps;  /* of every other one */
  uint64_t epochs;
  uint64_t total; /* steps of the run */
} schedule;

/* Plans `epochs` epochs (counted from epoch 0) from `origin` on, but at most `limit` steps (0: no limit).
   rows, step_rows >= 1; origin.row <= rows. */
schedule schedule_make(uint64_t rows, uint64_t step_rows, bool drop_last, schedule_place origin,
                       uint64_t epochs, uint64_t limit);

/* The place of the run's nth step. */
schedule_place schedule_at(const schedule *s, uint64_t nth);

/* The place of a step of an epoch; false when this schedule has no such step. */
bool schedule_find(const schedule *s, uint64_t epoch, uint64_t step, schedule_place *place);

#endif
