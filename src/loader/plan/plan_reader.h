/* Which rows a thread finds at places of the order. It allocates nothing once it is made. */
#ifndef HEADRACE_LOADER_PLAN_PLAN_READER_H
#define HEADRACE_LOADER_PLAN_PLAN_READER_H

#include "loader/plan/windows.h"

/* A permutation that stays prepared while its key and count do. */
typedef struct plan_cache {
  uint64_t key;
  permutation order;
} plan_cache;

/* The window of a lane that is pinned. */
typedef struct plan_lane {
  lane_at at;
  packed_window *window; /* NULL: none is */
  permutation order;     /* of its rows */
  uint64_t part;         /* in which it was last needed, see plan_reader.parts */
  bool moved;            /* it is another one than when plan_pack_ahead last looked */
} plan_lane;

typedef struct plan_reader {
  const plan *plan;
  shares_reader shares; /* weighted */
  struct {
    plan_cache outer, inner;
  } * shuffles;             /* [sources] weighted, else [1] */
  plan_lane *lanes;         /* [lanes] windowed */
  uint64_t parts;           /* calls of plan_locate_each: rows that it has found stay until the next one */
  const _Atomic bool *stop; /* see windows_find */
} plan_reader;

/* Sets BATCH_ERROR_OUT_OF_MEMORY, without a function's name; plan_reader_free also then. */
bool plan_reader_init(plan_reader *r, const plan *p);
void plan_reader_free(plan_reader *r);

/* Finds the rows at n places, which rise and which the epoch has: faster where several of them follow each other.
   Returns of how many, from the first one on: the next call finds the others. 0 with an error: a window cannot be packed.
   from: windowed and not weighted: a window of the epoch at the first place or before. */
unsigned plan_locate_each(plan_reader *r, uint64_t epoch, const lane_at *from, const uint64_t *places,
                          unsigned n, plan_row *rows);

/* With windows and weights: packs the windows that row `nth` of the run, and those after it until each source has one,
   are in: what would be found out later, by every thread, is found out now. Sets an error. */
bool plan_find_lanes(plan_reader *r, uint64_t nth);

/* Packs the windows behind those that it has moved to, of `epochs` epochs. */
void plan_pack_ahead(plan_reader *r, uint64_t epochs);

#endif
