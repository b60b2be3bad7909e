/* The order: where in which epoch each step of a run begins, for all ranks alike.

   A step is the next step_rows rows of its epoch that are not skipped. The order is constant once made; who needs
   places has a reader, which goes from step to step: on from where it was, so that steps of one window cost a few
   additions each. Where rows come in windows (pack_window.h) those that it passes are packed, if nobody has: then, and only
   then, finding a step can fail. */
#ifndef HEADRACE_LOADER_PLAN_ORDER_H
#define HEADRACE_LOADER_PLAN_ORDER_H

#include "loader/plan/plan_reader.h"
#include "loader/plan/skips.h"

/* A step, and the place in the epoch of its first row over all ranks. */
typedef struct order_place {
  uint64_t epoch;
  uint64_t step;
  uint64_t row;
  lane_at at; /* the window that the row is in; where the plan is counted there is one, of all rows */
} order_place;

typedef struct order {
  const plan *plan;
  skips skips;
  uint64_t step_rows;   /* of a step, over all ranks */
  bool drop_last;       /* no step with fewer rows */
  order_place origin;   /* the run's first step */
  uint64_t origin_kept; /* the number of its first row among the kept ones of its epoch */
  uint64_t epochs;
  uint64_t epoch_steps; /* of an epoch without skips, where the plan is counted */
  uint64_t total;       /* steps of the run, at most: as far as is known beforehand */
} order;

typedef enum order_answer { ORDER_FOUND, ORDER_NONE, ORDER_FAILED } order_answer;

/* Where a thread is in the order. */
typedef struct order_reader {
  const order *order;
  const _Atomic bool *stop; /* see windows_find; NULL */
  uint64_t nth;             /* step of the run, whose place this is */
  order_place place;
  uint64_t kept; /* the number of its first row among the kept ones of its epoch */
} order_reader;

/* Plans `epochs` epochs (counted from epoch 0) from `origin` on, but at most `limit` steps (0: no limit).
   step_rows >= 1; origin.row <= plan->rows, or at most what its window ends with. */
void order_init(order *o, const plan *p, const skips *skipped, uint64_t step_rows, bool drop_last,
                order_place origin, uint64_t epochs, uint64_t limit);

order_reader order_read(const order *o, const _Atomic bool *stop);

/* Goes to the run's nth step, whose place is then r->place. ORDER_NONE: the epochs have no such step. ORDER_FAILED: as
   WINDOWS_FAILED, a sentence without a function's name. The reader stays where it was in both cases. */
order_answer order_find(order_reader *r, uint64_t nth);

/* Finds the place of a step of an epoch. ORDER_NONE: this run has no such step; *steps: how many the epoch has, if the run
   has that and the step is not before its first one. */
order_answer order_find_step(const order *o, uint64_t epoch, uint64_t step, order_place *place,
                             uint64_t *steps);

/* Finds the place behind the first `kept` kept rows of an epoch below order->epochs, at its end the next one's beginning.
   ORDER_NONE: it has no more than *rows kept ones. */
order_answer order_find_row(const order *o, uint64_t epoch, uint64_t kept, order_place *place,
                            uint64_t *rows);

/* Where a run begins that goes on behind the last epoch. */
order_place order_behind(const order *o);

/* Steps of an epoch without skips; an estimate where plan_epoch_rows is one. */
uint64_t order_epoch_steps(const order *o);

/* Writes the places of n rows of a step, from its row number `first` on, BATCH_NO_PLACE where the epoch has none; *there:
   how many it has. False: ORDER_FAILED, and when *stop has become true, see order_reader. */
bool order_places(const order *o, const _Atomic bool *stop, const order_place *at, uint64_t first, uint32_t n,
                  uint64_t *places, uint32_t *there);

#endif
