/* The cells of the queue suite: those that are always there and those whose threads depend on the number of processors, or
   in their place those that the command line asks for. */
#ifndef BENCH_QUEUE_CELLS_H
#define BENCH_QUEUE_CELLS_H

#include "bench.h"

/* A bench_suite's make_cells. */
bool queue_cells_make(const bench_options *options, const bench_cell **cells, size_t *count);

#endif
