/* The tail cells: how long one successful operation takes while every thread works, and how evenly the
   threads are served. */
#ifndef BENCH_QUEUE_TAILS_H
#define BENCH_QUEUE_TAILS_H

#include "bench.h"
#include "queue_peer.h"

/* What a tail cell measures, in this order. */
enum { TAILS_SPEED, TAILS_P50, TAILS_P99, TAILS_P999, TAILS_MAX, TAILS_LEAST, TAILS_GREATEST, TAILS_METRICS };
extern const bench_metric queue_tails_metrics[TAILS_METRICS];

/* The empty histogram of the thread with this number: one each, since only one thread may write it. */
histogram *queue_tails_times(unsigned thread);

/* Figures from what `count` threads did in so many seconds. Producers are compared with producers, and
   consumers with consumers. */
void queue_tails_figures(const queue_part *parts, unsigned count, double seconds, double *values);

#endif
