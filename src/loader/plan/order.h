/* The order: where in which epoch each step of a run begins, for all ranks alike.

   A step is the next step_rows rows of its epoch that are not skipped. The order is constant once made; who needs
   places has a reader, which goes from step to step. */
#ifndef HEADRACE_LOADER_PLAN_ORDER_H
#define HEADRACE_LOADER_PLAN_ORDER_H

#include "loader/plan/plan.h"
#include "loader/plan/skips.h"

/* A step, and the place in the epoch of its first row over all ranks. */
typedef struct order_place {
  uint64_t epoch;
  uint64_t step;
  uint64_t row;
} order_place;

typedef struct order {
  const plan *plan;
  skips skips;
  uint64_t step_rows;   /* of a step, over all ranks */
  bool drop_last;       /* no step with fewer rows */
  order_place origin;   /* the run's first step */
  uint64_t origin_kept; /* the number of its first row among the kept ones of its epoch */
  uint64_t epochs;
  uint64_t epoch_steps; /* of an epoch without skips */
  uint64_t total;       /* steps of the run */
} order;

typedef enum order_answer { ORDER_FOUND, ORDER_NONE } order_answer;

/* Where a thread is in the order. */
typedef struct order_reader {
  const order *order;
  uint64_t nth; /* step of the run, whose place this is */
  order_place place;
  uint64_t kept; /* the number of its first row among the kept ones of its epoch */
} order_reader;

/* Plans `epochs` epochs (counted from epoch 0) from `origin` on, but at most `limit` steps (0: no limit).
   step_rows >= 1; origin.row <= plan->rows. */
void order_init(order *o, const plan *p, const skips *skipped, uint64_t step_rows, bool drop_last,
                order_place origin, uint64_t epochs, uint64_t limit);

order_reader order_read(const order *o);

/* Goes to the run's nth step, whose place is then r->place. ORDER_NONE: the epochs have no such step; the reader stays. */
order_answer order_find(order_reader *r, uint64_t nth);

/* Finds the place of a step of an epoch. ORDER_NONE: this run has no such step. */
order_answer order_find_step(const order *o, uint64_t epoch, uint64_t step, order_place *place);

/* Where a run begins that goes on behind the last epoch. */
order_place order_behind(const order *o);

#endif
