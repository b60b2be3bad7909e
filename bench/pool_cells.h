/* The cells of the pool suite: the usual ones, or in their place those that --threads and --capacity ask for. */
#ifndef BENCH_POOL_CELLS_H
#define BENCH_POOL_CELLS_H

#include "bench.h"
#include "team.h"

#define POOL_MOST_SIZE    1024 /* batches of a pool */
#define POOL_MOST_COUPLES (BENCH_TEAM_MAX / 2)

typedef struct pool_shape {
  uint32_t both;    /* threads that allocate and release */
  uint32_t couples; /* couples of an allocating and a releasing thread */
} pool_shape;

enum { POOL_OWN_THREADS, POOL_OWN_CAPACITY, POOL_OWN_OPTIONS };
extern const bench_option pool_own_options[POOL_OWN_OPTIONS];

/* A bench_suite's make_cells; the detail of a cell is its pool_shape. */
bool pool_cells_make(const bench_options *options, const bench_cell **cells, size_t *count);

#endif
