/* One measurement of one queue: threads set to work on it, figures from what they did, and the check that
   what came out is what went in. */
#ifndef BENCH_QUEUE_MEASURE_H
#define BENCH_QUEUE_MEASURE_H

#include "bench.h"
#include "queue_peer.h"

typedef enum queue_kind {
  QUEUE_PAIRS,        /* values: Mops/s */
  QUEUE_STREAM,       /* values: Mops/s */
  QUEUE_BULK,         /* values: millions of elements a second, one for each of many */
  QUEUE_ROUND_TRIP,   /* values: p50, p99, p99.9, max in ns */
  QUEUE_DRIP,         /* values: p50, p99, max in ns; processor in %, sleeps a second of the consumer */
  QUEUE_IDLE,         /* values: processor time in us a second, wake-ups without work of the consumer */
  QUEUE_EXACTNESS,    /* values: answers FULL and EMPTY, where they cannot be true, per million operations */
  QUEUE_TAILS,        /* values: queue_tails_metrics; without consumers: pairs */
  QUEUE_TAILS_AT_ONCE /* the same, trying again at once */
} queue_kind;

/* A queue under measurement holds so many at most, if it heeds its capacity. */
#define QUEUE_MOST_CAPACITY 1048576

typedef struct queue_shape {
  queue_kind kind;
  unsigned producers, consumers; /* of pairs: threads, 0 */
  bool waits;
  uint32_t many[BENCH_MAX_METRICS]; /* of many: how many in a call; 0 ends the list */
} queue_shape;

/* Makes and frees the elements that all measurements push. */
bool queue_elements_make(void);
void queue_elements_free(void);

/* Returns false after bench_wrong(). */
bool queue_measure(const queue_peer *peer, const queue_shape *shape, uint32_t capacity, double seconds,
                   double *values);

#endif
