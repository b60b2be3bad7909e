/* Cells of one's own: what --threads, --capacity, --many and --blocking ask for. */
#ifndef BENCH_QUEUE_OWN_H
#define BENCH_QUEUE_OWN_H

#include "bench.h"
#include "queue_measure.h"

enum { QUEUE_OWN_THREADS, QUEUE_OWN_CAPACITY, QUEUE_OWN_MANY, QUEUE_OWN_BLOCKING, QUEUE_OWN_OPTIONS };
extern const bench_option queue_own_options[QUEUE_OWN_OPTIONS];

#define QUEUE_OWN_MOST 32 /* entries of a list */

/* Every shape with every capacity is a cell. */
typedef struct queue_own {
  queue_shape shapes[QUEUE_OWN_MOST];
  uint32_t shape_count;
  uint32_t capacities[QUEUE_OWN_MOST]; /* 0 ends the list */
  uint32_t many[BENCH_MAX_METRICS];    /* begins with 1, 0 ends the list; all 0 without --many */
} queue_own;

/* Whether any of the options is given. */
bool queue_own_wanted(const bench_options *options);

/* Reads them; says on stderr what is wrong and returns false. */
bool queue_own_parse(const bench_options *options, queue_own *own);

#endif
